"""What every command is, and how one is run."""

from __future__ import annotations

from typing import Protocol, TypeVar

from sqlalchemy.exc import OperationalError

from engine.errors import Code, Refusal
from engine.persistence.locks import Lock
from engine.persistence.unit_of_work import Attempt, unit_of_work
from engine.persistence.work import Work
from engine.principal import Principal
from engine.system import System

Result = TypeVar("Result", covariant=True)

#: How often a unit is tried again that the database gave up on for another's sake.
TRIES = 4
#: PostgreSQL: serialization failure, deadlock.
_LOST = {"40001", "40P01"}
#: PostgreSQL: lock not available, too many connections, cannot connect now.
_BUSY = {"55P03", "53300", "57P03", "57014"}


class Command(Protocol[Result]):
    """A verb with its arguments; frozen."""

    def lock(self) -> Lock:
        """What must stand still meanwhile."""
        ...

    def attempt(self) -> Attempt:
        """What a refusal's ledger entry says."""
        ...

    def apply(self, work: Work) -> Result:
        """Load, decide, apply, record. Raises `Refusal`, and then nothing has changed."""
        ...


def execute(system: System, principal: Principal, command: Command[Result]) -> Result:
    """Run one command in its own unit of work; raises its `Refusal` once that is committed."""
    for left in reversed(range(TRIES)):
        try:
            with unit_of_work(system, principal, command.attempt(), command.lock()) as work:
                result = command.apply(work)
            return result
        except OperationalError as error:
            if not left or not is_lost(error):
                raise overloaded(error) from error
    raise AssertionError("unreachable")


def is_lost(error: OperationalError) -> bool:
    """The database chose this transaction to give way; tried again it may well pass."""
    return getattr(error.orig, "sqlstate", None) in _LOST


def overloaded(error: OperationalError) -> Exception:
    """OVERLOADED where waiting was cut short; any other trouble stays what it is."""
    waited = getattr(error.orig, "sqlstate", None) in _BUSY | _LOST or "locked" in str(error.orig)
    if waited:
        return Refusal(Code.OVERLOADED, "Too much is under way at once. Try again shortly.")
    return error
