"""The account's settings, and who is asking."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.enums import Permission, QuotaOnOnline, ReleaseType
from api.graphql.types.node import Connection, Node
from api.graphql.types.notification import NotificationPreference
from api.graphql.types.people import Team, User
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.model.facts import AccountSettings


@strawberry.type(
    description="An account is one tenant of the installation, with its own users,"
    " keypairs, releases and settings."
)
class Account(Node):
    name: str = strawberry.field(
        description="The name of the account, which is unique in the installation."
    )
    signing_frozen: bool = strawberry.field(
        description="Whether the account's kill switch is on, which refuses every signature."
    )
    teams_enabled: bool = strawberry.field(
        description="Whether releases belong to teams; if not, each release lists its"
        " participants itself."
    )
    reapprove_on_edit: bool = strawberry.field(
        description="Whether an approved release has to be approved again after a material edit."
    )
    allow_self_approval: bool = strawberry.field(
        description="Whether people may approve a release that they requested themselves."
    )
    required_approvals: int = strawberry.field(
        description="The number of approvals that an offline release needs while teams are"
        " disabled."
    )
    enabled_release_types: list[ReleaseType] = strawberry.field(
        description="The types of release that may be requested in this account."
    )
    quota_on_online: QuotaOnOnline = strawberry.field(
        description="What happens to a signature with an online keypair that would exceed a"
        " release's maximum."
    )
    restrict_signing_to_releases: bool = strawberry.field(
        description="Whether online and test keypairs, too, sign only while a release is open."
    )
    signed_in_approvals: bool = strawberry.field(
        description="Whether an approver who follows the link in a mail must also be signed"
        " in to decide."
    )
    users_may_rename_themselves: bool = strawberry.field(
        description="Whether users may change their own name; if not, only users with"
        " MANAGE_USERS change names, so that nobody can take the name of"
        " another person."
    )
    max_window_days: int = strawberry.field(
        description="The longest time that a release's window may last, in days."
    )
    offline_certification: bool = strawberry.field(
        description="Whether offline keypairs may sign certificate requests, self-signed"
        " certificates and renewals of their OpenPGP certificate, which needs no release."
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the account now, with the reason why"
        " others would be refused.",
    )

    @classmethod
    def of(cls, settings: AccountSettings) -> Account:
        """The account from its settings."""
        return cls(
            id=strawberry.ID(to_global("Account", settings.account_id)),
            name=settings.account_name,
            signing_frozen=settings.signing_frozen,
            teams_enabled=settings.teams_enabled,
            reapprove_on_edit=settings.reapprove_on_edit,
            allow_self_approval=settings.allow_self_approval,
            required_approvals=settings.required_approvals,
            enabled_release_types=sorted(settings.enabled_release_types),
            quota_on_online=settings.quota_on_online,
            restrict_signing_to_releases=settings.restrict_signing_to_releases,
            signed_in_approvals=settings.signed_in_approvals,
            users_may_rename_themselves=settings.users_may_rename_themselves,
            max_window_days=settings.max_window_days,
            offline_certification=settings.offline_certification,
        )


@strawberry.type(
    description="The user who makes the request, together with the account and the"
    " permissions of the credential."
)
class Viewer:
    user: User = strawberry.field(description="The user to whom the credential belongs.")
    account: Account = strawberry.field(
        description="The account that the credential gives access to."
    )
    permissions: list[Permission] = strawberry.field(
        description="The permissions that the user has when using this credential."
    )
    notification_preferences: list[NotificationPreference] = strawberry.field(
        default_factory=list,
        description="The channels that the user has chosen for each kind of message.",
    )

    inbox_count: int = strawberry.field(
        default=0,
        description="The number of pending releases that wait for the caller's decision, which"
        " `approvalInbox` lists.",
    )
    event_cursor: str = strawberry.field(
        default="",
        description="The cursor of the newest event. A subscription with it as `after` misses"
        " nothing that happens after this was read, also while it is being set up.",
    )
    #: Connections read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]] = field(default_factory=dict)

    @strawberry.field(
        description="The teams for which the caller may request a release, sorted by name. The"
        " list is empty while teams are disabled, and for callers without REQUEST_RELEASE."
    )
    def teams_to_request_for(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Team]:
        page: Connection[Team] = self.pages["teamsToRequestFor", first, after, last, before]
        return page

    @strawberry.field(
        description="The names of the channels that the user can choose for messages, like `email`."
    )
    def notification_channels(self, info: strawberry.Info) -> list[str]:
        telling = info.context.runtime.message_settings
        return sorted(telling.personal) if telling is not None else []
