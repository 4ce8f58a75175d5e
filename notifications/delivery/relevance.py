"""Whether a message that waited is still worth sending: what it says, against its release now.

Its kind alone does not tell: "X is approved" is true again after an edit and a second approval, but
it was another approval. So what a message said of its release is compared with what is so now.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from engine.lifecycle.schedule import status_at
from engine.model.vocabulary import HOLDING, Status
from engine.model.wording import STATUS_PHRASES
from engine.signing.settle import QUOTA_NOTICE_PERCENTS
from notifications.vocabulary import MessageKind

EVER = frozenset(Status)
OPEN = frozenset({Status.IN_PROGRESS})
#: Approved, or in need of no approval, and not over.
USABLE = HOLDING - {Status.PENDING}
#: In which states of its release a message is true, and news. How a release ended stays both.
TRUE_WHILE: Mapping[MessageKind, frozenset[Status]] = {
    MessageKind.REQUEST: frozenset({Status.PENDING}),
    MessageKind.REMINDER: frozenset({Status.PENDING}),
    MessageKind.UNREACHABLE: frozenset({Status.PENDING}),
    MessageKind.REVISED: HOLDING,
    MessageKind.NOT_NEEDED: USABLE,
    # After the end, too, it was approved until then.
    MessageKind.APPROVED: USABLE | {Status.COMPLETED},
    MessageKind.REJECTED: EVER,
    MessageKind.WITHDRAWN: EVER,
    MessageKind.EXPIRED: EVER,
    MessageKind.OPENED: OPEN,
    MessageKind.CLOSING_SOON: OPEN,
    MessageKind.CLOSED: EVER,
    MessageKind.STOPPED: EVER,
    MessageKind.LEFT: EVER,
    MessageKind.QUOTA: OPEN,
    MessageKind.ADMINISTERED: EVER,
}
#: Of an edit it depends on what it left its release as: that approvals stand is not true of one
#: that awaits approval again, nor the other way round.
REVISED_WHILE: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PENDING}),
    Status.APPROVED: USABLE,
    Status.ACTIVE: USABLE,
    Status.IN_PROGRESS: OPEN,
}
#: Told to people who were deactivated meanwhile, too: somebody else may have taken over their user.
EVEN_TO_INACTIVE = frozenset({MessageKind.ADDRESS_CHANGE})
#: That all signatures are used stays true; that some are left ends with the window.
_USED_UP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """What a message said, as its delivery keeps it."""

    kind: MessageKind
    revision: int
    facts: Mapping[str, Any]
    #: Another message about the same release waits for the same person.
    is_followed: bool = False

    @classmethod
    def of(cls, row: Row[Any], *, is_followed: bool = False) -> SentMessage:
        """Of a delivery about a release."""
        facts = json.loads(row.facts)
        return cls(
            kind=MessageKind(row.kind), revision=row.revision, facts=facts, is_followed=is_followed
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseState:
    """What a message is compared with: its release now."""

    status: Status
    #: The revision with which what was approved last began to be another.
    round_revision: int
    #: How many approvals it needs, or needed; 0 for none.
    required_approvals: int
    #: Of the last edit that touched what approvers agree to.
    material_revision: int
    signatures_used: int
    max_signatures: int

    @classmethod
    def of(cls, release: Any, max_signatures: int, now: datetime | None = None) -> ReleaseState:
        """Of a release, or of a row with its columns; `now`: if time may have moved it since."""
        status = release.status if now is None else status_at(release.status, release, now)
        return cls(
            status=status,
            round_revision=release.round_revision,
            required_approvals=release.required_approvals,
            material_revision=release.material_revision,
            signatures_used=release.signatures_used,
            max_signatures=max_signatures,
        )


def _is_of_another_round(told: SentMessage, now: ReleaseState) -> bool:
    return told.revision < now.round_revision


def _needs_approval(_: SentMessage, now: ReleaseState) -> bool:
    return now.required_approvals > 0


def _tells_of_labels(told: SentMessage) -> bool:
    """An edit of name or note says nothing of where the release stands."""
    return told.kind is MessageKind.REVISED and told.facts["event"].get("material") is False


def _stays_true(told: SentMessage) -> bool:
    if told.kind is MessageKind.QUOTA:
        used_up: bool = told.facts["event"]["percent"] >= _USED_UP
        return used_up
    return _tells_of_labels(told)


def _said_otherwise(told: SentMessage, now: ReleaseState) -> bool:
    if _tells_of_labels(told):
        return False
    status = told.facts.get("release", {}).get("status")
    return now.status not in REVISED_WHILE.get(status, EVER)


def _was_edited(told: SentMessage, now: ReleaseState) -> bool:
    return told.revision < now.material_revision


def _counts_differently(told: SentMessage, now: ReleaseState) -> bool:
    """Of the numbers that are told of, another one has been reached, or none."""
    reached = [
        p for p in QUOTA_NOTICE_PERCENTS if now.signatures_used * 100 >= p * now.max_signatures
    ]
    percent: int = told.facts["event"]["percent"]
    return percent != max(reached, default=None)


def _is_back(told: SentMessage, _: ReleaseState) -> bool:
    return told.is_followed


#: What a later event may have made untrue although the status fits, and how that is called.
CONTRADICTED: Mapping[MessageKind, tuple[Callable[[SentMessage, ReleaseState], bool], str]] = {
    MessageKind.APPROVED: (_is_of_another_round, "that approval was followed by another request"),
    MessageKind.NOT_NEEDED: (_needs_approval, "approval was asked for meanwhile"),
    MessageKind.REVISED: (_said_otherwise, "the release {stands}"),
    MessageKind.UNREACHABLE: (_was_edited, "the release was changed meanwhile"),
    MessageKind.CLOSING_SOON: (_was_edited, "the release was changed meanwhile"),
    MessageKind.QUOTA: (_counts_differently, "another part of the signatures is used by now"),
    MessageKind.LEFT: (_is_back, "the release was changed meanwhile"),
}


def why_irrelevant(row: Row[Any], now: datetime) -> str | None:
    """Why a claimed delivery is not to be sent any more; None: it is."""
    if not row.active and row.kind not in EVEN_TO_INACTIVE:
        return "the recipient is not active any more"
    if row.address_change_id is not None:
        # A change that was deleted in the meantime has no such column any more.
        is_over = row.change_ended_at is not None or not _is_after(row.change_expires_at, now)
        return "its link has ended" if is_over else None
    if row.webhook_id is not None or row.release_id is None:
        return None
    told = SentMessage.of(row, is_followed=row.is_followed)
    reason = contradiction(told, ReleaseState.of(row, row.max_signatures, now))
    if reason is not None:
        return f"not true any more: {reason}"
    return None if row.action_link_id is None else _what_ended(row, now)


def _is_after(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant > now


def contradiction(told: SentMessage, now: ReleaseState) -> str | None:
    """What became of the release that makes the message untrue; None: it is true."""
    if now.status not in TRUE_WHILE[told.kind] and not _stays_true(told):
        return f"the release {STATUS_PHRASES[now.status]}"
    is_contradicted, reason = CONTRADICTED.get(told.kind, (None, ""))
    if is_contradicted is None or not is_contradicted(told, now):
        return None
    return reason.format(stands=STATUS_PHRASES[now.status])


def _what_ended(row: Row[Any], now: datetime) -> str | None:
    """Nobody gets a link that has ended."""
    if row.used_at is not None:
        return "its link has been used"
    if row.link_revision != row.material_revision:
        return "the request was changed meanwhile"
    if row.voided_at is not None:
        return "its link has ended"
    return None if row.expires_at > now else "its link has lapsed"
