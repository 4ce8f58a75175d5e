"""`countersign keys` as an operator uses it, and what a kill in its middle leaves."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.commands.maintenance.reseal_keypairs import unopened_keypairs
from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairAccess, KeypairCategory, ReleaseType
from engine.persistence.db.database import Database
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.persistence.store.maintenance.sealed_keypairs import master_keys_in_use
from engine.signers.keyring import KeyBinding, Keyring
from tests.support.running import COUNTERSIGN, init, run, settings

KEYPAIRS = 2000


def seal_many(database: Database, keyring: Keyring) -> None:
    """Keypairs as rows, each with a sealed secret."""
    with database.writing() as connection:
        account_id = connection.execute(sa.select(t.accounts.c.id)).scalar_one()
        rows = []
        for n in range(KEYPAIRS):
            keypair_id = uuid7()
            sealed = keyring.seal(b"secret %d" % n, KeyBinding(account_id, keypair_id))
            rows.append(
                {
                    "id": keypair_id,
                    "account_id": account_id,
                    "alias": f"key {n}",
                    "alias_key": f"key {n}",
                    "category": KeypairCategory.STANDARD,
                    "type": ReleaseType.TEST,
                    "access": KeypairAccess.OPEN,
                    "algorithm": KeypairAlgorithm.ED25519,
                    "has_default_certificate": False,
                    "enabled": True,
                    "backend": "local",
                    "public_key": "",
                    "material": sealed.material,
                    "master_key_id": sealed.key_id,
                    "created_at": datetime.now(UTC),
                }
            )
        connection.execute(t.keypairs.insert(), rows)
        connection.commit()


def in_use(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        return master_keys_in_use(connection)


@pytest.mark.long
def test_a_master_key_is_replaced_also_when_a_run_is_killed(tmp_path: Path) -> None:
    environment = settings(f"sqlite:///{tmp_path / 'countersign.db'}")
    init(environment, tmp_path)
    old = environment["COUNTERSIGN_MASTER_KEY"]
    new = base64.b64encode(os.urandom(32)).decode()
    database = Database(environment["COUNTERSIGN_DATABASE_URL"])
    both, new_id = Keyring.parse(f"{new},{old}"), Keyring.parse(new).sealing_key_id
    seal_many(database, Keyring.parse(old))

    alone = environment | {"COUNTERSIGN_MASTER_KEY": new}
    refused = run(alone, tmp_path, "keys", "reseal", succeeds=False)
    assert f"{KEYPAIRS} keypairs under" in refused.stderr

    rotating = environment | {"COUNTERSIGN_MASTER_KEY": f"{new},{old}"}
    running = subprocess.Popen([*COUNTERSIGN, "keys", "reseal"], env=rotating, cwd=tmp_path)
    while new_id not in in_use(database):
        assert running.poll() is None
        time.sleep(0.005)
    running.kill()
    running.wait(timeout=30)
    counts = in_use(database)
    assert sum(counts.values()) == KEYPAIRS
    assert 0 < counts[new_id] < KEYPAIRS
    assert unopened_keypairs(database, both) == ()
    checked = run(rotating, tmp_path, "keys", "check")
    assert f"{counts[new_id]} keypairs under {new_id}: the master key that seals." in checked.stdout
    assert "an older master key, to be kept until" in checked.stdout

    done = run(rotating, tmp_path, "keys", "reseal")
    assert f"{KEYPAIRS - counts[new_id]} keypairs sealed anew under {new_id}." in done.stdout
    assert in_use(database) == {new_id: KEYPAIRS}
    checked = run(alone, tmp_path, "keys", "check")
    assert checked.stdout.endswith(f"{new_id} seals. Every sealed key opens.\n")
    assert run(alone, tmp_path, "keys", "reseal").stdout.startswith("0 keypairs sealed anew")
    unopened = run(environment, tmp_path, "keys", "check", succeeds=False)
    assert f"{KEYPAIRS} keys could not be opened." in unopened.stdout
    assert run(alone, tmp_path, "ledger", "verify").stdout.startswith("The ledger holds")
    database.dispose()
