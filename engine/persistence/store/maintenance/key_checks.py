"""The check by which a wrong master key is recognised."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.store import tables as t

_C = t.key_checks
#: The row of the check among those of other keys.
MASTER_KEY = "master-key"
_IS_OF_MASTER_KEY = _C.c.purpose == MASTER_KEY


def load_master_key_check(connection: Connection) -> bytes | None:
    """Return the check; None: the database is new."""
    query = sa.select(_C.c.value).where(_IS_OF_MASTER_KEY)
    check: bytes | None = connection.execute(query).scalar_one_or_none()
    return check


def insert_master_key_check(connection: Connection, check: bytes) -> None:
    """Write the check of a new database."""
    connection.execute(_C.insert().values(purpose=MASTER_KEY, value=check))


def replace_master_key_check(connection: Connection, check: bytes) -> None:
    """Write the check of another master key in its place."""
    connection.execute(_C.update().where(_IS_OF_MASTER_KEY).values(value=check))


def rewrite_master_key_check(connection: Connection) -> None:
    """Write the check as it is, to see whether the database can be written to."""
    connection.execute(_C.update().where(_IS_OF_MASTER_KEY).values(value=_C.c.value))
