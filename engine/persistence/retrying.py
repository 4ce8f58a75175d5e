"""A unit of work that gave way to another is tried again; one that waited too long is told so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import Code, Refusal
from engine.persistence.conflicts import is_key_taken

Answer = TypeVar("Answer")

#: How often a unit is tried again that the database gave up on for another's sake.
TRIES = 4
#: PostgreSQL: serialization failure, deadlock.
_LOST = {"40001", "40P01"}
#: PostgreSQL: lock not available, too many connections, cannot connect now.
_BUSY = {"55P03", "53300", "57P03", "57014"}

OVERLOADED = "Too much is under way at once. Try again shortly."


def retrying(unit: Callable[[], Answer]) -> Answer:
    """Run the unit, each try a transaction of its own. Raises `Refusal` OVERLOADED."""
    for left in reversed(range(TRIES)):
        try:
            return unit()
        except PoolTimeout as error:
            raise Refusal(Code.OVERLOADED, OVERLOADED) from error
        except (OperationalError, IntegrityError) as error:
            if not left or not _gave_way(error):
                raise _told(error) from error
    raise AssertionError("unreachable")


def _gave_way(error: OperationalError | IntegrityError) -> bool:
    """Tried again it may well pass, or find what the other has written."""
    if isinstance(error, IntegrityError):
        return is_key_taken(error)
    return _state(error) in _LOST


def _told(error: OperationalError | IntegrityError) -> Exception:
    """OVERLOADED where waiting was cut short; any other trouble stays what it is."""
    if _state(error) in _BUSY | _LOST or "locked" in str(error.orig):
        return Refusal(Code.OVERLOADED, OVERLOADED)
    return error


def _state(error: OperationalError | IntegrityError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
