"""Fields about being told: a viewer's preferences, and what was sent to webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.loaders.releases import PAGE_ARGUMENTS, window_of
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.account import Viewer
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.notification import NotificationPreference
from api.graphql.types.webhook import Webhook, WebhookDelivery
from notifications.outbox.preferences import chosen_by
from notifications.webhooks import queries


@loads(Viewer, "notificationPreferences")
def preferences(shelf: EntityCache, viewers: Sequence[Viewer], call: FieldCall) -> Iterable[Any]:
    for viewer in viewers:
        viewer.notification_preferences = preferences_of(shelf, viewer.user.source.id)
    return ()


def preferences_of(shelf: EntityCache, user_id: Any) -> list[NotificationPreference]:
    """A person's choice for every kind, as the schema has it."""
    chosen = chosen_by(shelf.reading.connection, user_id)
    return [
        NotificationPreference(kind=kind, channels=sorted(names)) for kind, names in chosen.items()
    ]


@loads(Webhook, "deliveries")
def webhook_deliveries(
    shelf: EntityCache, webhooks: Sequence[Webhook], call: FieldCall
) -> Iterable[Any]:
    ids, reading = [webhook.source.id for webhook in webhooks], shelf.reading
    pages = queries.deliveries_of(reading, ids, window_of(call))
    totals = queries.deliveries_count(reading, ids) if "totalCount" in call.plan else {}
    key = ("deliveries", *(call.arguments.get(name) for name in PAGE_ARGUMENTS))
    made = []
    for webhook in webhooks:
        page, total = pages[webhook.source.id], totals.get(webhook.source.id)
        items = [WebhookDelivery.of(row) for row in page.items]
        webhook.pages[key] = connect(
            Connection[WebhookDelivery], Edge[WebhookDelivery], items, page, total
        )
        made.append(webhook.pages[key])
    return made
