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


@strawberry.input(description="A webhook to make.")
class CreateWebhookInput:
    name: str = strawberry.field(description="What it is for; one line.")
    url: str = strawberry.field(description="Where requests go: https, on the public internet.")
    tags: list[str] | None = strawberry.field(
        default=None,
        description="What it is told: tags of ledger entries like `release:approved`, or what"
        " they begin with and `*`. Without: `release:*`. More than that needs VIEW_LEDGER.",
    )


@strawberry.input(description="A change of a webhook. A field left out stays.")
class UpdateWebhookInput:
    id: strawberry.ID = strawberry.field(description="Which webhook.")
    name: str | None = strawberry.field(default=None, description="A new name.")
    url: str | None = strawberry.field(
        default=None, description="A new address; what is still queued goes there too."
    )
    tags: list[str] | None = strawberry.field(
        default=None, description="All it is told, the old ones too."
    )
    active: bool | None = strawberry.field(
        default=None, description="Switched off, nothing more is sent, nor what is queued."
    )


@strawberry.input(description="A webhook whose secret is to be another one.")
class RotateWebhookSecretInput:
    id: strawberry.ID = strawberry.field(description="Which webhook.")
    overlap_hours: int = strawberry.field(
        default=rotate.OVERLAP,
        description="So long the old secret signs beside the new one, 0 to 168. 0 if it leaked.",
    )


@strawberry.input(description="A webhook to try.")
class SendTestWebhookInput:
    id: strawberry.ID = strawberry.field(description="Which webhook.")


@strawberry.type(description="The new webhook.")
class CreateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="All but its secret.")
    secret: str | None = strawberry.field(
        default=None, description="To verify requests with. In this answer and never again."
    )


@strawberry.type(description="The changed webhook.")
class UpdateWebhookPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The webhook with its new secret.")
class RotateWebhookSecretPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="As it is now.")
    secret: str | None = strawberry.field(
        default=None, description="To verify requests with. In this answer and never again."
    )


@strawberry.type(description="What was queued.")
class SendTestWebhookPayload(Payload):
    delivery: WebhookDelivery | None = strawberry.field(
        default=None, description="Ask for it again to see what became of it."
    )


@strawberry.type
class WebhookMutations:
    @strawberry.mutation(
        description="Make a webhook. Its secret is in this answer only. Needs MANAGE_ACCOUNT."
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

    @strawberry.mutation(description="Change a webhook. Needs MANAGE_ACCOUNT.")
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
        description="Give a webhook another secret, in this answer only. Needs MANAGE_ACCOUNT."
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

    @strawberry.mutation(
        description="Send a webhook something that means nothing. Needs MANAGE_ACCOUNT."
    )
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
