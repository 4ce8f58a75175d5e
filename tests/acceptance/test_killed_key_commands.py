"""Creating and adopting a keypair of KMS, killed between any two steps, and run again.

No key is lost: what is stored signs. None is left over in KMS without being named by
`countersign keys check`, and the ledger has an entry for each keypair that there is. Keypairs of
other signers are in `test_killed_servers`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from tests.support.kms import ENVIRONMENT, kms_server
from tests.support.running import init, run, settings

#: Runs one command, and is killed at a step of it; signs with every keypair at its end.
RUNNER = """
import os, signal, sys
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

way, step, key = sys.argv[1:]
loaded = load_settings()
system = build_system(loaded, open_database(loaded))
with system.database.reading() as connection:
    user = connection.execute(sa.select(t.users)).one()
principal = Principal(account_id=user.account_id, user_id=user.id)
common = {"alias": "key", "type": ReleaseType.ONLINE, "algorithm": KeypairAlgorithm.ECDSA_P256}
common |= {"backend": "aws_kms"}

def command():
    if way == "create":
        return create_keypair.CreateKeypair(**common)
    return existing_keypairs.AdoptKeypair(key=key, **common)

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


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["create", "adopt"])
def test_a_command_that_is_killed_anywhere_can_be_run_again(
    tmp_path: Path, database_url: str, way: str
) -> None:
    with kms_server() as server:
        options = {f"COUNTERSIGN_{name.upper()}": value for name, value in server.options.items()}
        environment = settings(database_url) | options | ENVIRONMENT
        init(environment, tmp_path)
        key = server.make_key("ECC_NIST_P256") if way == "adopt" else ""

        def run_way(step: str) -> int:
            words = [sys.executable, "-c", RUNNER, way, step, key]
            return subprocess.run(words, env=environment, cwd=tmp_path, check=False).returncode

        left_over = 0
        for step in STEPS:
            assert run_way(step) == -signal.SIGKILL, step
            left_over += (way, step) in LEAVES_A_KEY
            checked = run(environment, tmp_path, "keys", "check", succeeds=not left_over)
            unused = [line for line in checked.stdout.splitlines() if "no keypair uses" in line]
            assert len(set(unused)) == len(unused) == left_over, step
        assert run_way("") == 0, "run again, it finds its keypair"
        run(environment, tmp_path, "ledger", "verify")

    database = Database(database_url)
    with database.reading() as connection:
        rows = connection.execute(sa.select(t.keypairs)).all()
        entries = connection.execute(sa.select(t.ledger_entries)).all()
    database.dispose()
    (row,) = rows
    assert [e.subject_id for e in entries if e.tag == "keypair:created"] == [row.id]
