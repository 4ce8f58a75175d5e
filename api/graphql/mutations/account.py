"""Change the account's settings."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.mutations.payload import Payload, present_fields
from api.graphql.resolvers import run_mutation
from api.graphql.types.account import Account
from api.graphql.types.enums import QuotaOnOnline, ReleaseType
from api.runtime.runtime import Runtime
from engine.commands.administration.account import UpdateAccount
from engine.model.principal import Principal

SETTINGS = (
    "signing_frozen",
    "teams_enabled",
    "reapprove_on_edit",
    "allow_self_approval",
    "required_approvals",
    "quota_on_online",
    "restrict_signing_to_releases",
    "signed_in_approvals",
    "users_may_rename_themselves",
    "max_window_days",
    "offline_certification",
)


@strawberry.input(description="The settings to change; a field that is left out stays as it is.")
class UpdateAccountInput:
    signing_frozen: bool | None = strawberry.field(
        default=None,
        description="Whether the account's kill switch is on, which refuses every signature.",
    )
    teams_enabled: bool | None = strawberry.field(
        default=None,
        description="Whether releases belong to teams, which can be changed only while no"
        " release is open.",
    )
    reapprove_on_edit: bool | None = strawberry.field(
        default=None,
        description="Whether an approved release has to be approved again after a material edit.",
    )
    allow_self_approval: bool | None = strawberry.field(
        default=None,
        description="Whether people may approve a release that they requested themselves.",
    )
    required_approvals: int | None = strawberry.field(
        default=None,
        description="The number of approvals that an offline release needs while teams are"
        " disabled.",
    )
    enabled_release_types: list[ReleaseType] | None = strawberry.field(
        default=None, description="The types of release that may be requested in this account."
    )
    quota_on_online: QuotaOnOnline | None = strawberry.field(
        default=None,
        description="What happens to a signature with an online keypair that would exceed a"
        " release's maximum.",
    )
    restrict_signing_to_releases: bool | None = strawberry.field(
        default=None,
        description="Whether online and test keypairs, too, sign only while a release is open.",
    )
    signed_in_approvals: bool | None = strawberry.field(
        default=None,
        description="Whether an approver who follows the link in a mail must also be signed"
        " in to decide.",
    )
    users_may_rename_themselves: bool | None = strawberry.field(
        default=None,
        description="Whether users may change their own name; if not, only users with"
        " MANAGE_USERS change names.",
    )
    max_window_days: int | None = strawberry.field(
        default=None,
        description="The longest time that a release's window may last, from 1 to 36500"
        " days. Releases that are already open keep their window until they are"
        " edited.",
    )
    offline_certification: bool | None = strawberry.field(
        default=None,
        description="Whether offline keypairs may sign certificate requests, self-signed"
        " certificates and renewals of their OpenPGP certificate, which needs no release.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdateAccount:
        """Return the command; it changes the caller's own account."""
        settings = present_fields(self, *SETTINGS)
        if self.enabled_release_types is not None:
            settings["enabled_release_types"] = frozenset(self.enabled_release_types)
        return UpdateAccount(account_id=principal.account_id, settings=settings)


@strawberry.type(description="The result of changing the account's settings.")
class UpdateAccountPayload(Payload):
    account: Account | None = strawberry.field(
        default=None,
        description="The account with its new settings, or null if the change was refused.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, account_id: UUID) -> Self:
        """Return the payload with the account as it is now."""
        return cls(account=Account.of(cache.reading.settings))


@strawberry.type
class AccountMutations:
    @strawberry.mutation(description="Changes the account's settings, which needs MANAGE_ACCOUNT.")
    async def update_account(self, info: Info, input: UpdateAccountInput) -> UpdateAccountPayload:
        return await run_mutation(info, input, UpdateAccountPayload)
