"""What every command is, and how one is run."""

from __future__ import annotations

from typing import Protocol, TypeVar

from engine.commands.transactions import Attempt, unit_of_work
from engine.model.principal import Principal
from engine.persistence.store.locks import Lock
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System

Result = TypeVar("Result", covariant=True)


class Command(Protocol[Result]):
    """A verb with its arguments; frozen."""

    def lock(self) -> Lock:
        """What must stand still meanwhile."""
        ...

    def attempt(self) -> Attempt:
        """What a refusal's ledger entry says."""
        ...

    def apply(self, uow: UnitOfWork) -> Result:
        """Load, decide, apply, record. Raises `Refusal`, and then nothing has changed."""
        ...


def execute(system: System, principal: Principal, command: Command[Result]) -> Result:
    """Run one command in its own unit of work; raises its `Refusal` once that is committed."""

    def unit() -> Result:
        with unit_of_work(system, principal, command.attempt(), command.lock()) as uow:
            result = command.apply(uow)
        return result

    return retry(unit)
