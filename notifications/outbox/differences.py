"""The changes of a release since the revision that each reader knows.

An event holds what one edit changed, but a reader may have missed earlier edits, or not have been
sent their messages yet. So the changes in a message, and on the decision page, are composed from
all edits since the revision that this reader decided on last, or was last notified of.
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
#: The messages that list changes.
KINDS_WITH_CHANGES = frozenset(
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
        # Whoever leaves a release is sent its name alone.
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
    #: Described by a message that was sent.
    sent: set[int] = field(default_factory=set)
    #: Described by a message that is queued, and may never be sent.
    queued: set[int] = field(default_factory=set)

    def known_before(self, revision: int) -> Known | None:
        """Return what a message about a revision is compared with; None for a first message.

        Whoever decided is shown all changes since the revision they decided on, whatever they were
        sent since. Of queued messages the oldest counts, since some may become void.
        """
        written = {known for known in self.written if known < revision}
        decided = {known for known in self.decided if known < revision}
        if decided:
            return max(decided | written), Reference.DECISION
        if received := written | self.sent:
            return max(received), Reference.EARLIER_MESSAGE
        return (min(self.queued), Reference.EARLIER_MESSAGE) if self.queued else None

    def known_at_link(self, link_revision: int) -> Known:
        """Return what the page of a link is compared with that was sent at a revision."""
        earlier = {known for known in self.sent | self.written if known < link_revision}
        if earlier and not self.decided:
            return max(earlier), Reference.EARLIER_MESSAGE
        return self.decided_or(link_revision)

    def decided_or(self, link_revision: int) -> Known:
        """Return the revision decided on last, or else the one that the link was sent at."""
        if self.decided:
            return max(self.decided), Reference.DECISION
        return link_revision, Reference.THIS_MESSAGE


def seen_by(
    connection: Connection, releases: Collection[Release]
) -> dict[tuple[UUID, UUID | None], SeenRevisions]:
    """Return the revisions that people know, by release and person."""
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
    """Return what has changed since a revision."""
    return composed(edits_after(edits, revision))


def for_each_reader(
    connection: Connection, messages: Sequence[OutboxMessage]
) -> list[OutboxMessage]:
    """Return the messages, each with the changes since the revision that its readers know.

    Readers who know different revisions get separate messages.
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
    """Return the release of a message that lists changes, if it was edited at all."""
    release = message.release
    has_changes = (
        message.kind in KINDS_WITH_CHANGES and release is not None and release.revision > 1
    )
    return release if has_changes else None


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
    """Return the facts with composed changes; without a reference the event's own changes stay."""
    if reference is None:
        return message.facts
    revision, compared_with = reference
    changes = describe_changes(connection, changes_since(edits, revision))
    event = {**message.facts["event"], "changes": changes, "compared_with": compared_with}
    return {**message.facts, "event": event}
