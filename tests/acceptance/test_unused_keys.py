"""What `countersign keys check` says of a key in an HSM whose maker was killed right after it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from tests.support.running import init, run, settings
from tests.support.softhsm import token_settings

#: Makes a keypair `stored`, and is killed once the key of `lost` is made.
MAKER = """
import os, signal
import sqlalchemy as sa
from api.bootstrap import build_system
from api.cli.running import load_settings
from api.runtime.startup_checks import open_database
from engine.model.algorithms import KeypairAlgorithm
from engine.commands.keys import create_keypair, new_keys
from engine.persistence.store import tables as t
from engine.model.principal import Principal
from engine.model.vocabulary import ReleaseType

settings = load_settings()
system = build_system(settings, open_database(settings))
with system.database.reading() as connection:
    user = connection.execute(sa.select(t.users)).one()
principal = Principal(account_id=user.account_id, user_id=user.id)

def make(alias):
    asked = create_keypair.CreateKeypair(
        alias=alias, type=ReleaseType.ONLINE, backend="pkcs11",
        algorithm=KeypairAlgorithm.ECDSA_P256,
    )
    asked.run(system, principal)

make("stored")
generate = new_keys.generate_key

def generate_and_die(*args):
    generate(*args)
    os.kill(os.getpid(), signal.SIGKILL)

new_keys.generate_key = generate_and_die
make("lost")
"""

#: Does what the sentence says, for a token that holds also a key that is used.
REMOVER = """
import sys
import pkcs11
from pkcs11 import Attribute

module, label, pin, key_id = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
    for key in list(session.get_objects({Attribute.ID: bytes.fromhex(key_id)})):
        key.destroy()
"""


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_key_that_a_killed_process_left_in_the_hsm_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_settings(tmp_path, monkeypatch)
    url = f"sqlite:///{tmp_path / 'countersign.db'}"
    environment = settings(url, **token)
    init(environment, tmp_path)
    assert "no keypair uses" not in run(environment, tmp_path, "keys", "check").stdout

    process = subprocess.run([sys.executable, "-c", MAKER], env=environment, check=False)

    assert process.returncode == -signal.SIGKILL
    database = Database(url)
    with database.reading() as connection:
        (stored,) = connection.execute(sa.select(t.keypairs)).all()
        account = connection.execute(sa.select(t.accounts)).one()
    database.dispose()
    assert stored.alias == "stored"
    checked = run(environment, tmp_path, "keys", "check", succeeds=False)
    assert "Every sealed key opens." in checked.stdout
    (line,) = [line for line in checked.stdout.splitlines() if "no keypair uses" in line]
    assert line.startswith(f"The signer pkcs11 holds a key of the account {account.name} that")
    (key_id,) = set(re.findall(r"[0-9a-f]{32}", line))
    assert key_id != stored.id.hex
    assert f"the label {account.id}/" in line

    remover = [sys.executable, "-c", REMOVER, *token.values(), key_id]
    subprocess.run(remover, env=environment, check=True)
    assert "no keypair uses" not in run(environment, tmp_path, "keys", "check").stdout
