"""Rows of deliveries: for each person one on every channel they chose, in one statement."""

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

#: What a copy of a delivery has of it.
_KEPT = (
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
    """What is said, the same to everyone it is said to."""

    kind: MessageKind
    account_id: UUID
    facts: dict[str, Any]
    people: People
    release: Release | None = None
    #: What the calendar file of each shows, of those who get one.
    calendars: Mapping[UUID, str] = field(default_factory=dict)


def enqueue(
    connection: Connection,
    messages: Sequence[OutboxMessage],
    now: datetime,
    links: Mapping[tuple[UUID, UUID], UUID] | None = None,
    *,
    channels: Collection[str] = (EMAIL,),
) -> None:
    """Queue them; each person with their own link, where there are any.

    They are due at once, but for what is told together with something else (`together`,
    `administration_digest`), and for requests that come too often (`request_pace`).

    `links`: by release and user. `channels`: those there are for people, of which they chose.
    """
    told = {(user_id, message.kind) for message in messages for user_id in message.people}
    if not told:
        return
    chosen = preferences.channels_of(connection, told, channels)
    drafted = [
        (message, Draft(kind=message.kind, row=row))
        for message in messages
        for row in _rows(message, links or {}, chosen)
    ]
    kept = {id(draft) for draft in merging.combine(connection, [d for _, d in drafted], now)}
    left = [(message, draft) for message, draft in drafted if id(draft) in kept]
    paces = request_pace.paced(connection, _asked_before(messages), now)
    for message, draft in left:
        draft.row["next_attempt_at"] = _due_at(message, draft, paces, now)
    facts = _Facts()
    rows = [draft.row | {"facts": facts.of(message, draft)} for message, draft in left]
    insert(connection, rows, now)


def copy_of(row: Row[Any], channel: str, link_id: UUID | None) -> dict[str, Any]:
    """The same message to the same recipient, to be queued once more."""
    kept = {name: row._mapping[name] for name in _KEPT}
    return {**kept, "channel": channel, "action_link_id": link_id}


def insert(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[UUID]:
    """Queue rows that all name the same columns; answers their ids."""
    # Sent in the order of their ids: that of the messages.
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


def _asked_before(messages: Sequence[OutboxMessage]) -> dict[UUID, int]:
    """The material revisions of releases, by id, whose requests are not the first about them."""
    return {
        message.release.id: message.release.material_revision
        for message in messages
        if message.kind is MessageKind.REQUEST
        and message.release is not None
        and message.facts["event"]["tag"] != ReleaseRequested.tag
    }


def _due_at(
    message: OutboxMessage, draft: Draft, paces: Mapping[Lane, datetime], now: datetime
) -> datetime:
    if message.kind is MessageKind.ADMINISTERED:
        return now + administration_digest.DELAY
    if message.release is None:
        return now
    if message.kind is MessageKind.REQUEST:
        return max(now, paces.get(draft.lane, now))
    return merging.due_at(message.kind, message.release.fields.starts_at, now)


class _Facts:
    """Each message's facts as they are stored, made once for all who are told the same."""

    def __init__(self) -> None:
        self._stored: dict[tuple[int, frozenset[MessageKind]], str] = {}

    def of(self, message: OutboxMessage, draft: Draft) -> str:
        """With the kinds of messages that it is told together with, if there are any."""
        key = id(message), frozenset(draft.taken_in)
        if key not in self._stored:
            more = {"taken_in": sorted(draft.taken_in)} if draft.taken_in else {}
            event = {**message.facts["event"], **more}
            self._stored[key] = store_facts({**message.facts, "event": event})
        return self._stored[key]
