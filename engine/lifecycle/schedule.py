"""Transitions that time makes due, and what a transition changes on a release. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from engine.lifecycle.table import TIME_TRIGGERS
from engine.model.facts import Release
from engine.model.vocabulary import Status, Trigger


@dataclass(frozen=True, slots=True)
class EndReason:
    """How a release ended: a stable code, and a sentence."""

    code: str
    reason: str | None


#: How a release ends by time (spec section 3, expire and close).
ENDINGS = {
    Trigger.EXPIRE: EndReason(
        "APPROVAL_NOT_OBTAINED", "Its window ended before the required approvals were received."
    ),
    Trigger.CLOSE: EndReason("WINDOW_ENDED", "Its window ended as planned."),
}


@dataclass(frozen=True, slots=True)
class DueTransition:
    """One transition that time has made due, with its nominal instant."""

    trigger: Trigger
    target: Status
    at: datetime
    ending: EndReason | None


class ReleaseWindow(Protocol):
    """Anything that has the two edges of a window: the fields of a release, or its row."""

    @property
    def starts_at(self) -> datetime:
        """The first instant of the window."""

    @property
    def ends_at(self) -> datetime:
        """The first instant after the window."""


def is_due(status: Status, window: ReleaseWindow, now: datetime) -> bool:
    """Return whether a transition is due on a release of this status and window."""
    return status in TIME_TRIGGERS and now >= _edge(status, window)


def status_at(status: Status, window: ReleaseWindow, now: datetime) -> Status:
    """Return the status that a release has now that was stored with this one."""
    while is_due(status, window, now):
        status = TIME_TRIGGERS[status][2]
    return status


def due_step(release: Release, now: datetime) -> DueTransition | None:
    """Return the next transition that is due, if any."""
    if not is_due(release.status, release.fields, now):
        return None
    trigger, _, target = TIME_TRIGGERS[release.status]
    instant = _edge(release.status, release.fields)
    # Nothing opens before it was approved.
    return DueTransition(trigger, target, max(instant, release.status_since), ENDINGS.get(trigger))


def _edge(status: Status, window: ReleaseWindow) -> datetime:
    edge: datetime = getattr(window, TIME_TRIGGERS[status][1])
    return edge


def due_steps(release: Release, now: datetime) -> Iterator[DueTransition]:
    """Yield every transition that is due, in order."""
    while (step := due_step(release, now)) is not None:
        yield step
        release = apply_transition(release, step.target, step.at, step.ending)


def as_of(release: Release, now: datetime) -> Release:
    """Return a stored release as it is now: after every transition that is due."""
    for step in due_steps(release, now):
        release = apply_transition(release, step.target, step.at, step.ending)
    return release


def apply_transition(
    release: Release, target: Status, at: datetime, ending: EndReason | None
) -> Release:
    """Return the release after a transition; `ending` is given where the target is final."""
    opened_at = at if target is Status.IN_PROGRESS else release.opened_at
    if not target.is_final:
        return replace(release, status=target, status_since=at, opened_at=opened_at)
    assert ending is not None, "an end has a reason"
    # A stop or an expiry discards what is reserved; a close lets it settle.
    reserved = 0 if target is Status.FAILED else release.signatures_reserved
    return replace(
        release,
        status=target,
        status_since=at,
        signatures_reserved=reserved,
        ended_at=at,
        end_code=ending.code,
        end_reason=ending.reason,
    )
