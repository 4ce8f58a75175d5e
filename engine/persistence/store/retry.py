"""Repeats a unit of work that the database ended in favour of another.

PostgreSQL ends one of two transactions that block each other or cannot both have been alone. The
one that was ended has changed nothing, so it is run again, after a short wait of random length: two
units that met once would otherwise meet again. SQLite has one writer, and who waits for it stands
in a queue (`engine.persistence.db.write_queue`), so nothing is repeated for that.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from engine.model.errors import Code, Refusal, StorageFailed
from engine.persistence.db.storage_faults import SENTENCES, fault_of, primary_code
from engine.persistence.store.constraints import is_key_taken

Result = TypeVar("Result")

#: How often a unit is run at most.
MAX_TRIES = 4
#: The wait before the second try is random up to this time; before each further one up to twice as
#: long as before the last, and never longer than the maximum.
FIRST_BACKOFF_SECONDS = 0.02
MAX_BACKOFF_SECONDS = 0.1

#: SQLSTATEs of PostgreSQL after which the transaction is undone and may be repeated: serialization
#: failure, deadlock, and idle in a transaction for too long (the process was suspended meanwhile).
_TRANSIENT_STATES = {"40001", "40P01", "25P03"}
#: SQLSTATEs of PostgreSQL when it is too busy: lock not available, insufficient resources, too many
#: connections, statement took too long.
_BUSY_STATES = {"55P03", "53000", "53200", "53300", "53400", "57014"}
#: The same for SQLite, by the primary result code (https://www.sqlite.org/rescode.html).
_BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM}
#: SQLSTATEs of PostgreSQL when it shuts down, has crashed or cannot be connected to, and when a
#: connection broke.
_UNAVAILABLE_STATES = {"57P01", "57P02", "57P03", "08000", "08001", "08003", "08004", "08006"}

OVERLOADED = "Too much is under way at once. Try again shortly."
#: If the connection broke during the commit, nobody here knows how it ended.
DATABASE_UNAVAILABLE = (
    "The database does not answer just now. Try again shortly, and look first whether it was done."
)


def retry(
    unit: Callable[[], Result],
    *,
    is_idempotent: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Run a unit of work, again if the database ended it in favour of another.

    Args:
        unit: Each call of it is a transaction of its own.
        is_idempotent: Run twice it has the effect of once, so that it is also repeated after a
            connection broke, perhaps during the commit.
        sleep: Waits for so many seconds between two tries.

    Raises:
        Refusal: OVERLOADED, if the last try was ended too, or the database is busy or unavailable.
        StorageFailed: The database cannot store anything.
    """

    def may_repeat(error: BaseException) -> bool:
        if not isinstance(error, DBAPIError):
            return False
        return _is_transient(error) or (is_idempotent and is_unavailable(error))

    tries = Retrying(
        retry=retry_if_exception(may_repeat),
        stop=stop_after_attempt(MAX_TRIES),
        wait=wait_random_exponential(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS),
        sleep=sleep,
        reraise=True,
    )
    try:
        return tries(unit)
    except (DBAPIError, PoolTimeout) as error:
        raise_translated(error)


def raise_translated(error: DBAPIError | PoolTimeout) -> NoReturn:
    """Raise what a database error means for callers, with the error as its cause."""
    translated = translate_db_error(error)
    if translated is error:
        raise error  # from itself it would be its own cause
    raise translated from error


def translate_db_error(error: DBAPIError | PoolTimeout) -> Exception:
    """Return the error that a database error becomes for callers.

    Returns:
        A refusal OVERLOADED where the database is busy or unavailable, `StorageFailed` where it
        cannot store anything, and the error itself where it is a defect of this program.
    """
    if isinstance(error, PoolTimeout) or _is_busy(error):
        return Refusal(Code.OVERLOADED, OVERLOADED)
    if is_unavailable(error):
        return Refusal(Code.OVERLOADED, DATABASE_UNAVAILABLE)
    fault = fault_of(error.orig)
    return StorageFailed(SENTENCES[fault]) if fault is not None else error


def is_unavailable(error: DBAPIError) -> bool:
    """Whether there is no connection to the database, or no more."""
    if error.connection_invalidated or _state(error) in _UNAVAILABLE_STATES:
        return True
    # The error of a connection that could not be made has an SQLSTATE, which is empty.
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None


def _is_busy(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return primary_code(error.orig) in _BUSY_CODES
    return _state(error) in _BUSY_STATES | _TRANSIENT_STATES


def _is_transient(error: DBAPIError) -> bool:
    """Whether the next try may succeed, or finds what the other transaction has written."""
    if isinstance(error, IntegrityError):
        return is_key_taken(error)
    return _state(error) in _TRANSIENT_STATES


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
