"""Whether a message that waited is still worth sending: what it says, against its release now.

Its kind alone does not tell: "X is approved" is true again after an edit and a second approval, but
it was another approval. So what a message said of its release is compared with what is so now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row

from engine.lifecycle.schedule import status_at
from engine.model.vocabulary import HOLDING, Status
from engine.model.wording import STATUS_PHRASES
from engine.signing.quota import QUOTA_NOTICE_PERCENTS
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
    MessageKind.CERTIFICATE_EXPIRES: EVER,
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
        facts = orjson.loads(row.facts)
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


def _is_of_another_round(sent: SentMessage, now: ReleaseState) -> bool:
    return sent.revision < now.round_revision


def _needs_approval(_: SentMessage, now: ReleaseState) -> bool:
    return now.required_approvals > 0


def _is_about_labels(sent: SentMessage) -> bool:
    """Whether it is about an edit of name or note, which says nothing of the release's status."""
    return sent.kind is MessageKind.REVISED and sent.facts["event"].get("material") is False


def _stays_true(sent: SentMessage) -> bool:
    if sent.kind is MessageKind.QUOTA:
        used_up: bool = sent.facts["event"]["percent"] >= _USED_UP
        return used_up
    return _is_about_labels(sent)


def _has_other_status(sent: SentMessage, now: ReleaseState) -> bool:
    if _is_about_labels(sent):
        return False
    status = sent.facts.get("release", {}).get("status")
    return now.status not in REVISED_WHILE.get(status, EVER)


def _was_edited(sent: SentMessage, now: ReleaseState) -> bool:
    return sent.revision < now.material_revision


def _counts_differently(sent: SentMessage, now: ReleaseState) -> bool:
    """Whether another percentage has been reached than the message names, or none."""
    reached = [
        p for p in QUOTA_NOTICE_PERCENTS if now.signatures_used * 100 >= p * now.max_signatures
    ]
    percent: int = sent.facts["event"]["percent"]
    return percent != max(reached, default=None)


def _is_back(sent: SentMessage, _: ReleaseState) -> bool:
    return sent.is_followed


#: What a later event may have made untrue although the status fits, and how that is called.
CONTRADICTED: Mapping[MessageKind, tuple[Callable[[SentMessage, ReleaseState], bool], str]] = {
    MessageKind.APPROVED: (_is_of_another_round, "that approval was followed by another request"),
    MessageKind.NOT_NEEDED: (_needs_approval, "approval was asked for meanwhile"),
    MessageKind.REVISED: (_has_other_status, "the release {stands}"),
    MessageKind.UNREACHABLE: (_was_edited, "the release was changed meanwhile"),
    MessageKind.CLOSING_SOON: (_was_edited, "the release was changed meanwhile"),
    MessageKind.QUOTA: (_counts_differently, "another part of the signatures is used by now"),
    MessageKind.LEFT: (_is_back, "the release was changed meanwhile"),
}


def why_irrelevant(row: Row[Any], now: datetime) -> str | None:
    """Return why a claimed delivery is not worth sending any more, or None where it is."""
    if not row.active and row.kind not in EVEN_TO_INACTIVE:
        return "the recipient is not active any more"
    if row.address_change_id is not None:
        # A change that was deleted in the meantime has no such column any more.
        is_over = row.change_ended_at is not None or not _is_after(row.change_expires_at, now)
        return "its link has ended" if is_over else None
    if row.webhook_id is not None or row.release_id is None:
        return None
    sent = SentMessage.of(row, is_followed=row.is_followed)
    reason = contradiction(sent, ReleaseState.of(row, row.max_signatures, now))
    if reason is not None:
        return f"not true any more: {reason}"
    return None if row.action_link_id is None else _why_link_ended(row, now)


def _is_after(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant > now


def contradiction(sent: SentMessage, now: ReleaseState) -> str | None:
    """Return what became of the release that makes the message untrue; None where it is true."""
    if now.status not in TRUE_WHILE[sent.kind] and not _stays_true(sent):
        return f"the release {STATUS_PHRASES[now.status]}"
    is_contradicted, reason = CONTRADICTED.get(sent.kind, (None, ""))
    if is_contradicted is None or not is_contradicted(sent, now):
        return None
    return reason.format(stands=STATUS_PHRASES[now.status])


def _why_link_ended(row: Row[Any], now: datetime) -> str | None:
    """Return why the link of a delivery has ended, or None where it still works."""
    if row.used_at is not None:
        return "its link has been used"
    if row.link_revision != row.material_revision:
        return "the request was changed meanwhile"
    if row.voided_at is not None:
        return "its link has ended"
    return None if row.expires_at > now else "its link has lapsed"
