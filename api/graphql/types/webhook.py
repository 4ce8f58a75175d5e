"""Webhooks, and what was sent to them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.arguments import After, Before, ByTime, First, Last
from api.graphql.types.enums import Direction
from api.graphql.types.message_enums import DeliveryState
from api.graphql.types.node import Connection, Node
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.queries.records import Record
from notifications.vocabulary import DeliveryState as State
from notifications.webhooks.tags import patterns_of


@strawberry.type(description="A webhook delivery is one message to one webhook.")
class WebhookDelivery(Node):
    source: strawberry.Private[Record]
    tag: str = strawberry.field(
        description="The tag of the ledger entry that is delivered, like"
        " `release:approved`, or `webhook:test` for a test."
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

    @classmethod
    def of(cls, row: Record) -> WebhookDelivery:
        """A delivery from its row."""
        return cls(
            id=strawberry.ID(to_global("WebhookDelivery", row.id)),
            source=row,
            tag=json.loads(row.facts)["data"]["tag"],
            state=row.state,
            attempts=row.attempts,
            last_error=row.last_error,
            created_at=row.created_at,
            next_attempt_at=row.next_attempt_at if row.state is State.QUEUED else None,
            settled_at=row.settled_at,
        )


@strawberry.type(
    description="A webhook receives ledger entries as signed HTTP requests, by the"
    " Standard Webhooks specification."
)
class Webhook(Node):
    source: strawberry.Private[Record]
    #: Connections that were read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]
    name: str = strawberry.field(
        description="The name of the webhook, which tells what it is used for."
    )
    url: str = strawberry.field(description="The URL to which requests are sent.")
    tags: list[str] = strawberry.field(
        description="The tags of the ledger entries that the webhook receives, or prefixes"
        " of tags followed by `*`."
    )
    active: bool = strawberry.field(
        description="Whether the webhook is active; nothing is sent to an inactive one."
    )
    disabled_reason: str | None = strawberry.field(
        description="Why the webhook was disabled, if its receiver caused that."
    )
    created_at: datetime = strawberry.field(
        description="The time at which the webhook was created."
    )
    previous_secret_until: datetime | None = strawberry.field(
        description="The time until which requests are signed with the previous secret,"
        " too, or null if there is none."
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the webhook now, with the reason why"
        " others would be refused.",
    )

    @strawberry.field(
        description="The messages that were sent to the webhook, newest first unless another"
        " direction is given."
    )
    def deliveries(
        self,
        direction: ByTime = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[WebhookDelivery]:
        key = ("deliveries", first, after, last, before, direction)
        page: Connection[WebhookDelivery] = self.pages[key]
        return page

    @classmethod
    def of(cls, row: Record) -> Webhook:
        """A webhook from its row; the row has no secret."""
        return cls(
            id=strawberry.ID(to_global("Webhook", row.id)),
            source=row,
            pages={},
            name=row.name,
            url=row.url,
            tags=list(patterns_of(row.tags)),
            active=row.active,
            disabled_reason=row.disabled_reason,
            created_at=row.created_at,
            previous_secret_until=row.previous_until,
        )
