"""The account's webhooks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import strawberry

from api.graphql.context import Info, run_query
from api.graphql.entity_cache import EntityCache
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.webhook import Webhook, WebhookDelivery
from engine.persistence.db.pagination import PageArgs
from notifications.webhooks import queries


def webhooks_found(shelf: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Webhooks by id, for those who may see them."""
    return {id_: Webhook.of(row) for id_, row in queries.by_ids(shelf.reading, ids).items()}


def webhook_deliveries_found(shelf: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    """What was sent to them, by id."""
    found = queries.deliveries_by_ids(shelf.reading, ids)
    return {id_: WebhookDelivery.of(row) for id_, row in found.items()}


@strawberry.type
class WebhookQueries:
    @strawberry.field(
        description="Returns the account's webhooks, oldest first, for callers with MANAGE_ACCOUNT."
    )
    async def webhooks(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Webhook]:
        def find(shelf: EntityCache, plan: Selection) -> Connection[Webhook]:
            page = queries.page(shelf.reading, PageArgs(first, after, last, before))
            total = queries.count(shelf.reading) if "totalCount" in plan else None
            items = [Webhook.of(row) for row in page.items]
            return connect(Connection[Webhook], Edge[Webhook], items, page, total)

        return await run_query(info, find)
