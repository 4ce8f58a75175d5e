"""Rows of deliveries: for each person one on every channel they chose, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from engine.facts import Release
from engine.persistence.canonical import canonical
from engine.persistence.ids import uuid7
from notifications import preferences
from notifications.recipients import People
from notifications.tables import deliveries
from notifications.vocabulary import EMAIL, DeliveryState, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said, the same to everyone it is said to."""

    kind: Kind
    account_id: UUID
    facts: dict[str, Any]
    release: Release | None = None


def enqueue(
    connection: Connection,
    message: Message,
    people: People,
    now: datetime,
    links: Mapping[UUID, UUID] | None = None,
    *,
    channels: Collection[str] = (EMAIL,),
) -> None:
    """Queue it for these people, due at once; each with their own link, where there are any.

    `channels`: those there are for people, of which they chose.
    """
    if not people:
        return
    links = links or {}
    chosen = preferences.channels_of(connection, people, message.kind, channels)
    release = message.release
    common = {
        "account_id": message.account_id,
        "kind": message.kind,
        "release_id": release.id if release else None,
        "revision": release.revision if release else None,
        "facts": canonical(message.facts),
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
    }
    rows = [
        {
            "id": uuid7(),
            "user_id": user_id,
            "channel": channel,
            "audiences": " ".join(sorted(audiences)),
            "action_link_id": links.get(user_id),
            **common,
        }
        for user_id, audiences in people.items()
        for channel in chosen[user_id]
    ]
    if rows:
        connection.execute(deliveries.insert(), rows)
