"""Migrates a database to the schema that this version needs, or compares the two.

A migration's number says where it is in the line; a number after a dot, which is the oldest
version of the schema whose programs still run on it. So a program can tell of a database that is
ahead of it whether that was only expanded, or has lost what the program needs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.persistence.db.database import Database
from engine.persistence.store.retry import retry

#: Only one process migrates at a time; an arbitrary number of our own.
_ADVISORY_LOCK = 7_266_736_001
#: Seconds between two tries to get the lock.
_POLL_SECONDS = 0.2
VERSIONS = Path(__file__).parent / "migrations" / "versions"


class Revision(NamedTuple):
    """A migration's id, like `0012` or `0012.0009`."""

    number: int
    #: Programs that know the schema only up to an earlier one cannot run any more.
    serves_from: int

    @classmethod
    def of(cls, text: str | None) -> Revision:
        """Parse the id; a database without a revision has number 0."""
        number, _, serves_from = (text or "0").partition(".")
        return cls(int(number), int(serves_from or 0))


class SchemaState(Enum):
    """How the schema of a database compares with this version."""

    #: As this version made it, or expanded by a newer version.
    FITS = "fits"
    #: It has to be migrated.
    BEHIND = "behind"
    #: A newer version has removed what this one needs.
    CONTRACTED = "contracted"


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


def schema_state(connection: Connection) -> SchemaState:
    """Whether this version can run on the database."""
    revision, known = revision_of(connection), _known()
    if revision.number < known:
        return SchemaState.BEHIND
    return SchemaState.FITS if revision.serves_from <= known else SchemaState.CONTRACTED


def is_current(connection: Connection) -> bool:
    """The database has every step this version knows, and none took away what it needs."""
    return schema_state(connection) is SchemaState.FITS


def revision_of(connection: Connection) -> Revision:
    """The last migration that the database has."""
    return Revision.of(MigrationContext.configure(connection).get_current_revision())


@cache
def _known() -> int:
    return Revision.of(ScriptDirectory.from_config(alembic_config()).get_current_head()).number


@contextmanager
def _exclusive(database: Database) -> Iterator[None]:
    """Let no other process migrate meanwhile. On SQLite the transaction ensures that."""
    with nullcontext() if database.is_sqlite else database.writing() as connection:
        # Asked again and again, for a statement that waits has a snapshot, and an index that is
        # built meanwhile would wait for it in turn. Without a parameter, for the same reason: with
        # one PostgreSQL keeps the statement's snapshot until the transaction's next.
        lock = f"SELECT pg_try_advisory_xact_lock({_ADVISORY_LOCK})"
        while connection is not None and not connection.exec_driver_sql(lock).scalar_one():
            time.sleep(_POLL_SECONDS)
        yield
