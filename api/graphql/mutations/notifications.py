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


@strawberry.input(
    description="The channels through which the caller wants to receive one kind of message."
)
class NotificationPreferenceInput:
    kind: MessageKind = strawberry.field(
        description="The kind of message that the choice is about."
    )
    channels: list[str] = strawberry.field(
        description="The names of channels from the viewer's `notificationChannels`; an"
        " empty list silences the kind, which REQUEST does not allow."
    )


@strawberry.input(
    description="The preferences to change; kinds of message that are left out stay as they are."
)
class UpdateNotificationPreferencesInput:
    preferences: list[NotificationPreferenceInput] = strawberry.field(
        description="The chosen channels for each kind of message; if a kind is named"
        " twice, the last choice counts."
    )


@strawberry.type(description="The result of changing one's notification preferences.")
class UpdateNotificationPreferencesPayload(Payload):
    preferences: list[NotificationPreference] = strawberry.field(
        default_factory=list, description="The caller's preferences for every kind of message."
    )


@strawberry.input(description="The delivery whose message is to be sent again.")
class ResendDeliveryInput:
    id: strawberry.ID = strawberry.field(
        description="The id of a Delivery or of a WebhookDelivery."
    )


@strawberry.type(description="The result of sending a message again.")
class ResendDeliveryPayload(Payload):
    delivery: Delivery | None = strawberry.field(
        default=None, description="The new delivery, if the message goes to a person."
    )
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        default=None, description="The new delivery, if the message goes to a webhook."
    )


@strawberry.type
class NotificationMutations:
    @strawberry.mutation(
        description="Changes the channels through which the caller receives messages. With"
        " a token this needs the scope MANAGE_OWN_PROFILE."
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
        description="Sends a message again that failed or got lost. It is for the release's"
        " requester and approvers, and for callers with MANAGE_ACCOUNT."
    )
    async def resend_delivery(
        self, info: Info, input: ResendDeliveryInput
    ) -> ResendDeliveryPayload:
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
            info, ResendDeliveryPayload, act, delivery=_delivery, webhook_delivery=_webhook_delivery
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
