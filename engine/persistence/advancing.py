"""Time as a guard: the transitions that are due on a release, fired with their own instants."""

from collections.abc import Collection
from uuid import UUID

from engine import machine
from engine.events import ReleaseClosed, ReleaseEvent, ReleaseExpired, ReleaseOpened
from engine.facts import CLOCK, Facts, Release
from engine.lifecycle import TIMED
from engine.persistence import loading
from engine.persistence.storing import Ending, move
from engine.persistence.work import Work
from engine.vocabulary import Status, Trigger

#: How a release ends that nobody approved in time (spec section 3, expire).
NOT_APPROVED = Ending(
    "APPROVAL_NOT_OBTAINED", "Its window ended before the required approvals were received."
)
WINDOW_OVER = Ending("WINDOW_ENDED", "Its window ended as planned.")


def advance(work: Work, release_ids: Collection[UUID]) -> None:
    """Apply whatever time has made due on these locked releases; none is skipped."""
    for release in loading.load_releases(work.connection, release_ids).values():
        while _is_due(release, work):
            release = _step(work, release)


def _is_due(release: Release, work: Work) -> bool:
    if release.status not in TIMED:
        return False
    _, edge, _ = TIMED[release.status]
    return bool(getattr(release.fields, edge) <= work.now)


def _step(work: Work, release: Release) -> Release:
    trigger, edge, _ = TIMED[release.status]
    facts = Facts(now=work.now, policy=work.policy, actor=CLOCK, release=release)
    target = machine.fire(trigger, facts)
    # The nominal instant; but nothing opens before it was approved.
    at = max(getattr(release.fields, edge), release.status_since)
    ending = {Trigger.EXPIRE: NOT_APPROVED, Trigger.CLOSE: WINDOW_OVER}.get(trigger)
    work.record(_event(trigger, release, target, ending), actor=CLOCK, effective_at=at)
    return move(work.connection, release, target, at, ending)


def _event(
    trigger: Trigger, release: Release, target: Status, ending: Ending | None
) -> ReleaseEvent:
    moved = {
        "from_status": release.status,
        "to_status": target,
        "reason": ending.reason if ending else None,
    }
    if trigger is Trigger.OPEN:
        return ReleaseOpened.of(release.id, **moved)
    if trigger is Trigger.CLOSE:
        return ReleaseClosed.of(release.id, early=False, **moved)
    return ReleaseExpired.of(release.id, **moved)
