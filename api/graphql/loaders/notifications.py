"""Loaders for notification preferences, and for deliveries to webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.loaders.connections import connect_pages, direction_of, page_args_of
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.enums import Direction
from api.graphql.types.notification import NotificationPreference
from api.graphql.types.webhook import Webhook, WebhookDelivery
from notifications.outbox.preferences import chosen_by
from notifications.webhooks import queries


def preferences_of(cache: EntityCache, user_id: Any) -> list[NotificationPreference]:
    """Return the channels that a person has chosen for every kind of message."""
    chosen = chosen_by(cache.reading.connection, user_id)
    return [
        NotificationPreference(kind=kind, channels=sorted(names)) for kind, names in chosen.items()
    ]


@loads(Webhook, "deliveries")
def webhook_deliveries(
    cache: EntityCache, webhooks: Sequence[Webhook], call: FieldCall
) -> Iterable[Any]:
    ids, reading = [webhook.source.id for webhook in webhooks], cache.reading
    direction = direction_of(call)
    descending = direction is Direction.DESC
    pages = queries.deliveries_of(reading, ids, page_args_of(call), descending=descending)
    count = partial(queries.deliveries_count, reading, ids)
    return connect_pages(webhooks, call, "deliveries", WebhookDelivery, pages, count, direction)
