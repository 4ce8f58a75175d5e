"""Choose what one is told, and send again what did not arrive."""

from __future__ import annotations

from uuid import UUID

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import parse
from api.graphql.loaders.notifications import preferences_of
from api.graphql.mutations.payload import Payload
from api.graphql.mutations.webhooks import telling_of
from api.graphql.queries.webhooks import webhook_deliveries_found
from api.graphql.types.delivery import Delivery
from api.graphql.types.message_enums import MessageKind
from api.graphql.types.notification import NotificationPreference
from api.graphql.types.webhook import WebhookDelivery
from api.runtime.runtime import Runtime
from engine.model.errors import not_found
from engine.model.principal import Principal
from engine.queries.context import QueryContext
from notifications.delivery.queries import deliveries_by_ids
from notifications.delivery.resend import ResendDelivery
from notifications.outbox.preferences import UpdatePreferences
from notifications.webhooks import queries as webhook_queries


@strawberry.input(description="By which ways one wants to be told one kind of message.")
class NotificationPreferenceInput:
    kind: MessageKind = strawberry.field(description="What the message says.")
    channels: list[str] = strawberry.field(
        description="Of the viewer's `notificationChannels`; none silences it, but for REQUEST."
    )


@strawberry.input(description="A choice of one's own. Kinds left out stay.")
class UpdateNotificationPreferencesInput:
    preferences: list[NotificationPreferenceInput] = strawberry.field(
        description="For each kind the ways; of a kind named twice the last counts."
    )


@strawberry.type(description="The choice after the change.")
class UpdateNotificationPreferencesPayload(Payload):
    preferences: list[NotificationPreference] = strawberry.field(
        default_factory=list, description="For every kind."
    )


@strawberry.input(description="A message to send again.")
class SendAgainInput:
    id: strawberry.ID = strawberry.field(description="Of a Delivery or a WebhookDelivery.")


@strawberry.type(description="What was queued.")
class SendAgainPayload(Payload):
    delivery: Delivery | None = strawberry.field(
        default=None, description="The new one, if it goes to a person."
    )
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        default=None, description="The new one, if it goes to a webhook."
    )


@strawberry.type
class NotificationMutations:
    @strawberry.mutation(
        description="Choose what one is told oneself, and by which ways. With a token this needs"
        " the scope MANAGE_OWN_PROFILE."
    )
    async def update_notification_preferences(
        self, info: Info, input: UpdateNotificationPreferencesInput
    ) -> UpdateNotificationPreferencesPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            command = UpdatePreferences(
                chosen={one.kind: frozenset(one.channels) for one in input.preferences},
                channels=telling_of(runtime).personal,
            )
            return await runtime.execute(principal, command)

        return await run_mutation(
            info, UpdateNotificationPreferencesPayload, act, preferences=preferences_of
        )

    @strawberry.mutation(
        description="Send a message again that failed or got lost: as the release's requester or"
        " approver, or with MANAGE_ACCOUNT."
    )
    async def send_again(self, info: Info, input: SendAgainInput) -> SendAgainPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            kind, delivery_id = parse(input.id) or ("", UUID(int=0))
            release_id = await runtime.read(
                principal, lambda reading: _release_id(reading, kind, delivery_id)
            )
            telling = telling_of(runtime)
            command = ResendDelivery(
                delivery_id=delivery_id,
                release_id=release_id,
                link_key=telling.link_key,
                link_lifetime=telling.link_lifetime,
                channels=telling.personal,
            )
            return await runtime.execute(principal, command)

        return await run_mutation(
            info, SendAgainPayload, act, delivery=_delivery, webhook_delivery=_webhook_delivery
        )


def _release_id(reading: QueryContext, kind: str, delivery_id: UUID) -> UUID | None:
    by_ids = {
        "Delivery": deliveries_by_ids,
        "WebhookDelivery": webhook_queries.deliveries_by_ids,
    }.get(kind)
    found = by_ids(reading, [delivery_id]) if by_ids is not None else {}
    if delivery_id not in found:
        raise not_found("delivery", "id")
    release_id: UUID | None = found[delivery_id].release_id
    return release_id


def _delivery(shelf: EntityCache, id_: UUID) -> Delivery | None:
    row = deliveries_by_ids(shelf.reading, [id_]).get(id_)
    return Delivery.of(row) if row is not None else None


def _webhook_delivery(shelf: EntityCache, id_: UUID) -> WebhookDelivery | None:
    found: WebhookDelivery | None = webhook_deliveries_found(shelf, [id_]).get(id_)
    return found
