"""Queues deliveries: for each person one on every channel they chose, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from engine.model.events import ReleaseRequested
from engine.model.facts import Release
from engine.persistence.db.bulk import insert_many
from engine.persistence.db.ids import uuid7s
from notifications.content.stored_facts import store_facts
from notifications.outbox import administration_digest, merging, preferences, request_pace
from notifications.outbox.merging import Draft
from notifications.outbox.recipients import People
from notifications.outbox.request_pace import Lane
from notifications.tables import deliveries
from notifications.vocabulary import EMAIL, DeliveryState, MessageKind

#: The columns that a copy of a delivery takes over.
_COPIED_COLUMNS = (
    "account_id",
    "user_id",
    "webhook_id",
    "kind",
    "audiences",
    "release_id",
    "revision",
    "facts",
    "calendar",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message before it becomes deliveries: what it says, and to whom."""

    kind: MessageKind
    account_id: UUID
    facts: dict[str, Any]
    people: People
    release: Release | None = None
    #: The calendar files by person, for those who get one.
    calendars: Mapping[UUID, str] = field(default_factory=dict)


def enqueue(
    connection: Connection,
    messages: Sequence[OutboxMessage],
    now: datetime,
    links: Mapping[tuple[UUID, UUID], UUID] | None = None,
    *,
    channels: Collection[str] = (EMAIL,),
    new_releases: Collection[UUID] = (),
) -> None:
    """Queue messages for each person on the channels they chose.

    They are due at once, except those that wait to be merged with others (`merging`,
    `administration_digest`) and requests that come too often (`request_pace`).

    Args:
        connection: Of the transaction.
        messages: What to queue.
        now: The instant of queueing.
        links: The ids of action links by release and user.
        channels: The available channels for people.
        new_releases: Releases about which nothing was queued before.
    """
    drafts = _drafts(connection, messages, links or {}, channels)
    if not drafts:
        return
    combined = merging.combine(connection, list(drafts), now, new_releases)
    remaining = [(drafts[draft], draft) for draft in combined]
    earliest = request_pace.earliest_requests(connection, _repeated_requests(messages), now)
    for message, draft in remaining:
        draft.row["next_attempt_at"] = _due_at(message, draft, earliest, now)
    facts = _StoredFacts()
    rows = [draft.row | {"facts": facts.of(message, draft)} for message, draft in remaining]
    insert(connection, rows, now)


def _drafts(
    connection: Connection,
    messages: Sequence[OutboxMessage],
    links: Mapping[tuple[UUID, UUID], UUID],
    channels: Collection[str],
) -> dict[Draft, OutboxMessage]:
    """Draft a delivery for each person on each channel they chose, in the order of the messages."""
    people_and_kinds = {
        (user_id, message.kind) for message in messages for user_id in message.people
    }
    if not people_and_kinds:
        return {}
    chosen = preferences.channels_of(connection, people_and_kinds, channels)
    return {
        Draft(kind=message.kind, row=row): message
        for message in messages
        for row in _rows(message, links, chosen)
    }


def copy_of(row: Row[Any], channel: str, link_id: UUID | None) -> dict[str, Any]:
    """Return the row with which a delivery is queued once more to the same recipient."""
    values = {name: row._mapping[name] for name in _COPIED_COLUMNS}
    return {**values, "channel": channel, "action_link_id": link_id}


def insert(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[UUID]:
    """Insert rows that all have the same columns, and return their ids."""
    # Deliveries are sent in the order of their ids, which is that of the messages.
    ids = uuid7s(len(rows))
    shared = {"state": DeliveryState.QUEUED, "attempts": 0, "created_at": now}
    if rows:
        identified = [
            {"id": id_, "next_attempt_at": now, **row} for id_, row in zip(ids, rows, strict=True)
        ]
        insert_many(connection, deliveries, shared, identified)
    return ids


def _rows(
    message: OutboxMessage,
    links: Mapping[tuple[UUID, UUID], UUID],
    chosen: Mapping[tuple[UUID, MessageKind], list[str]],
) -> list[dict[str, Any]]:
    release = message.release
    common = {
        "account_id": message.account_id,
        "kind": message.kind,
        "release_id": release.id if release else None,
        "revision": release.revision if release else None,
    }
    return [
        {
            "user_id": user_id,
            "channel": channel,
            "audiences": " ".join(sorted(audiences)),
            "action_link_id": links.get((release.id, user_id)) if release else None,
            "calendar": message.calendars.get(user_id),
            **common,
        }
        for user_id, audiences in message.people.items()
        for channel in chosen[user_id, message.kind]
    ]


def _repeated_requests(messages: Sequence[OutboxMessage]) -> dict[UUID, int]:
    """Return the material revision of each release whose approval is requested once more."""
    return {
        message.release.id: message.release.material_revision
        for message in messages
        if message.kind is MessageKind.REQUEST
        and message.release is not None
        and message.facts["event"]["tag"] != ReleaseRequested.tag
    }


def _due_at(
    message: OutboxMessage, draft: Draft, earliest: Mapping[Lane, datetime], now: datetime
) -> datetime:
    if message.kind is MessageKind.ADMINISTERED:
        return now + administration_digest.DELAY
    if message.release is None:
        return now
    if message.kind is MessageKind.REQUEST:
        return max(now, earliest.get(draft.lane, now))
    return merging.due_at(message.kind, message.release.fields.starts_at, now)


class _StoredFacts:
    """The stored facts of messages, serialized once for all readers of the same."""

    def __init__(self) -> None:
        self._stored: dict[tuple[int, frozenset[MessageKind]], str] = {}

    def of(self, message: OutboxMessage, draft: Draft) -> str:
        """Return the facts of a message, with the kinds that it has taken in."""
        key = id(message), frozenset(draft.taken_in)
        if key not in self._stored:
            more = {"taken_in": sorted(draft.taken_in)} if draft.taken_in else {}
            event = {**message.facts["event"], **more}
            self._stored[key] = store_facts({**message.facts, "event": event})
        return self._stored[key]
