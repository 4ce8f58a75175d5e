"""What `countersign doctor` sees of a database."""

from __future__ import annotations

import os

import pytest

from api.doctor import database_checks
from api.doctor.report import (
    CheckResult,
    Verdict,
)
from engine.commands.maintenance.remember_master_key import remember_master_key
from engine.persistence.db.clock import DatabaseClock
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.signers.keyring import Keyring
from tests.support.full_disk import full_disk
from tests.support.world import World


def of_database(database: Database, keyring: Keyring) -> dict[str, CheckResult]:
    return {result.name: result for result in database_checks.check_database(database, keyring)}


def test_a_database_that_is_well(world: World) -> None:
    database, key = world.system.database, os.urandom(32)
    keyring = Keyring([key])
    database_keys(database, keyring)
    seen = of_database(database, keyring)
    assert {name: result.verdict for name, result in seen.items()} == {
        "database writes": Verdict.PASSED,
        "clock": Verdict.PASSED,
        "master key": Verdict.PASSED,
    }
    number = len([row for row in world.snapshot()["keypairs"] if row])
    expected = f"{keyring.sealing_key_id} seals. Sealed are {number} keypairs under"
    assert seen["master key"].message.startswith(expected)
    assert database_checks.first_administrator(database) == "admin@example.com"
    assert database_checks.backends_in_use(database) == {"local": number}


def database_keys(database: Database, keyring: Keyring) -> None:
    """Have all keypairs sealed under this key, as far as rows tell."""
    k, c = t.keypairs, t.key_checks
    with database.writing() as connection:
        connection.execute(k.update().values(master_key_id=keyring.sealing_key_id))
        connection.execute(c.delete())
        connection.commit()
    remember_master_key(database, keyring)


def test_keypairs_under_a_key_that_is_not_configured_are_counted(world: World) -> None:
    old, new = os.urandom(32), os.urandom(32)
    database = world.system.database
    database_keys(database, Keyring([old]))
    both = of_database(database, Keyring([new, old]))["master key"]
    assert both.verdict is Verdict.PASSED
    assert both.message.startswith(f"{Keyring([new]).sealing_key_id} seals.")

    result = of_database(database, Keyring([new]))["master key"]
    number = database_checks.backends_in_use(database)["local"]
    missing = f"{number} keypairs under {Keyring([old]).sealing_key_id}"
    assert result.verdict is Verdict.FAILED
    assert result.message == f"Keys that are not configured sealed {missing}."
    assert "COUNTERSIGN_MASTER_KEY" in result.advice
    with database.writing() as connection:
        connection.execute(t.keypairs.update().values(master_key_id=None))
        connection.commit()
    other = of_database(database, Keyring([new]))["master key"]
    assert other.verdict is Verdict.FAILED
    assert "set up with master key" in other.message


def test_a_database_that_cannot_store_is_a_cross(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = world.system.database
    with full_disk(database), pytest.raises(Exception, match=r"full|disk"):
        world.request()
    result = of_database(database, Keyring([os.urandom(32)]))["database writes"]
    assert result.verdict is Verdict.FAILED
    assert "The disk of the database is full" in result.message


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_clocks_that_differ_are_a_cross(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseClock, "now", lambda *_: world.clock.instant)
    result = of_database(world.system.database, Keyring([os.urandom(32)]))["clock"]
    assert result.verdict is Verdict.FAILED
    assert "ahead of this machine's" in result.message
    assert "NTP" in result.advice


def test_the_first_administrator_is_a_person_who_is_active(world: World) -> None:
    database = world.system.database
    world.add_user("second", "ADMIN")
    u = t.users
    with database.writing() as connection:
        connection.execute(
            u.update().where(u.c.email_key == "admin@example.com").values(active=False)
        )
        connection.commit()
    assert database_checks.first_administrator(database) == "second@example.com"
    with database.writing() as connection:
        connection.execute(
            u.update().where(u.c.email_key == "second@example.com").values(service=True)
        )
        connection.commit()
    assert database_checks.first_administrator(database) is None
