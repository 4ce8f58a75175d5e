"""The number of approvals that a team or an account requires, and whether it can be reached."""

from __future__ import annotations

from uuid import UUID

from engine.lifecycle.approvals import Quorum
from engine.model.errors import Code, Refusal
from engine.model.wording import chosen, counted, only_people
from engine.persistence.store import loading
from engine.persistence.store.unit_of_work import UnitOfWork

MAX_REQUIRED_APPROVALS = 1000


def require_quorum(required: int) -> None:
    """Refuse INVALID_INPUT unless it is from 1 to `MAX_REQUIRED_APPROVALS`."""
    if not 1 <= required <= MAX_REQUIRED_APPROVALS:
        message = f"The number of required approvals must be from 1 to {MAX_REQUIRED_APPROVALS}."
        raise Refusal(Code.INVALID_INPUT, message, "required_approvals")


def quorum_of(uow: UnitOfWork, team_id: UUID, required: int) -> Quorum:
    """Return the quorum of a team that requires so many approvals, with its members as now."""
    possible = loading.load_approvers(uow.connection, uow.account_id, team_id)
    return Quorum(required, len(possible))


def require_possible_quorum(quorum: Quorum, before: Quorum | None = None) -> None:
    """Refuse NOT_ENOUGH_APPROVERS where the members of a team cannot reach its quorum.

    A quorum that could not be reached before either may stay as it is, but not become worse.
    """
    if quorum.can_be_met or (before is not None and not quorum.is_worse_than(before)):
        return
    raise Refusal(
        Code.NOT_ENOUGH_APPROVERS,
        f"{counted(quorum.required, 'approval')} {chosen(quorum.required, 'is', 'are')} required"
        f" and {only_people(quorum.possible)} of the team could give one."
        " Add approvers or lower the number.",
        "required_approvals",
    )
