"""Creating, importing and adopting a keypair, killed between any two steps, and run again.

No key is lost: what is stored signs. None is left over in the HSM without being named by
`countersign keys check`, and the ledger has an entry for each keypair that there is.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec

from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from tests.support.private_key_files import pem_of
from tests.support.running import init, run, settings
from tests.support.softhsm import add_token, configure_softhsm, softhsm_module

LABEL, PIN = "countersign", "2468-1357"

#: Runs one command, and is killed at a step of it; signs with every keypair at its end.
RUNNER = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
import sqlalchemy as sa
from api.bootstrap import build_system
from api.cli.running import load_settings
from api.runtime.startup_checks import open_database
from engine.commands import transactions
from engine.commands.administration import existing_keypairs, keypairs
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from engine.signers.base import KeyBinding, SigningKey
from engine.signers.key_proof import require_signs
from engine.signers.private_keys import PrivateKeyFile

way, step, file, label = sys.argv[1:]
loaded = load_settings()
system = build_system(loaded, open_database(loaded))
if way == "label":
    token = system.signers["pkcs11"]._token
    token.make_key(KeypairAlgorithm.ECDSA_P256, os.urandom(16), label)
    sys.exit()
with system.database.reading() as connection:
    user = connection.execute(sa.select(t.users)).one()
principal = Principal(account_id=user.account_id, user_id=user.id)
common = {"alias": "key", "type": ReleaseType.ONLINE, "algorithm": KeypairAlgorithm.ECDSA_P256}

def command():
    if way == "create":
        return keypairs.CreateKeypair(backend="pkcs11", **common)
    if way == "adopt":
        return existing_keypairs.AdoptKeypair(backend="pkcs11", key=label, **common)
    content = PrivateKeyFile(Path(file).read_bytes())
    return existing_keypairs.ImportKeypair(private_key_file=content, **common)

def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def before(module, name, count=1):
    original, calls = getattr(module, name), []

    def patched(*args, **kwargs):
        calls.append(name)
        return die() if len(calls) == count else original(*args, **kwargs)

    setattr(module, name, patched)

def after(module, name):
    original = getattr(module, name)

    def patched(*args, **kwargs):
        original(*args, **kwargs)
        die()

    setattr(module, name, patched)

maker = {
    "create": (keypairs, "make_keys"),
    "adopt": (existing_keypairs, "adopt_keys"),
    "import": (existing_keypairs, "import_keys"),
}[way]
{
    "": lambda: None,
    "before the key": lambda: before(*maker),
    "after the key": lambda: after(*maker),
    "before the entry": lambda: before(transactions.ledger, "append", 2),
    "after the commit": lambda: before(transactions, "notify_committed", 2),
}[step]()
try:
    command().run(system, principal)
except Refusal as refusal:
    assert refusal.code is Code.NAME_TAKEN, refusal
with system.database.reading() as connection:
    rows = connection.execute(sa.select(t.keypairs)).all()
for row in rows:
    binding = KeyBinding(row.account_id, row.id)
    key = SigningKey(binding, row.algorithm, row.public_key, row.material, row.master_key_id)
    require_signs(system.signers[row.backend], key)
"""

STEPS = ["before the key", "after the key", "before the entry", "after the commit"]
#: After these steps a key that was made is in the HSM, and its keypair is not stored.
LEAVES_A_KEY = {("create", "after the key"), ("create", "before the entry")}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["create", "import", "adopt"])
def test_a_command_that_is_killed_anywhere_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str, way: str
) -> None:
    module = softhsm_module()
    if module is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    (tmp_path / "hsm").mkdir()
    monkeypatch.setenv("SOFTHSM2_CONF", configure_softhsm(tmp_path / "hsm"))
    add_token(LABEL, PIN)
    environment = settings(database_url) | {
        "COUNTERSIGN_PKCS11_MODULE": module,
        "COUNTERSIGN_PKCS11_TOKEN": LABEL,
        "COUNTERSIGN_PKCS11_PIN": PIN,
    }
    init(environment, tmp_path)
    file = tmp_path / "key.pem"
    file.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))

    def command(way: str, step: str) -> int:
        words = [sys.executable, "-c", RUNNER, way, step, str(file), "release"]
        return subprocess.run(words, env=environment, cwd=tmp_path, check=False).returncode

    assert command("label", "") == 0
    left_over = 0
    for step in STEPS:
        assert command(way, step) == -signal.SIGKILL, step
        left_over += (way, step) in LEAVES_A_KEY
        checked = run(environment, tmp_path, "keys", "check", succeeds=not left_over)
        named = re.findall(r"[0-9a-f]{32}", "".join(_lines(checked.stdout)))
        assert len(set(named)) == left_over, step
    assert command(way, "") == 0, "run again, it finds its keypair"

    database = Database(database_url)
    with database.reading() as connection:
        rows = connection.execute(sa.select(t.keypairs)).all()
        entries = connection.execute(sa.select(t.ledger_entries)).all()
    database.dispose()
    (row,) = rows
    assert [e.subject_id for e in entries if e.tag == "keypair:created"] == [row.id]
    run(environment, tmp_path, "ledger", "verify")


def _lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if "no keypair uses" in line]
