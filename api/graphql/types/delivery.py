"""Messages to people, and what became of each."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.message_enums import Audience, DeliveryState, MessageKind
from api.graphql.types.node import Node
from api.graphql.types.people import User
from engine.queries.records import Record


@strawberry.type(description="A delivery is one message to one person through one channel.")
class Delivery(Node):
    source: strawberry.Private[Record]
    kind: MessageKind = strawberry.field(
        description="The kind of message, which tells what it is about."
    )
    channel: str = strawberry.field(
        description="The name of the channel that carries the message, like `email`."
    )
    audiences: list[Audience] = strawberry.field(
        description="The capacities in which this person receives the message."
    )
    state: DeliveryState = strawberry.field(
        description="Whether the message is queued, was sent, failed or became void."
    )
    attempts: int = strawberry.field(description="The number of times that sending was attempted.")
    last_error: str | None = strawberry.field(
        description="Why the message was not sent, or why the last attempt failed."
    )
    created_at: datetime = strawberry.field(description="The time at which the message was queued.")
    next_attempt_at: datetime | None = strawberry.field(
        description="The time of the next attempt, or null once the message has been sent"
        " or given up."
    )
    settled_at: datetime | None = strawberry.field(
        description="The time at which the message was sent or given up."
    )
    recipient: User = strawberry.field(
        default=None, description="The user to whom the message is addressed."
    )

    @classmethod
    def of(cls, row: Record) -> Delivery:
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
