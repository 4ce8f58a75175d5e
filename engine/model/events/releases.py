"""What happens to a release, which is its own subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from engine.model.events.base import Changes, Event
from engine.model.vocabulary import Verdict


@dataclass(frozen=True, kw_only=True)
class ReleaseEvent(Event):
    """An event of a release, which is its own subject."""

    kind = "Release"

    @classmethod
    def of(cls, release_id: UUID, **values: Any) -> Self:
        """The event of this release."""
        return cls(subject_id=release_id, release_id=release_id, **values)


@dataclass(frozen=True, kw_only=True)
class ReleaseRequested(ReleaseEvent):
    """A release was requested; it is pending, approved or active."""

    tag = "release:requested"
    name: str
    revision: int


@dataclass(frozen=True, kw_only=True)
class DecisionRecorded(ReleaseEvent):
    """An approver approved or rejected a release."""

    tag = "release:approval:recorded"
    verdict: Verdict
    revision: int
    received: int
    required: int
    #: The labels that the approver looked at; later edits of them leave the decision standing.
    name: str
    version: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class ReleaseApproved(ReleaseEvent):
    """A release was approved: its quorum was met."""

    tag = "release:approved"


@dataclass(frozen=True, kw_only=True)
class ReleaseRejected(ReleaseEvent):
    """An approver rejected a release, which ends the request."""

    tag = "release:rejected"


@dataclass(frozen=True, kw_only=True)
class ReleaseWithdrawn(ReleaseEvent):
    """The requester or an approver withdrew a release before it started."""

    tag = "release:withdrawn"


@dataclass(frozen=True, kw_only=True)
class ReleaseRevised(ReleaseEvent):
    """Somebody edited a release."""

    tag = "release:revised"
    revision: int
    changes: Changes
    #: The edit touched what approvers agreed to.
    material: bool
    #: A new round of approval began.
    asks_anew: bool
    #: An open offline release was widened.
    widened: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseOpened(ReleaseEvent):
    """The window of a release opened."""

    tag = "release:opened"


@dataclass(frozen=True, kw_only=True)
class ReleaseClosed(ReleaseEvent):
    """The window of a release closed, as planned or early."""

    tag = "release:closed"
    early: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseExpired(ReleaseEvent):
    """The window of a release ended before it was approved."""

    tag = "release:expired"


@dataclass(frozen=True, kw_only=True)
class ReleaseStopped(ReleaseEvent):
    """A release was stopped by a person, or because a keypair of it was disabled."""

    tag = "release:stopped"
    code: str


@dataclass(frozen=True, kw_only=True)
class QuotaReached(ReleaseEvent):
    """A share of a release's maximum of signatures is used."""

    tag = "release:quota:reached"
    percent: int
    used: int
    maximum: int
