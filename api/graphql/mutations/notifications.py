"""Choose the channels of one's own messages, and send a message again."""

from __future__ import annotations

from functools import partial
from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import parse
from api.graphql.loaders.notifications import preferences_of
from api.graphql.mutations.payload import Payload
from api.graphql.mutations.webhooks import message_settings_of
from api.graphql.queries.webhooks import webhook_deliveries_by_ids
from api.graphql.resolvers import run_action, run_mutation
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

#: How deliveries of each type are read.
_DELIVERIES_BY_IDS = {
    "Delivery": deliveries_by_ids,
    "WebhookDelivery": webhook_queries.deliveries_by_ids,
}


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

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdatePreferences:
        """Return the command."""
        return UpdatePreferences(
            chosen={choice.kind: frozenset(choice.channels) for choice in self.preferences},
            channels=message_settings_of(runtime).personal,
        )


@strawberry.type(description="The result of changing one's notification preferences.")
class UpdateNotificationPreferencesPayload(Payload):
    preferences: list[NotificationPreference] = strawberry.field(
        default_factory=list, description="The caller's preferences for every kind of message."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, user_id: UUID) -> Self:
        """Return the payload with the user's preferences as they are now."""
        return cls(preferences=preferences_of(cache, user_id))


@strawberry.input(description="The delivery whose message is to be sent again.")
class ResendDeliveryInput:
    id: strawberry.ID = strawberry.field(
        description="The id of a Delivery or of a WebhookDelivery."
    )

    async def resend(self, runtime: Runtime, principal: Principal) -> UUID:
        """Queue the message again and return the id of the new delivery."""
        kind, delivery_id = parse(self.id) or ("", UUID(int=0))
        release_id = await runtime.read(principal, partial(_release_id, kind, delivery_id))
        settings = message_settings_of(runtime)
        command = ResendDelivery(
            delivery_id=delivery_id,
            release_id=release_id,
            link_key=settings.link_key,
            link_lifetime=settings.link_lifetime,
            channels=settings.personal,
        )
        return await runtime.execute(principal, command)


@strawberry.type(description="The result of sending a message again.")
class ResendDeliveryPayload(Payload):
    delivery: Delivery | None = strawberry.field(
        default=None, description="The new delivery, if the message goes to a person."
    )
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        default=None, description="The new delivery, if the message goes to a webhook."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, delivery_id: UUID) -> Self:
        """Return the payload with the new delivery, to a person or to a webhook."""
        row = deliveries_by_ids(cache.reading, [delivery_id]).get(delivery_id)
        return cls(
            delivery=Delivery.of(row) if row is not None else None,
            webhook_delivery=webhook_deliveries_by_ids(cache, [delivery_id]).get(delivery_id),
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
        return await run_mutation(info, input, UpdateNotificationPreferencesPayload)

    @strawberry.mutation(
        description="Sends a message again that failed or got lost. It is for the release's"
        " requester and approvers, and for callers with MANAGE_ACCOUNT."
    )
    async def resend_delivery(
        self, info: Info, input: ResendDeliveryInput
    ) -> ResendDeliveryPayload:
        return await run_action(info, input, input.resend, ResendDeliveryPayload)


def _release_id(kind: str, delivery_id: UUID, reading: QueryContext) -> UUID | None:
    """Return the id of the release that a delivery is about; refuses NOT_FOUND."""
    by_ids = _DELIVERIES_BY_IDS.get(kind)
    rows = by_ids(reading, [delivery_id]) if by_ids is not None else {}
    if delivery_id not in rows:
        raise not_found("delivery", "id")
    release_id: UUID | None = rows[delivery_id].release_id
    return release_id
