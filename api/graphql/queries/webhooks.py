"""The account's webhooks."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, ByTime, First, Last
from api.graphql.types.enums import Direction
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.webhook import Webhook, WebhookDelivery
from engine.persistence.db.pagination import PageArgs
from notifications.webhooks import queries


def webhooks_by_ids(cache: EntityCache, ids: Collection[UUID]) -> dict[UUID, Webhook]:
    """Return webhooks by id, for callers who may see them."""
    return {id_: Webhook.of(row) for id_, row in queries.by_ids(cache.reading, ids).items()}


def webhook_deliveries_by_ids(
    cache: EntityCache, ids: Collection[UUID]
) -> dict[UUID, WebhookDelivery]:
    """Return deliveries to webhooks by id, for callers who may see them."""
    rows = queries.deliveries_by_ids(cache.reading, ids)
    return {id_: WebhookDelivery.of(row) for id_, row in rows.items()}


@strawberry.type
class WebhookQueries:
    @strawberry.field(
        description="Returns the account's webhooks, oldest first unless another direction is"
        " given, for callers with MANAGE_ACCOUNT."
    )
    async def webhooks(
        self,
        info: Info,
        direction: ByTime = Direction.ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Webhook]:
        return await run_query(info, _webhooks, PageArgs(first, after, last, before), direction)


def _webhooks(
    cache: EntityCache, selection: Selection, args: PageArgs, direction: Direction
) -> Connection[Webhook]:
    page = queries.page(cache.reading, args, descending=direction is Direction.DESC)
    total = queries.count(cache.reading) if "totalCount" in selection else None
    webhooks = [Webhook.of(row) for row in page.items]
    return connect(Connection[Webhook], Edge[Webhook], webhooks, page, total)
