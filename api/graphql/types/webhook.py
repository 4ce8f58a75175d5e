"""Webhooks, and what was sent to them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import Row

from api.graphql.ids import to_global
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.message_enums import DeliveryState
from api.graphql.types.node import Connection, Node
from notifications.vocabulary import DeliveryState as State
from notifications.webhooks.tags import patterns_of


@strawberry.type(description="One message to one webhook.")
class WebhookDelivery(Node):
    source: strawberry.Private[Row[Any]]
    tag: str = strawberry.field(
        description="Of which ledger entry, like `release:approved`; `webhook:test` of none."
    )
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

    @classmethod
    def of(cls, row: Row[Any]) -> WebhookDelivery:
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
    description="A program that is told of ledger entries: signed HTTP requests by the Standard"
    " Webhooks specification."
)
class Webhook(Node):
    source: strawberry.Private[Row[Any]]
    #: Connections that were read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]
    name: str = strawberry.field(description="What it is for.")
    url: str = strawberry.field(description="Where requests go.")
    tags: list[str] = strawberry.field(
        description="What it is told: tags of ledger entries, or what they begin with and `*`."
    )
    active: bool = strawberry.field(description="Whether anything is sent.")
    disabled_reason: str | None = strawberry.field(
        description="Why it was switched off, if its receiver caused that."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    previous_secret_until: datetime | None = strawberry.field(
        description="Until when the secret before this one signs too; null if there is none."
    )

    @strawberry.field(description="What was sent to it, newest first.")
    def deliveries(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[WebhookDelivery]:
        page: Connection[WebhookDelivery] = self.pages["deliveries", first, after, last, before]
        return page

    @classmethod
    def of(cls, row: Row[Any]) -> Webhook:
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
