"""What differs for each reader from what they last decided on, or from what they last received.

An edit is told as what it changed; but a reader may have missed the edits before it, or not have
been sent their messages yet. So the changes in a message, and on the decision page, are composed
from all edits since the revision that this reader knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.lifecycle.release_changes import Edit, composed, edits_after
from engine.model.events import Changes
from engine.model.facts import Release
from engine.persistence.db.sql import id_in
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from notifications.facts.change_facts import describe_changes
from notifications.outbox.queueing import OutboxMessage
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState, MessageKind, Reference

#: A revision, and what makes it the one to compare with.
Known: TypeAlias = tuple[int, Reference]
#: Messages that tell of changes.
COMPARING = frozenset(
    {
        MessageKind.REQUEST,
        MessageKind.REMINDER,
        MessageKind.REVISED,
        MessageKind.APPROVED,
        MessageKind.OPENED,
    }
)

_D, _V, _E = deliveries, t.decisions, t.release_edits
_DELIVERIES = (
    sa.select(_D.c.release_id, _D.c.user_id, _D.c.state, _D.c.revision)
    .where(
        id_in(_D.c.release_id),
        _D.c.user_id.is_not(None),
        # Who leaves a release is told its name and no more.
        _D.c.kind != MessageKind.LEFT,
        _D.c.state.in_((DeliveryState.QUEUED, DeliveryState.SENT)),
    )
    .distinct()
)
_DECISIONS = sa.select(_V.c.release_id, _V.c.approver_id, _V.c.revision).where(
    id_in(_V.c.release_id)
)
_OWN_EDITS = sa.select(_E.c.release_id, _E.c.editor_id, _E.c.revision).where(id_in(_E.c.release_id))


@dataclass(slots=True)
class SeenRevisions:
    """The revisions of one release that one person knows, by how they came to know them."""

    #: Looked at and decided on.
    decided: set[int] = field(default_factory=set)
    #: Requested or edited by themselves.
    written: set[int] = field(default_factory=set)
    #: Told by a message that a channel took.
    sent: set[int] = field(default_factory=set)
    #: Told by a message that waits to be sent, and may never be.
    queued: set[int] = field(default_factory=set)

    def known_before(self, revision: int) -> Known | None:
        """What a message about this revision is compared with; None for the first they hear of it.

        Whoever decided is shown all that differs from what they decided on, whatever was written
        to them since. Of messages that still wait the oldest counts: some may become void.
        """
        written = {known for known in self.written if known < revision}
        decided = {known for known in self.decided if known < revision}
        if decided:
            return max(decided | written), Reference.DECISION
        if received := written | self.sent:
            return max(received), Reference.EARLIER_MESSAGE
        return (min(self.queued), Reference.EARLIER_MESSAGE) if self.queued else None

    def known_at_link(self, link_revision: int) -> Known:
        """What the page of a link is compared with, which was sent at this revision."""
        earlier = {known for known in self.sent | self.written if known < link_revision}
        if earlier and not self.decided:
            return max(earlier), Reference.EARLIER_MESSAGE
        return self.decided_or(link_revision)

    def decided_or(self, link_revision: int) -> Known:
        """The revision decided on last, else the one that the message with the link was about."""
        if self.decided:
            return max(self.decided), Reference.DECISION
        return link_revision, Reference.THIS_MESSAGE


def seen_by(
    connection: Connection, releases: Collection[Release]
) -> dict[tuple[UUID, UUID | None], SeenRevisions]:
    """Who knows which revisions of these releases, by release and person."""
    seen: dict[tuple[UUID, UUID | None], SeenRevisions] = {}

    def of(release_id: UUID, user_id: UUID | None) -> SeenRevisions:
        return seen.setdefault((release_id, user_id), SeenRevisions())

    for release in releases:
        of(release.id, release.creator_id).written.add(1)
    ids = {"ids": sorted({release.id for release in releases})}
    for release_id, user_id, revision in connection.execute(_DECISIONS, ids).all():
        of(release_id, user_id).decided.add(revision)
    for release_id, user_id, revision in connection.execute(_OWN_EDITS, ids).all():
        of(release_id, user_id).written.add(revision)
    for release_id, user_id, state, revision in connection.execute(_DELIVERIES, ids).all():
        known = of(release_id, user_id)
        (known.sent if state is DeliveryState.SENT else known.queued).add(revision)
    return seen


def changes_since(edits: Iterable[Edit], revision: int) -> Changes:
    """What differs now from that revision."""
    return composed(edits_after(edits, revision))


def for_each_reader(
    connection: Connection, messages: Sequence[OutboxMessage]
) -> list[OutboxMessage]:
    """The same messages, each with the changes since what its readers know.

    Readers who know different revisions are told in separate messages.
    """
    compared = [_edited_release(message) for message in messages]
    releases = {release.id: release for release in compared if release is not None}
    if not releases:
        return list(messages)
    seen = seen_by(connection, list(releases.values()))
    edits = loading.load_edits(connection, releases.keys())
    result: list[OutboxMessage] = []
    for message, release in zip(messages, compared, strict=True):
        if release is None:
            result.append(message)
        else:
            result += _by_reference(connection, message, release, seen, edits[release.id])
    return result


def _edited_release(message: OutboxMessage) -> Release | None:
    """The release of a message that tells of changes, if there were any."""
    release = message.release
    tells = message.kind in COMPARING and release is not None and release.revision > 1
    return release if tells else None


def _by_reference(
    connection: Connection,
    message: OutboxMessage,
    release: Release,
    seen: Mapping[tuple[UUID, UUID | None], SeenRevisions],
    edits: Sequence[Edit],
) -> Iterator[OutboxMessage]:
    groups: dict[Known | None, dict[UUID, Any]] = {}
    for user_id, audiences in message.people.items():
        known = seen.get((release.id, user_id), SeenRevisions())
        reference = known.known_before(release.revision)
        groups.setdefault(reference, {})[user_id] = audiences
    for reference, people in groups.items():
        yield replace(message, people=people, facts=_facts(connection, message, reference, edits))


def _facts(
    connection: Connection, message: OutboxMessage, reference: Known | None, edits: Sequence[Edit]
) -> dict[str, Any]:
    """Compared with nothing they know, an event's own changes stay."""
    if reference is None:
        return message.facts
    revision, compared_with = reference
    changes = describe_changes(connection, changes_since(edits, revision))
    event = {**message.facts["event"], "changes": changes, "compared_with": compared_with}
    return {**message.facts, "event": event}
