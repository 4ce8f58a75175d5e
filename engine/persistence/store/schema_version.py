"""Compares the schema of a database with the one that this version needs.

A migration's number says where it is in the line; a number after a dot, which is the oldest
version of the schema whose programs still run on it. So a program can tell of a database that is
ahead of it whether that was only expanded, or has lost what the program needs.

Servers compare at every start and whenever they are asked whether they are ready, so this does
without the library that migrates.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

VERSIONS = Path(__file__).parent / "migrations" / "versions"
#: Where Alembic keeps the last migration.
_VERSION_TABLE = sa.table("alembic_version", sa.column("version_num", sa.Text))


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
    if not sa.inspect(connection).has_table(_VERSION_TABLE.name):
        return Revision.of(None)
    return Revision.of(connection.execute(sa.select(_VERSION_TABLE.c.version_num)).scalar())


@cache
def _known() -> int:
    """The number of this version's last migration, with which its file's name begins."""
    return max(int(path.name.partition("_")[0]) for path in VERSIONS.glob("[0-9]*_*.py"))
