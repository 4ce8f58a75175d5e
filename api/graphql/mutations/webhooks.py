"""Make and change webhooks, rotate their secrets, and try them."""

from __future__ import annotations

from uuid import UUID

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload, given, one
from api.graphql.queries.webhooks import webhook_deliveries_found, webhooks_found
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


@strawberry.input(description="The webhook that is to have a new secret.")
class RotateWebhookSecretInput:
    id: strawberry.ID = strawberry.field(
        description="The id of the webhook whose secret is replaced."
    )
    overlap_hours: int = strawberry.field(
        default=rotate.OVERLAP,
        description="The number of hours, from 0 to 168, during which the old secret signs"
        " beside the new one; use 0 if the old one leaked.",
    )


@strawberry.input(description="The webhook that is to be tested.")
class SendTestWebhookInput:
    id: strawberry.ID = strawberry.field(description="The id of the webhook to test.")


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


@strawberry.type(description="The result of changing a webhook.")
class UpdateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(
        default=None, description="The webhook after the change, or null if the change was refused."
    )


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


@strawberry.type(description="The result of sending a test to a webhook.")
class SendTestWebhookPayload(Payload):
    delivery: WebhookDelivery | None = strawberry.field(
        default=None, description="The queued delivery, whose state can be read again by its id."
    )


@strawberry.type
class WebhookMutations:
    @strawberry.mutation(
        description="Creates a webhook, whose secret is shown only in this answer; this"
        " needs MANAGE_ACCOUNT."
    )
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> CreateWebhookPayload:
        async def act(runtime: Runtime, principal: Principal) -> NewSecret:
            telling = telling_of(runtime)
            command = CreateWebhook(
                name=input.name,
                url=input.url,
                tags=tags.USUAL if input.tags is None else tuple(input.tags),
                key=telling.webhook_key,
                allow_private=telling.allow_private,
            )
            return await runtime.execute(principal, command)

        return await run_mutation(info, CreateWebhookPayload, act, webhook=_webhook, secret=_secret)

    @strawberry.mutation(description="Changes a webhook, which needs MANAGE_ACCOUNT.")
    async def update_webhook(self, info: Info, input: UpdateWebhookInput) -> UpdateWebhookPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            command = UpdateWebhook(
                webhook_id=from_global(input.id, "Webhook"),
                allow_private=telling_of(runtime).allow_private,
                **given(input, "name", "url", "tags", "active"),
            )
            return await runtime.execute(principal, command)

        return await run_mutation(info, UpdateWebhookPayload, act, webhook=one(webhooks_found))

    @strawberry.mutation(
        description="Replaces a webhook's secret, which is shown only in this answer; this"
        " needs MANAGE_ACCOUNT."
    )
    async def rotate_webhook_secret(
        self, info: Info, input: RotateWebhookSecretInput
    ) -> RotateWebhookSecretPayload:
        async def act(runtime: Runtime, principal: Principal) -> NewSecret:
            command = rotate.RotateWebhookSecret(
                webhook_id=from_global(input.id, "Webhook"),
                overlap_hours=input.overlap_hours,
                key=telling_of(runtime).webhook_key,
            )
            return await runtime.execute(principal, command)

        return await run_mutation(
            info, RotateWebhookSecretPayload, act, webhook=_webhook, secret=_secret
        )

    @strawberry.mutation(description="Sends a test event to a webhook, which needs MANAGE_ACCOUNT.")
    async def send_test_webhook(
        self, info: Info, input: SendTestWebhookInput
    ) -> SendTestWebhookPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            command = SendTestEvent(webhook_id=from_global(input.id, "Webhook"))
            return await runtime.execute(principal, command)

        found = one(webhook_deliveries_found)
        return await run_mutation(info, SendTestWebhookPayload, act, delivery=found)


def telling_of(runtime: Runtime) -> MessageSettings:
    """How this process tells people and webhooks."""
    assert runtime.message_settings is not None, "a runtime that changes how people are told has it"
    return runtime.message_settings


def _webhook(shelf: EntityCache, made: NewSecret) -> Webhook:
    found: Webhook = webhooks_found(shelf, [made.webhook_id])[made.webhook_id]
    return found


def _secret(shelf: EntityCache, made: NewSecret) -> str:
    return made.secret
