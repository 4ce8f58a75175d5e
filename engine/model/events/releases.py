"""What happens to a release, which is its own subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from engine.model.events.base import Changes, Event
from engine.model.vocabulary import Verdict


@dataclass(frozen=True, kw_only=True)
class ReleaseEvent(Event):
    """Of a release, which is its own subject."""

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
    """An approver decided."""

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
    """The quorum was met."""

    tag = "release:approved"


@dataclass(frozen=True, kw_only=True)
class ReleaseRejected(ReleaseEvent):
    """An approver said no, which ends the request."""

    tag = "release:rejected"


@dataclass(frozen=True, kw_only=True)
class ReleaseWithdrawn(ReleaseEvent):
    """The requester or an approver took it back."""

    tag = "release:withdrawn"


@dataclass(frozen=True, kw_only=True)
class ReleaseRevised(ReleaseEvent):
    """Somebody edited it."""

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
    """Its window opened."""

    tag = "release:opened"


@dataclass(frozen=True, kw_only=True)
class ReleaseClosed(ReleaseEvent):
    """Its window closed."""

    tag = "release:closed"
    early: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseExpired(ReleaseEvent):
    """Its window ended before it was approved."""

    tag = "release:expired"


@dataclass(frozen=True, kw_only=True)
class ReleaseStopped(ReleaseEvent):
    """The kill switch, or a disabled keypair."""

    tag = "release:stopped"
    code: str


@dataclass(frozen=True, kw_only=True)
class QuotaReached(ReleaseEvent):
    """So many percent of the signatures are used."""

    tag = "release:quota:reached"
    percent: int
    used: int
    maximum: int
