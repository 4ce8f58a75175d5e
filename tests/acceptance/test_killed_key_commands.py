"""Creating, importing and adopting a keypair, killed between any two steps, and run again.

No key is lost: what is stored signs. None is left over in the HSM or in KMS without being named by
`countersign keys check`, and the ledger has an entry for each keypair that there is.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec

from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from tests.support.kms import ENVIRONMENT, kms_server
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
from engine.commands.keys import create_keypair, existing_keypairs
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from engine.signers.base import KeyBinding, SigningKey
from engine.signers.key_proof import require_signs
from engine.signers.private_keys import PrivateKeyFile

way, step, file, backend, label = sys.argv[1:]
loaded = load_settings()
system = build_system(loaded, open_database(loaded))
if way == "label":
    token = system.signers[backend]._token
    token.make_key(KeypairAlgorithm.ECDSA_P256, os.urandom(16), label)
    sys.exit()
with system.database.reading() as connection:
    user = connection.execute(sa.select(t.users)).one()
principal = Principal(account_id=user.account_id, user_id=user.id)
common = {"alias": "key", "type": ReleaseType.ONLINE, "algorithm": KeypairAlgorithm.ECDSA_P256}

def command():
    if way == "create":
        return create_keypair.CreateKeypair(backend=backend, **common)
    if way == "adopt":
        return existing_keypairs.AdoptKeypair(backend=backend, key=label, **common)
    content = PrivateKeyFile(Path(file).read_bytes())
    return existing_keypairs.ImportKeypair(backend=backend, private_key_file=content, **common)

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
    "create": (create_keypair, "make_keys"),
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
#: After these steps a key that was made is in its signer, and its keypair is not stored.
LEAVES_A_KEY = {("create", "after the key"), ("create", "before the entry")}


#: The ways that a signer has: to `import` a key, it needs one that takes keys.
WAYS = [
    ("create", "pkcs11"),
    ("adopt", "pkcs11"),
    ("create", "aws_kms"),
    ("adopt", "aws_kms"),
    ("import", "local"),
]
#: Runs the command of this way, and answers how it ended.
RunWay = Callable[[str, str, str], int]


@contextmanager
def hsm(tmp_path: Path) -> Iterator[tuple[dict[str, str], Callable[[RunWay], str]]]:
    """The settings of a token of SoftHSM, and what makes a key to adopt and answers its label."""
    module = softhsm_module()
    if module is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    (tmp_path / "hsm").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        configuration = configure_softhsm(tmp_path / "hsm")
        patch.setenv("SOFTHSM2_CONF", configuration)
        add_token(LABEL, PIN)

        def make_key(run_way: RunWay) -> str:
            assert run_way("label", "", "release") == 0
            return "release"

        yield (
            {
                "SOFTHSM2_CONF": configuration,
                "COUNTERSIGN_PKCS11_MODULE": module,
                "COUNTERSIGN_PKCS11_TOKEN": LABEL,
                "COUNTERSIGN_PKCS11_PIN": PIN,
            },
            make_key,
        )


@contextmanager
def kms(tmp_path: Path) -> Iterator[tuple[dict[str, str], Callable[[RunWay], str]]]:
    """The same of a server of KMS."""
    with kms_server() as server:
        options = {f"COUNTERSIGN_{name.upper()}": value for name, value in server.options.items()}
        yield options | ENVIRONMENT, lambda _: server.make_key("ECC_NIST_P256")


HOLDERS = {"pkcs11": hsm, "aws_kms": kms, "local": hsm}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("way", "backend"), WAYS)
def test_a_command_that_is_killed_anywhere_can_be_run_again(
    tmp_path: Path, database_url: str, way: str, backend: str
) -> None:
    with HOLDERS[backend](tmp_path) as (options, make_key):
        environment = settings(database_url) | options
        init(environment, tmp_path)
        file = tmp_path / "key.pem"
        file.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))

        def run_way(way: str, step: str, key: str) -> int:
            words = [sys.executable, "-c", RUNNER, way, step, str(file), backend, key]
            return subprocess.run(words, env=environment, cwd=tmp_path, check=False).returncode

        key = make_key(run_way) if way == "adopt" else ""
        left_over = 0
        for step in STEPS:
            assert run_way(way, step, key) == -signal.SIGKILL, step
            left_over += (way, step) in LEAVES_A_KEY
            checked = run(environment, tmp_path, "keys", "check", succeeds=not left_over)
            unused = [line for line in checked.stdout.splitlines() if "no keypair uses" in line]
            assert len(set(unused)) == len(unused) == left_over, step
        assert run_way(way, "", key) == 0, "run again, it finds its keypair"
        run(environment, tmp_path, "ledger", "verify")

    database = Database(database_url)
    with database.reading() as connection:
        rows = connection.execute(sa.select(t.keypairs)).all()
        entries = connection.execute(sa.select(t.ledger_entries)).all()
    database.dispose()
    (row,) = rows
    assert [e.subject_id for e in entries if e.tag == "keypair:created"] == [row.id]
