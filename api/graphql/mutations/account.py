"""Change the account's settings."""

from __future__ import annotations

from uuid import UUID

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.mutations.payload import Payload, given
from api.graphql.types.account import Account
from api.graphql.types.enums import QuotaOnOnline, ReleaseType
from api.runtime.runtime import Runtime
from engine.commands.administration.update_account import UpdateAccount
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
)


@strawberry.input(description="A change of settings. A field left out stays.")
class UpdateAccountInput:
    signing_frozen: bool | None = strawberry.field(
        default=None, description="The kill switch: no signature at all."
    )
    teams_enabled: bool | None = strawberry.field(
        default=None, description="Can be switched only while no release is open."
    )
    reapprove_on_edit: bool | None = strawberry.field(
        default=None, description="A material edit of an approved release needs approval again."
    )
    allow_self_approval: bool | None = strawberry.field(
        default=None, description="People may approve what they requested."
    )
    required_approvals: int | None = strawberry.field(
        default=None, description="The quorum while Teams are off."
    )
    enabled_release_types: list[ReleaseType] | None = strawberry.field(
        default=None, description="The types of release the account uses."
    )
    quota_on_online: QuotaOnOnline | None = strawberry.field(
        default=None, description="What an online signature over the maximum becomes."
    )
    restrict_signing_to_releases: bool | None = strawberry.field(
        default=None, description="Online and test keypairs sign inside releases only."
    )
    signed_in_approvals: bool | None = strawberry.field(
        default=None, description="To decide from a mail, approvers must also be signed in."
    )
    users_may_rename_themselves: bool | None = strawberry.field(
        default=None,
        description="Users may change their own name. Off: only holders of MANAGE_USERS do.",
    )
    max_window_days: int | None = strawberry.field(
        default=None,
        description="A release's window is at most this many days long, from 1 to 36500. Releases"
        " that are open already keep theirs until they are edited.",
    )


@strawberry.type(description="The account after the change.")
class UpdateAccountPayload(Payload):
    account: Account | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type
class AccountMutations:
    @strawberry.mutation(description="Change the account's settings. Needs MANAGE_ACCOUNT.")
    async def update_account(self, info: Info, input: UpdateAccountInput) -> UpdateAccountPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            settings = given(input, *SETTINGS)
            if input.enabled_release_types is not None:
                settings["enabled_release_types"] = frozenset(input.enabled_release_types)
            command = UpdateAccount(account_id=principal.account_id, settings=settings)
            return await runtime.execute(principal, command)

        return await run_mutation(info, UpdateAccountPayload, act, account=_account)


def _account(shelf: EntityCache, _id: UUID) -> Account:
    return Account.of(shelf.reading.policy)
