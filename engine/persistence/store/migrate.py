"""Migrates a database to the schema that this version needs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from engine.persistence.db.database import Database
from engine.persistence.store.retry import retry
from engine.persistence.store.schema_version import VERSIONS, Revision, revision_of

#: Only one process migrates at a time; an arbitrary number of our own.
_ADVISORY_LOCK = 7_266_736_001
#: Seconds between two tries to get the lock.
_POLL_SECONDS = 0.2


def alembic_config(*more: Path) -> Config:
    """Alembic's configuration, without a file; with more folders of versions."""
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, (VERSIONS, *more))))
    return config


def migrate(database: Database, *more: Path) -> None:
    """Apply every step that is missing; processes that migrate at once wait for each other.

    On SQLite all in one transaction; on PostgreSQL each in its own, so that an index can be built
    while everybody works on. What gave way to others' work is tried again, and then refused as
    OVERLOADED: migrating once more goes on from there. Steps that only a newer version knows are
    left as they are.
    """
    database.make_file()
    alembic = alembic_config(*more)
    head = Revision.of(ScriptDirectory.from_config(alembic).get_current_head())
    with _exclusive(database):
        with database.reading() as connection:
            if revision_of(connection).number >= head.number:
                return
        retry(lambda: _upgrade(database, alembic))


def _upgrade(database: Database, alembic: Config) -> None:
    with database.migrating() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
        connection.commit()


@contextmanager
def _exclusive(database: Database) -> Iterator[None]:
    """Let no other process migrate meanwhile. On SQLite the transaction ensures that."""
    if database.is_sqlite:
        yield
        return
    lock = f"SELECT pg_try_advisory_xact_lock({_ADVISORY_LOCK})"
    while True:
        # Asked again and again, each time in a transaction of its own: one that waits or pauses may
        # keep a snapshot, and an index that is built meanwhile would wait for its end.
        with database.writing() as connection:
            if connection.exec_driver_sql(lock).scalar_one():
                # Its transaction does nothing for as long as the steps take.
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                yield
                return
        time.sleep(_POLL_SECONDS)
