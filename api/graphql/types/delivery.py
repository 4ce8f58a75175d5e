"""Messages to people, and what became of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import Row

from api.graphql.ids import to_global
from api.graphql.types.message_enums import Audience, DeliveryState, MessageKind
from api.graphql.types.node import Node
from api.graphql.types.people import User


@strawberry.type(description="One message to one person on one channel.")
class Delivery(Node):
    source: strawberry.Private[Row[Any]]
    kind: MessageKind = strawberry.field(description="What it says.")
    channel: str = strawberry.field(description="By which way, like `email`.")
    audiences: list[Audience] = strawberry.field(description="Why this person is told.")
    state: DeliveryState = strawberry.field(description="What became of it.")
    attempts: int = strawberry.field(description="How often it was tried.")
    last_error: str | None = strawberry.field(
        description="Why it was not sent, or what the last try failed of."
    )
    created_at: datetime = strawberry.field(description="When it was queued.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is due; null once it is settled."
    )
    settled_at: datetime | None = strawberry.field(description="When it was sent or given up.")
    recipient: User = strawberry.field(default=None, description="Who is told.")

    @classmethod
    def of(cls, row: Row[Any]) -> Delivery:
        """A delivery from its row."""
        waits = row.state is DeliveryState.QUEUED
        return cls(
            id=strawberry.ID(to_global("Delivery", row.id)),
            source=row,
            kind=MessageKind(row.kind),
            channel=row.channel,
            audiences=[Audience(name) for name in row.audiences.split()],
            state=row.state,
            attempts=row.attempts,
            last_error=row.last_error,
            created_at=row.created_at,
            next_attempt_at=row.next_attempt_at if waits else None,
            settled_at=row.settled_at,
        )
