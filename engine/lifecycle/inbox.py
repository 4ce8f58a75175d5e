"""When a request waits for somebody's decision, read off its history. Pure.

`engine.queries.releases.inbox` answers what waits now; this tells when that began and ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from engine.model.events import DecisionRecorded, ReleaseRequested, ReleaseRevised
from engine.model.vocabulary import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStep:
    """What an entry of a release's history says, as far as it matters here."""

    position: int
    tag: str
    actor_id: UUID | None
    from_status: Status | None
    to_status: Status | None
    #: It is an edit of what approvers agree to.
    is_material: bool


def waiting_changes(
    history: Iterable[HistoryStep], approver_id: UUID, *, allow_self_approval: bool
) -> dict[int, bool]:
    """Return where a release began (True) and ended (False) to wait for an approver's decision.

    Args:
        history: The entries of one release from its request on, in their order.
        approver_id: Who is an approver of it.
        allow_self_approval: Whether one's own requests and edits wait for oneself too.

    Returns:
        By position. An edit that asks anew lets it begin anew, also where it waited before.
    """
    changes: dict[int, bool] = {}
    authors: list[UUID | None] = []
    waits = False
    for step in history:
        authors = _authors(authors, step)
        if _asks(step):
            begins = allow_self_approval or approver_id not in authors
            if begins or waits:
                changes[step.position] = begins
            waits = begins
        elif waits and _answers(step, approver_id):
            changes[step.position] = waits = False
    return changes


def _authors(authors: list[UUID | None], step: HistoryStep) -> list[UUID | None]:
    """Return who requested the release, and who edited what is still to be approved of it."""
    if step.tag == ReleaseRequested.tag:
        return [step.actor_id]
    if step.tag != ReleaseRevised.tag or not step.is_material:
        return authors
    return [*(authors[:1] if step.from_status is Status.APPROVED else authors), step.actor_id]


def _asks(step: HistoryStep) -> bool:
    """Whether all approvers are asked from this step on."""
    is_new = step.tag == ReleaseRequested.tag or step.is_material
    return is_new and step.to_status is Status.PENDING


def _answers(step: HistoryStep, approver_id: UUID) -> bool:
    """Whether the approver decided with this step, or the release does not wait any more."""
    if step.tag == DecisionRecorded.tag:
        return step.actor_id == approver_id
    return step.from_status is Status.PENDING and step.to_status not in {None, Status.PENDING}
