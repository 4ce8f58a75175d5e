"""The account's settings, and who is asking."""

from __future__ import annotations

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.enums import Permission, QuotaOnOnline, ReleaseType
from api.graphql.types.node import Node
from api.graphql.types.notification import NotificationPreference
from api.graphql.types.people import User
from engine.model.facts import AccountSettings


@strawberry.type(description="A tenant, and its settings.")
class Account(Node):
    name: str = strawberry.field(description="Unique.")
    signing_frozen: bool = strawberry.field(description="The kill switch: no signature at all.")
    teams_enabled: bool = strawberry.field(description="Releases belong to teams.")
    reapprove_on_edit: bool = strawberry.field(
        description="A material edit of an approved release needs approval again."
    )
    allow_self_approval: bool = strawberry.field(
        description="People may approve what they requested."
    )
    required_approvals: int = strawberry.field(description="The quorum while Teams are off.")
    enabled_release_types: list[ReleaseType] = strawberry.field(
        description="The types of release the account uses."
    )
    quota_on_online: QuotaOnOnline = strawberry.field(
        description="What an online signature over a release's maximum becomes."
    )
    restrict_signing_to_releases: bool = strawberry.field(
        description="Online and test keypairs sign inside releases only."
    )
    signed_in_approvals: bool = strawberry.field(
        description="To decide from a mail, approvers must also be signed in."
    )
    users_may_rename_themselves: bool = strawberry.field(
        description="Users may change their own name. Off: only holders of MANAGE_USERS change"
        " names, so that nobody can take the name of somebody else."
    )
    max_window_days: int = strawberry.field(
        description="A release's window is at most this many days long."
    )

    @classmethod
    def of(cls, policy: AccountSettings) -> Account:
        """The account from its settings."""
        return cls(
            id=strawberry.ID(to_global("Account", policy.account_id)),
            name=policy.account_name,
            signing_frozen=policy.signing_frozen,
            teams_enabled=policy.teams_enabled,
            reapprove_on_edit=policy.reapprove_on_edit,
            allow_self_approval=policy.allow_self_approval,
            required_approvals=policy.required_approvals,
            enabled_release_types=sorted(policy.enabled_release_types),
            quota_on_online=policy.quota_on_online,
            restrict_signing_to_releases=policy.restrict_signing_to_releases,
            signed_in_approvals=policy.signed_in_approvals,
            users_may_rename_themselves=policy.users_may_rename_themselves,
            max_window_days=policy.max_window_days,
        )


@strawberry.type(description="Who is asking.")
class Viewer:
    user: User = strawberry.field(description="The user behind the credential.")
    account: Account = strawberry.field(description="The account the credential is for.")
    permissions: list[Permission] = strawberry.field(
        description="What the user may do with this credential."
    )
    notification_preferences: list[NotificationPreference] = strawberry.field(
        default_factory=list,
        description="What the user is told and by which ways, for every kind of message.",
    )

    @strawberry.field(description="The ways there are to be told, to choose of.")
    def notification_channels(self, info: strawberry.Info) -> list[str]:
        telling = info.context.runtime.message_settings
        return sorted(telling.personal) if telling is not None else []
