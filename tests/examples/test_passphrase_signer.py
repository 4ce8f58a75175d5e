"""The sample package of a signer: installed into an environment of its own, and used there."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.docs.documents import ROOT
from tests.support.private_key_files import pem_of
from tests.support.running import init, settings

PASSPHRASE = b"correct horse 4711"

#: Makes a keypair of each kind, signs with it, and answers the signatures with their public keys.
USER = """
import base64, json, sys
from pathlib import Path
import sqlalchemy as sa
from api.bootstrap import build_system
from api.cli.running import load_settings
from api.runtime.startup_checks import open_database
from engine.commands.keys.existing_keypairs import AdoptKeypair, ImportKeypair
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.maintenance.unused_keys import unused_keys
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.errors import Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from engine.signers.base import Digest, KeyBinding, SigningKey
from engine.signers.guard import check_health, generate_key, make_signature
from engine.signers.private_keys import PrivateKeyFile

loaded = load_settings()
system = build_system(loaded, open_database(loaded))
signer = system.signers["passphrase"]
assert check_health(signer)
with system.database.reading() as connection:
    user = connection.execute(sa.select(t.users)).one()
principal = Principal(account_id=user.account_id, user_id=user.id)
common = {"type": ReleaseType.ONLINE, "backend": "passphrase"}
ed25519 = common | {"algorithm": KeypairAlgorithm.ED25519}
file = PrivateKeyFile(Path(sys.argv[1]).read_bytes())
commands = [
    CreateKeypair(alias="p256", **common),
    CreateKeypair(alias="ed25519", **ed25519),
    ImportKeypair(alias="imported", private_key_file=file, **ed25519),
    AdoptKeypair(alias="adopted", key="release", **ed25519),
]
ids = [command.run(system, principal) for command in commands]
refused = []
for command in (
    AdoptKeypair(alias="again", key="release", **ed25519),
    AdoptKeypair(alias="again", key="../release", **ed25519),
    AdoptKeypair(alias="again", key=f"{user.account_id}_{ids[0]}", **ed25519),
    CreateKeypair(alias="p256", **common),
):
    try:
        command.run(system, principal)
    except Refusal as refusal:
        refused.append(refusal.code)
digest = Digest(DigestAlgorithm.SHA256, bytes(range(32)))
with system.database.reading() as connection:
    rows = connection.execute(sa.select(t.keypairs).order_by(t.keypairs.c.alias)).all()
signatures = {
    row.alias: base64.b64encode(make_signature(signer, SigningKey(
        KeyBinding(row.account_id, row.id), row.algorithm, row.public_key, row.material,
        row.master_key_id), digest)).decode()
    for row in rows
}
unused = unused_keys(system.database, [signer])
generate_key(signer, KeypairAlgorithm.ED25519, KeyBinding(user.account_id, user.id))
(left,) = unused_keys(system.database, [signer])
print(json.dumps({
    "signatures": signatures, "keys": {row.alias: row.public_key for row in rows},
    "refused": refused, "unused": len(unused), "left": left.removal,
}))
"""


@pytest.fixture
def python(tmp_path: Path) -> str:
    """The Python of an environment with the sample, and with what this one has installed."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    sample = ROOT / "examples" / "passphrase_signer"
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    install = [sys.executable, "-m", "pip", "install", *offline, "--target", packages, sample]
    subprocess.run(list(map(str, install)), check=True, capture_output=True)
    (packages / "installed.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return str(environment / "bin" / "python")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_sample_package_makes_imports_and_adopts_keys(tmp_path: Path, python: str) -> None:
    folder, passphrase = tmp_path / "keys", tmp_path / "passphrase"
    folder.mkdir(mode=0o700)
    passphrase.write_bytes(PASSPHRASE + b"\n")
    adopted, imported = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    (folder / "release.pem").write_bytes(pem_of(adopted, PASSPHRASE))
    (tmp_path / "imported.pem").write_bytes(pem_of(imported))
    environment = settings(f"sqlite:///{tmp_path / 'countersign.db'}")
    init(environment, tmp_path)
    environment |= {
        "PASSPHRASE_SIGNER_FOLDER": str(folder),
        "PASSPHRASE_SIGNER_PASSPHRASE_FILE": str(passphrase),
    }

    command = [python, "-c", USER, str(tmp_path / "imported.pem")]
    ended = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout.splitlines()[-1])

    digest = bytes(range(32))
    for alias, key in (("adopted", adopted), ("imported", imported)):
        key.public_key().verify(b64decode(report["signatures"][alias]), digest)
    assert report["signatures"].keys() == {"p256", "ed25519", "imported", "adopted"}
    for alias in ("p256", "ed25519"):
        _verify(report["keys"][alias], b64decode(report["signatures"][alias]), digest)
    assert report["refused"] == ["KEYPAIR_IN_USE", "INVALID_INPUT", "INVALID_INPUT", "NAME_TAKEN"]
    assert report["unused"] == 0
    assert report["left"].startswith("delete the file ")
    files = list(folder.iterdir())
    # Three keypairs, the adopted file, and the key that was left over: none that was made in vain.
    assert len(files) == 5
    assert all(b"BEGIN ENCRYPTED PRIVATE KEY" in file.read_bytes() for file in files)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files if file.name != "release.pem")


def _verify(pem: str, signature: bytes, digest: bytes) -> None:
    public = load_pem_public_key(pem.encode())
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    else:
        assert isinstance(public, ed25519.Ed25519PublicKey)
        public.verify(signature, digest)
