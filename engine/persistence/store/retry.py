"""A unit of work that gave way to another is tried again; one that waited too long is told so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NoReturn, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.model.errors import Code, Refusal, StorageFailed
from engine.persistence.db.storage_faults import SENTENCES, fault_of, primary_code
from engine.persistence.store.constraints import is_key_taken

Answer = TypeVar("Answer")

#: How often a unit is tried again that the database gave up on for another's sake.
MAX_TRIES = 4
#: PostgreSQL, which has rolled back: serialization failure, deadlock, idle in a transaction for too
#: long (whoever was frozen meanwhile, or whose machine was).
_LOST = {"40001", "40P01", "25P03"}
#: PostgreSQL: lock not available, too many connections, out of memory or another resource,
#: statement took too long.
_BUSY = {"55P03", "53000", "53200", "53300", "53400", "57014"}
#: SQLite, the same.
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM}
#: PostgreSQL: shut down, crashed, cannot connect now; and a connection that broke.
_AWAY = {"57P01", "57P02", "57P03", "08000", "08001", "08003", "08004", "08006"}

OVERLOADED = "Too much is under way at once. Try again shortly."
#: If the connection broke during the commit, nobody here knows how it ended.
DATABASE_UNAVAILABLE = (
    "The database does not answer just now. Try again shortly, and look first whether it was done."
)


def retry(unit: Callable[[], Answer], *, also_if_away: bool = False) -> Answer:
    """Run the unit, each try a transaction of its own. Raises `Refusal` OVERLOADED.

    `also_if_away`: after a broken connection too, since done twice the unit is done once.
    """
    for left in reversed(range(MAX_TRIES)):
        try:
            return unit()
        except (DBAPIError, PoolTimeout) as error:
            again = _gave_way(error) or (also_if_away and _broke(error))
            if not left or not again:
                raise_translated(error)
    raise AssertionError("unreachable")


def raise_translated(error: DBAPIError | PoolTimeout) -> NoReturn:
    """Raise it as callers are told it, with the trouble as its cause."""
    if (trouble := translate_db_error(error)) is error:
        raise error  # from itself it would be its own cause
    raise trouble from error


def translate_db_error(error: DBAPIError | PoolTimeout) -> Exception:
    """OVERLOADED where waiting was cut short or nobody answers, STORAGE_FAILED where the database
    cannot store; other trouble stays what it is.
    """
    if isinstance(error, PoolTimeout) or _state(error) in _BUSY | _LOST or _is_locked(error):
        return Refusal(Code.OVERLOADED, OVERLOADED)
    if is_unavailable(error):
        return Refusal(Code.OVERLOADED, DATABASE_UNAVAILABLE)
    fault = fault_of(error.orig)
    return StorageFailed(SENTENCES[fault]) if fault is not None else error


def is_unavailable(error: DBAPIError) -> bool:
    """There is no connection to the database, or no more."""
    if error.connection_invalidated or _state(error) in _AWAY:
        return True
    # A connection that could not be made has no state to tell.
    return isinstance(error.orig, psycopg.OperationalError) and _state(error) is None


def _is_locked(error: DBAPIError) -> bool:
    """SQLite's lock was waited for long enough, or its memory did not suffice for the moment."""
    return isinstance(error.orig, sqlite3.Error) and primary_code(error.orig) in _LOCKED


def _gave_way(error: DBAPIError | PoolTimeout) -> bool:
    """Tried again it may well pass, or find what the other has written."""
    if isinstance(error, IntegrityError):
        return is_key_taken(error)
    return isinstance(error, DBAPIError) and _state(error) in _LOST


def _broke(error: DBAPIError | PoolTimeout) -> bool:
    return isinstance(error, DBAPIError) and is_unavailable(error)


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
