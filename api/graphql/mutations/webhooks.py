"""Create and change webhooks, rotate their secrets, and try them."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload, present_fields
from api.graphql.queries.webhooks import webhook_deliveries_by_ids, webhooks_by_ids
from api.graphql.resolvers import run_mutation
from api.graphql.types.webhook import Webhook, WebhookDelivery
from api.runtime.channels import MessageSettings
from api.runtime.runtime import Runtime
from engine.model.principal import Principal
from notifications.channels.webhook_secrets import NewSecret
from notifications.webhooks import rotate, tags
from notifications.webhooks.create import CreateWebhook
from notifications.webhooks.send_test_event import SendTestEvent
from notifications.webhooks.update import UpdateWebhook


@strawberry.input(description="The properties of the webhook to create.")
class CreateWebhookInput:
    name: str = strawberry.field(
        description="The name of the webhook, on one line, which tells what it is used for."
    )
    url: str = strawberry.field(
        description="The URL to which requests are sent, with https and on the public internet."
    )
    tags: list[str] | None = strawberry.field(
        default=None,
        description="The tags of the ledger entries to receive, like `release:approved`, or"
        " prefixes of tags followed by `*`. It is `release:*` if left out, and"
        " anything beyond that needs VIEW_LEDGER.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateWebhook:
        """Return the command."""
        settings = message_settings_of(runtime)
        return CreateWebhook(
            name=self.name,
            url=self.url,
            tags=tags.DEFAULT_TAGS if self.tags is None else tuple(self.tags),
            key=settings.webhook_key,
            allow_private=settings.allow_private,
        )


@strawberry.input(description="The changes of a webhook; a field that is left out stays as it is.")
class UpdateWebhookInput:
    id: strawberry.ID = strawberry.field(description="The id of the webhook to change.")
    name: str | None = strawberry.field(default=None, description="The new name of the webhook.")
    url: str | None = strawberry.field(
        default=None, description="The new URL, to which queued messages are sent, too."
    )
    tags: list[str] | None = strawberry.field(
        default=None,
        description="All tags that the webhook is to receive, including those that are to stay.",
    )
    active: bool | None = strawberry.field(
        default=None,
        description="Whether the webhook is active; if not, nothing is sent to it, not even"
        " what is queued.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdateWebhook:
        """Return the command; refuses ids of other types."""
        return UpdateWebhook(
            webhook_id=from_global(self.id, "Webhook"),
            allow_private=message_settings_of(runtime).allow_private,
            **present_fields(self, "name", "url", "tags", "active"),
        )


@strawberry.input(description="The webhook that is to have a new secret.")
class RotateWebhookSecretInput:
    id: strawberry.ID = strawberry.field(
        description="The id of the webhook whose secret is replaced."
    )
    overlap_hours: int = strawberry.field(
        default=rotate.OVERLAP_HOURS,
        description="The number of hours, from 0 to 168, during which the old secret signs"
        " beside the new one; use 0 if the old one leaked.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> rotate.RotateWebhookSecret:
        """Return the command; refuses ids of other types."""
        return rotate.RotateWebhookSecret(
            webhook_id=from_global(self.id, "Webhook"),
            overlap_hours=self.overlap_hours,
            key=message_settings_of(runtime).webhook_key,
        )


@strawberry.input(description="The webhook that is to be tested.")
class SendTestWebhookInput:
    id: strawberry.ID = strawberry.field(description="The id of the webhook to test.")

    def to_command(self, runtime: Runtime, principal: Principal) -> SendTestEvent:
        """Return the command; refuses ids of other types."""
        return SendTestEvent(webhook_id=from_global(self.id, "Webhook"))


@strawberry.type(description="The result of creating a webhook.")
class CreateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(
        default=None, description="The new webhook without its secret, or null if it was refused."
    )
    secret: str | None = strawberry.field(
        default=None,
        description="The secret with which requests are verified, which is shown only in"
        " this answer.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, created: NewSecret) -> Self:
        """Return the payload with the webhook and its new secret."""
        webhook = webhooks_by_ids(cache, [created.webhook_id])[created.webhook_id]
        return cls(webhook=webhook, secret=created.secret)


@strawberry.type(description="The result of changing a webhook.")
class UpdateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(
        default=None, description="The webhook after the change, or null if the change was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, webhook_id: UUID) -> Self:
        """Return the payload with the webhook as it is now."""
        return cls(webhook=webhooks_by_ids(cache, [webhook_id]).get(webhook_id))


@strawberry.type(description="The result of replacing a webhook's secret.")
class RotateWebhookSecretPayload(Payload):
    webhook: Webhook | None = strawberry.field(
        default=None, description="The webhook after the change, or null if the change was refused."
    )
    secret: str | None = strawberry.field(
        default=None,
        description="The new secret with which requests are verified, which is shown only"
        " in this answer.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, created: NewSecret) -> Self:
        """Return the payload with the webhook and its new secret."""
        webhook = webhooks_by_ids(cache, [created.webhook_id])[created.webhook_id]
        return cls(webhook=webhook, secret=created.secret)


@strawberry.type(description="The result of sending a test to a webhook.")
class SendTestWebhookPayload(Payload):
    delivery: WebhookDelivery | None = strawberry.field(
        default=None, description="The queued delivery, whose state can be read again by its id."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, delivery_id: UUID) -> Self:
        """Return the payload with the queued delivery."""
        return cls(delivery=webhook_deliveries_by_ids(cache, [delivery_id]).get(delivery_id))


@strawberry.type
class WebhookMutations:
    @strawberry.mutation(
        description="Creates a webhook, whose secret is shown only in this answer; this"
        " needs MANAGE_ACCOUNT."
    )
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> CreateWebhookPayload:
        return await run_mutation(info, input, CreateWebhookPayload)

    @strawberry.mutation(description="Changes a webhook, which needs MANAGE_ACCOUNT.")
    async def update_webhook(self, info: Info, input: UpdateWebhookInput) -> UpdateWebhookPayload:
        return await run_mutation(info, input, UpdateWebhookPayload)

    @strawberry.mutation(
        description="Replaces a webhook's secret, which is shown only in this answer; this"
        " needs MANAGE_ACCOUNT."
    )
    async def rotate_webhook_secret(
        self, info: Info, input: RotateWebhookSecretInput
    ) -> RotateWebhookSecretPayload:
        return await run_mutation(info, input, RotateWebhookSecretPayload)

    @strawberry.mutation(description="Sends a test event to a webhook, which needs MANAGE_ACCOUNT.")
    async def send_test_webhook(
        self, info: Info, input: SendTestWebhookInput
    ) -> SendTestWebhookPayload:
        return await run_mutation(info, input, SendTestWebhookPayload)


def message_settings_of(runtime: Runtime) -> MessageSettings:
    """Return how this process sends messages to people and webhooks."""
    assert runtime.message_settings is not None, "a runtime that changes messages has settings"
    return runtime.message_settings
