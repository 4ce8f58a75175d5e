"""Trust issuers, and make rules about pipelines."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, local_id, local_ids, to_global
from api.graphql.mutations.payload import Payload, present_fields
from api.graphql.resolvers import run_mutation
from api.graphql.types.enums import Permission
from api.graphql.types.origin import ClaimConditionInput, IssuerKind, to_conditions
from api.graphql.types.pipeline import PipelineRule, TrustedIssuer
from api.openid.issuer_urls import check_issuer_url
from api.runtime.runtime import Runtime
from engine.commands.administration.pipeline_rules import (
    MAX_LIFETIME_SECONDS,
    CreatePipelineRule,
    DeletePipelineRule,
    UpdatePipelineRule,
)
from engine.commands.administration.trusted_issuers import (
    CreateTrustedIssuer,
    DeleteTrustedIssuer,
    UpdateTrustedIssuer,
)
from engine.model.principal import Principal


@strawberry.input(description="The properties of the issuer to trust.")
class CreateTrustedIssuerInput:
    name: str = strawberry.field(description="The name of the issuer, on one line.")
    kind: IssuerKind = strawberry.field(description="The system that the issuer belongs to.")
    url: str = strawberry.field(
        description="The URL of the issuer, with https and on the public internet, exactly as"
        " its tokens have it in `iss`."
    )
    audience: str | None = strawberry.field(
        default=None,
        description="The only `aud` that its tokens may have; it is the public URL of this"
        " service if left out.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateTrustedIssuer:
        """Return the command, with why keys may not be fetched from this address."""
        allow_private = runtime.pipelines.allow_private
        return CreateTrustedIssuer(
            name=self.name,
            kind=self.kind,
            url=self.url,
            audience=self.audience,
            url_fault=check_issuer_url(self.url, allow_private=allow_private),
        )


@strawberry.input(description="The changes of an issuer; a field that is left out stays as it is.")
class UpdateTrustedIssuerInput:
    id: strawberry.ID = strawberry.field(description="The id of the issuer to change.")
    name: str | None = strawberry.field(default=None, description="The new name of the issuer.")
    audience: str | None = strawberry.field(
        default=None,
        description="The only `aud` that its tokens may have from now on; if empty, the public"
        " URL of this service.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdateTrustedIssuer:
        """Return the command; refuses ids of other types."""
        changes = present_fields(self, "name", "audience")
        return UpdateTrustedIssuer(issuer_id=from_global(self.id, "TrustedIssuer"), **changes)


@strawberry.input(description="The issuer that is to be trusted no more.")
class DeleteTrustedIssuerInput:
    id: strawberry.ID = strawberry.field(description="The id of the issuer to delete.")

    def to_command(self, runtime: Runtime, principal: Principal) -> DeleteTrustedIssuer:
        """Return the command; refuses ids of other types."""
        return DeleteTrustedIssuer(issuer_id=from_global(self.id, "TrustedIssuer"))


@strawberry.input(description="The properties of the rule to create.")
class CreatePipelineRuleInput:
    issuer_id: strawberry.ID = strawberry.field(
        description="The id of the trusted issuer of the pipelines' tokens."
    )
    name: str = strawberry.field(description="The name of the rule, on one line.")
    user_id: strawberry.ID = strawberry.field(
        description="The id of the active service user that the pipelines act as."
    )
    conditions: list[ClaimConditionInput] = strawberry.field(
        description="The conditions on the token's claims, all of which must hold. One of them"
        " has to say whose pipeline it is, like `repository_id`."
    )
    scopes: list[Permission] = strawberry.field(
        description="The permissions that the pipelines' tokens are limited to, of SIGN,"
        " REQUEST_RELEASE, VIEW_RELEASES and VIEW_LEDGER."
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of the only keypairs that the tokens can be used with; the scope"
        " SIGN needs at least one.",
    )
    lifetime_seconds: int = strawberry.field(
        default=MAX_LIFETIME_SECONDS,
        description="The number of seconds, from 60 to 900, for which a token is valid.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreatePipelineRule:
        """Return the command, which refuses ids of other types with all other faults."""
        return CreatePipelineRule(
            issuer_id=local_id(self.issuer_id),
            name=self.name,
            user_id=local_id(self.user_id),
            conditions=to_conditions(self.conditions),
            scopes=frozenset(self.scopes),
            keypair_ids=local_ids(self.keypair_ids or ()),
            lifetime_seconds=self.lifetime_seconds,
        )


@strawberry.input(description="The changes of a rule; a field that is left out stays as it is.")
class UpdatePipelineRuleInput:
    id: strawberry.ID = strawberry.field(description="The id of the rule to change.")
    name: str | None = strawberry.field(default=None, description="The new name of the rule.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the service user that the pipelines act as."
    )
    conditions: list[ClaimConditionInput] | None = strawberry.field(
        default=None, description="All conditions of the rule, including those that are to stay."
    )
    scopes: list[Permission] | None = strawberry.field(
        default=None, description="All scopes of the tokens, including those that are to stay."
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of all keypairs of the rule, including those that are to stay.",
    )
    lifetime_seconds: int | None = strawberry.field(
        default=None,
        description="The number of seconds, from 60 to 900, for which a token is valid.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdatePipelineRule:
        """Return the command; refuses ids of other types."""
        changes: dict[str, Any] = present_fields(self, "name", "lifetime_seconds")
        if self.user_id is not None:
            changes["user_id"] = local_id(self.user_id)
        if self.conditions is not None:
            changes["conditions"] = to_conditions(self.conditions)
        if self.scopes is not None:
            changes["scopes"] = frozenset(self.scopes)
        if self.keypair_ids is not None:
            changes["keypair_ids"] = local_ids(self.keypair_ids)
        return UpdatePipelineRule(rule_id=from_global(self.id, "PipelineRule"), **changes)


@strawberry.input(description="The rule that is to be deleted.")
class DeletePipelineRuleInput:
    id: strawberry.ID = strawberry.field(description="The id of the rule to delete.")

    def to_command(self, runtime: Runtime, principal: Principal) -> DeletePipelineRule:
        """Return the command; refuses ids of other types."""
        return DeletePipelineRule(rule_id=from_global(self.id, "PipelineRule"))


@strawberry.type(description="The result of trusting an issuer.")
class CreateTrustedIssuerPayload(Payload):
    issuer: TrustedIssuer | None = strawberry.field(
        default=None, description="The new trusted issuer, or null if it was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, issuer_id: UUID) -> Self:
        """Return the payload with the issuer as it is now."""
        return cls(issuer=cache.trusted_issuers([issuer_id]).get(issuer_id))


@strawberry.type(description="The result of changing a trusted issuer.")
class UpdateTrustedIssuerPayload(Payload):
    issuer: TrustedIssuer | None = strawberry.field(
        default=None, description="The issuer after the change, or null if it was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, issuer_id: UUID) -> Self:
        """Return the payload with the issuer as it is now."""
        return cls(issuer=cache.trusted_issuers([issuer_id]).get(issuer_id))


@strawberry.type(description="The result of deleting a trusted issuer.")
class DeleteTrustedIssuerPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted issuer, or null if it was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, issuer_id: UUID) -> Self:
        """Return the payload with the id of what is gone."""
        return cls(deleted_id=strawberry.ID(to_global("TrustedIssuer", issuer_id)))


@strawberry.type(description="The result of creating a rule about pipelines.")
class CreatePipelineRulePayload(Payload):
    rule: PipelineRule | None = strawberry.field(
        default=None, description="The new rule, or null if it was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, rule_id: UUID) -> Self:
        """Return the payload with the rule as it is now."""
        return cls(rule=cache.pipeline_rules([rule_id]).get(rule_id))


@strawberry.type(description="The result of changing a rule about pipelines.")
class UpdatePipelineRulePayload(Payload):
    rule: PipelineRule | None = strawberry.field(
        default=None, description="The rule after the change, or null if it was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, rule_id: UUID) -> Self:
        """Return the payload with the rule as it is now."""
        return cls(rule=cache.pipeline_rules([rule_id]).get(rule_id))


@strawberry.type(description="The result of deleting a rule about pipelines.")
class DeletePipelineRulePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted rule, or null if it was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, rule_id: UUID) -> Self:
        """Return the payload with the id of what is gone."""
        return cls(deleted_id=strawberry.ID(to_global("PipelineRule", rule_id)))


@strawberry.type
class PipelineMutations:
    @strawberry.mutation(
        description="Trusts the tokens of an issuer, which needs MANAGE_USERS. No pipeline gets"
        " anything by it before there is a rule."
    )
    async def create_trusted_issuer(
        self, info: Info, input: CreateTrustedIssuerInput
    ) -> CreateTrustedIssuerPayload:
        return await run_mutation(info, input, CreateTrustedIssuerPayload)

    @strawberry.mutation(
        description="Changes the name or the audience of a trusted issuer, which needs"
        " MANAGE_USERS."
    )
    async def update_trusted_issuer(
        self, info: Info, input: UpdateTrustedIssuerInput
    ) -> UpdateTrustedIssuerPayload:
        return await run_mutation(info, input, UpdateTrustedIssuerPayload)

    @strawberry.mutation(
        description="Deletes a trusted issuer together with its rules, which needs MANAGE_USERS."
    )
    async def delete_trusted_issuer(
        self, info: Info, input: DeleteTrustedIssuerInput
    ) -> DeleteTrustedIssuerPayload:
        return await run_mutation(info, input, DeleteTrustedIssuerPayload)

    @strawberry.mutation(
        description="Creates a rule by which pipelines get tokens of a service user. This needs"
        " MANAGE_USERS and every permission that the rule grants."
    )
    async def create_pipeline_rule(
        self, info: Info, input: CreatePipelineRuleInput
    ) -> CreatePipelineRulePayload:
        return await run_mutation(info, input, CreatePipelineRulePayload)

    @strawberry.mutation(
        description="Changes a rule about pipelines. This needs MANAGE_USERS and every"
        " permission that the rule grants afterwards."
    )
    async def update_pipeline_rule(
        self, info: Info, input: UpdatePipelineRuleInput
    ) -> UpdatePipelineRulePayload:
        return await run_mutation(info, input, UpdatePipelineRulePayload)

    @strawberry.mutation(description="Deletes a rule about pipelines, which needs MANAGE_USERS.")
    async def delete_pipeline_rule(
        self, info: Info, input: DeletePipelineRuleInput
    ) -> DeletePipelineRulePayload:
        return await run_mutation(info, input, DeletePipelineRulePayload)
