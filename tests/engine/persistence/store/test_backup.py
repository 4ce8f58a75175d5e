"""A backup is one instant of the database, whole and checked, while writing goes on."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.commands.administration.account import UpdateAccount
from engine.model.vocabulary import ReleaseType
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.persistence.store.backup import BackupError, back_up
from engine.persistence.store.ledger_verification import verify
from engine.signing.request import Made
from tests.support.databases import Templates
from tests.support.releases import keypair_of
from tests.support.world import World


@pytest.fixture
def database_url(templates: Templates) -> Iterator[str]:
    with templates.fresh("sqlite", settled=True) as url:
        yield url


def test_a_backup_made_while_signatures_are_made_is_one_instant(
    world: World, tmp_path: Path
) -> None:
    keypair_of(world, ReleaseType.ONLINE)
    stop, signed = threading.Event(), []

    def sign() -> None:
        while not stop.is_set():
            signed.extend(world.sign("dev", "online", number=5))

    writer = threading.Thread(target=sign)
    writer.start()
    backups = [back_up(world.system.database, tmp_path / f"{number}.db") for number in range(5)]
    stop.set()
    writer.join()

    assert signed
    assert all(isinstance(outcome, Made) for outcome in signed)
    counts = [backup.entries for backup in backups]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    copy = Database(f"sqlite:///{tmp_path}/4.db")
    with copy.reading() as connection:
        verdict = verify(connection, world.account_id)
        number = connection.execute(sa.select(sa.func.count()).select_from(t.signatures)).scalar()
    assert (verdict.holds, verdict.head.count) == (True, counts[-1])
    assert number is not None
    assert number <= len(signed)
    copy.dispose()


def test_a_restored_backup_goes_on(world: World, tmp_path: Path) -> None:
    world.approved()
    back_up(world.system.database, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    restored = Database(f"sqlite:///{tmp_path}/copy.db")
    there = replace(world, system=replace(world.system, database=restored))
    assert there.snapshot() == world.snapshot()
    freeze = UpdateAccount(account_id=world.account_id, settings={"signing_frozen": True})
    there.do("admin", freeze)
    assert len(there.ledger()) == len(world.ledger()) + 1
    restored.dispose()


def test_only_its_owner_can_read_it_and_nothing_is_overwritten(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "copy.db"
    back_up(world.system.database, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(BackupError, match="exists"):
        back_up(world.system.database, path)
    assert path.read_bytes() == before
    with pytest.raises(BackupError, match="cannot be written"):
        back_up(world.system.database, tmp_path / "nowhere" / "copy.db")


def test_of_a_ledger_that_was_changed_there_is_no_backup(world: World, tmp_path: Path) -> None:
    database = world.system.database.url.database
    assert database is not None
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE ledger_entries SET body = '{}' WHERE position = 2")
    connection.close()
    with pytest.raises(BackupError, match="broken at entry 2"):
        back_up(world.system.database, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def _tamper(world: World, *statements: str) -> None:
    database = world.system.database.url.database
    assert database is not None
    world.system.database.dispose()
    with sqlite3.connect(database) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_of_a_damaged_database_there_is_no_backup(world: World, tmp_path: Path) -> None:
    # The index claims to be of another column, so its rows are the wrong ones.
    _tamper(
        world,
        "CREATE INDEX damaged ON users (name)",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX damaged ON users (email)'"
        " WHERE name = 'damaged'",
    )
    with pytest.raises(BackupError, match="the copy is damaged: row 1 missing from index damaged"):
        back_up(world.system.database, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_of_a_database_with_dangling_references_there_is_no_backup(
    world: World, tmp_path: Path
) -> None:
    _tamper(world, "PRAGMA foreign_keys = OFF", "DELETE FROM teams")
    with pytest.raises(BackupError, match="refer to nothing"):
        back_up(world.system.database, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_postgresql_has_tools_of_its_own(templates: Templates, tmp_path: Path) -> None:
    with templates.fresh("postgresql") as url:
        database = Database(url)
        with pytest.raises(BackupError, match="pg_dump"):
            back_up(database, tmp_path / "copy.db")
        database.dispose()
