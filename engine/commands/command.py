"""The base of every command, and how one is run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from engine.commands.transactions import Attempt, unit_of_work
from engine.model.principal import Principal
from engine.model.text import quoted
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System

Result = TypeVar("Result", covariant=True)


class Command(ABC, Generic[Result]):
    """One change that a person or a pipeline asks for, with its arguments.

    A command is a frozen dataclass. Class attributes say what it is called, what it is about and
    what it locks; `apply` loads, decides, writes and records, and returns the result. A whole one:

        @dataclass(frozen=True, kw_only=True)
        class RenameTeam(Command[UUID]):
            \"""Give a team another name; returns the team's id.\"""

            command_name = "rename_team"
            subject_kind = "Team"
            subject_field = "team_id"
            detail_fields = ("name",)
            account_hold = Hold.EXCLUSIVE

            team_id: UUID
            name: str

            def apply(self, uow: UnitOfWork) -> UUID:
                \"""Needs `MANAGE_TEAMS`.\"""
                require_permission(uow, Permission.MANAGE_TEAMS)
                team = loading.load_team(uow.connection, uow.account_id, self.team_id, "id")
                name = clean_name(normalize(self.name), "name", "name")
                teams.update_team(uow, team.id, {"name": name})
                uow.record(TeamUpdated(subject_id=team.id, changes={"name": (team.name, name)}))
                return team.id

    `execute(system, principal, RenameTeam(team_id=team_id, name="Blue"))` runs it in a transaction
    of its own. What `apply` refuses changes nothing, and leaves one entry in the ledger.
    """

    #: What the ledger calls an attempt that was refused; stored, so it is never renamed.
    command_name: ClassVar[str]
    #: What the command is about, as the ledger calls it.
    subject_kind: ClassVar[str] = "Account"
    #: The field that holds the id of what it is about; None: it creates something, or is about the
    #: account, and a refused attempt is an entry of the account.
    subject_field: ClassVar[str | None] = None
    #: Text fields that the entry of a refused attempt shows.
    detail_fields: ClassVar[tuple[str, ...]] = ()
    #: How the account's settings and people are locked meanwhile; None: not at all.
    account_hold: ClassVar[Hold | None] = None
    #: Whether it does something slow outside of transactions, such as making a key, and so needs a
    #: thread that no other command waits for.
    is_slow: ClassVar[bool] = False

    @property
    def subject_id(self) -> UUID | None:
        """The id of what the command is about; None where that is the account."""
        return getattr(self, self.subject_field) if self.subject_field else None

    def lock(self) -> Lock:
        """Return what nobody else may change while the command runs."""
        return Lock(account=self.account_hold)

    def attempt(self) -> Attempt:
        """Return what the ledger says of this command where it is refused."""
        return Attempt(
            command=self.command_name,
            subject_kind=self.subject_kind if self.subject_id is not None else "Account",
            subject_id=self.subject_id,
            details=self.details(),
        )

    def details(self) -> dict[str, Any]:
        """Return which of the arguments the entry of a refused attempt shows."""
        return {name: quoted(getattr(self, name)) for name in self.detail_fields}

    def run(self, system: System, principal: Principal) -> Result:
        """Run the command; one that is more than a single transaction overrides this.

        Raises:
            Refusal: The command was refused; its entry in the ledger is committed by then.
        """
        return run_in_transaction(system, principal, self)

    @abstractmethod
    def apply(self, uow: UnitOfWork) -> Result:
        """Load, decide, write and record; return the result.

        Args:
            uow: The transaction, in which everything that `lock` names is held.

        Raises:
            Refusal: The rules do not allow it; then nothing has changed.
        """


def execute(system: System, principal: Principal, command: Command[Result]) -> Result:
    """Run one command and return its result.

    Raises:
        Refusal: The command was refused; its entry in the ledger is committed by then.
    """
    return command.run(system, principal)


def run_in_transaction(system: System, principal: Principal, command: Command[Result]) -> Result:
    """Apply a command in a transaction of its own, and return its result.

    Raises:
        Refusal: The command was refused; its entry in the ledger is committed by then.
    """

    def run_once() -> Result:
        with unit_of_work(system, principal, command.attempt(), command.lock()) as uow:
            result = command.apply(uow)
        return result

    return retry(run_once)
