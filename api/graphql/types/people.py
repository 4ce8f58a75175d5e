"""Users, roles and teams."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.arguments import After, Before, ByTime, First, Last
from api.graphql.types.enums import Direction, Permission
from api.graphql.types.filters import SignatureFilter, conditions_of
from api.graphql.types.node import Connection, Node
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.model import addresses
from engine.queries.records import Record

if TYPE_CHECKING:
    from api.graphql.types.keypair import Keypair
    from api.graphql.types.sign_in import Identity, Session
    from api.graphql.types.signature import Signature


@strawberry.type(description="A named set of permissions that can be given to users.")
class Role(Node):
    source: strawberry.Private[Record]
    #: Connections read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]
    name: str = strawberry.field(description="The name of the role, unique in the account.")
    built_in: bool = strawberry.field(
        description="Whether the role is part of Countersign and cannot be changed."
    )
    permissions: list[Permission] = strawberry.field(
        default_factory=list, description="The permissions that the role grants."
    )

    @strawberry.field(description="The users who have the role, sorted by name.")
    def users_connection(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[User]:
        page: Connection[User] = self.pages["usersConnection", first, after, last, before]
        return page

    @classmethod
    def of(cls, row: Record) -> Role:
        """A role from its row."""
        id_ = strawberry.ID(to_global("Role", row.id))
        return cls(id=id_, source=row, pages={}, name=row.name, built_in=row.built_in)


@strawberry.type(
    description="An e-mail address that becomes the user's own once the link that was"
    " sent to it is confirmed."
)
class PendingEmail:
    email: str = strawberry.field(description="The new address, to which the link was sent.")
    requested_at: datetime = strawberry.field(
        description="The time at which the change was requested."
    )
    expires_at: datetime = strawberry.field(
        description="The time until which the link can be confirmed."
    )

    @classmethod
    def of(cls, row: Record) -> PendingEmail:
        """A change that waits, from its row; what would confirm it is not in there."""
        return cls(
            email=addresses.shown(row.address),
            requested_at=row.created_at,
            expires_at=row.expires_at,
        )


@strawberry.type(description="A user of the account: a person, or a service user for a pipeline.")
class User(Node):
    source: strawberry.Private[Record]
    #: Connections read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]
    email: str = strawberry.field(
        description="The user's e-mail address, unique in the account without regard to"
        " letter case."
    )
    name: str = strawberry.field(description="The user's name, as it is shown to people.")
    time_zone: str = strawberry.field(
        description="The IANA name of the time zone in which mails show times."
    )
    locale: str = strawberry.field(
        description="The language tag of the mails that the user receives."
    )
    active: bool = strawberry.field(
        description="Whether the user is active; a deactivated user can do nothing."
    )
    service: bool = strawberry.field(
        description="Whether this is a service user, which receives no mail and cannot approve."
    )
    created_at: datetime = strawberry.field(description="The time at which the user was added.")
    pending_email: PendingEmail | None = strawberry.field(
        default=None,
        description="The new e-mail address that waits to be confirmed. It is visible to"
        " the user and to those with MANAGE_USERS, and null for others.",
    )
    roles: list[Role] = strawberry.field(
        default_factory=list, description="The roles that grant the user's permissions."
    )
    permissions: list[Permission] = strawberry.field(
        default_factory=list, description="The permissions that the user's roles grant together."
    )
    teams: list[Team] = strawberry.field(
        default_factory=list,
        description="The teams that the user is a member of.",
        deprecation_reason="Select `teamsConnection`, which has pages and a count.",
    )
    sessions: list[Annotated[Session, strawberry.lazy("api.graphql.types.sign_in")]] = (
        strawberry.field(
            default_factory=list,
            description="The browser sessions of the user, newest first. They are visible to"
            " the user and to those with MANAGE_USERS, and the list is empty for"
            " others.",
        )
    )
    identities: list[Annotated[Identity, strawberry.lazy("api.graphql.types.sign_in")]] = (
        strawberry.field(
            default_factory=list,
            description="The identities with which the user signs in by OpenID Connect. They"
            " are visible to the user and to those with MANAGE_USERS, and the list"
            " is empty for others.",
        )
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the user now, with the reason why"
        " others would be refused.",
    )

    @strawberry.field(description="The user's roles by pages, sorted by name.")
    def roles_connection(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Role]:
        page: Connection[Role] = self.pages["rolesConnection", first, after, last, before]
        return page

    @strawberry.field(description="The teams that the user is a member of, sorted by name.")
    def teams_connection(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Team]:
        page: Connection[Team] = self.pages["teamsConnection", first, after, last, before]
        return page

    @strawberry.field(
        description="The signatures that the user made and that the caller may see, newest"
        " first unless another direction is given."
    )
    def signatures(
        self,
        filter: SignatureFilter | None = None,
        direction: ByTime = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated[Signature, strawberry.lazy("api.graphql.types.signature")]]:
        key = ("signatures", first, after, last, before, conditions_of(filter), direction)
        page: Connection[Signature] = self.pages[key]
        return page

    @classmethod
    def of(cls, row: Record) -> User:
        """A user from its row."""
        return cls(
            id=strawberry.ID(to_global("User", row.id)),
            source=row,
            pages={},
            email=addresses.shown(row.email),
            name=row.name,
            time_zone=row.time_zone,
            locale=row.locale,
            active=row.active,
            service=row.service,
            created_at=row.created_at,
        )


@strawberry.type(description="A group of users who work on releases together.")
class Team(Node):
    source: strawberry.Private[Record]
    #: Connections read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]
    name: str = strawberry.field(
        description="The name of the team, unique in the account without regard to letter case."
    )
    required_approvals: int = strawberry.field(
        description="The number of the team's approvers who must approve an offline release."
    )
    revision: int = strawberry.field(
        description="The revision number, which starts at 1 and grows with every change of the"
        " team, its members or its keypairs."
    )
    created_at: datetime = strawberry.field(description="The time at which the team was created.")
    members: list[User] = strawberry.field(
        default_factory=list,
        description="The users who are members of the team.",
        deprecation_reason="Select `membersConnection`, which has pages and a count.",
    )
    keypairs: list[Annotated[Keypair, strawberry.lazy("api.graphql.types.keypair")]] = (
        strawberry.field(
            default_factory=list,
            description="The keypairs that were granted to the team.",
            deprecation_reason="Select `keypairsConnection`, which has pages and a count.",
        )
    )
    usable_keypairs: list[Annotated[Keypair, strawberry.lazy("api.graphql.types.keypair")]] = (
        strawberry.field(
            default_factory=list,
            description="The keypairs that a release requested for the team now could name:"
            " granted to it, enabled, of a type that the account allows, and held by no open"
            " release.",
        )
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the team now, with the reason why"
        " others would be refused.",
    )

    @strawberry.field(description="The users who are members of the team, sorted by name.")
    def members_connection(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[User]:
        page: Connection[User] = self.pages["membersConnection", first, after, last, before]
        return page

    @strawberry.field(description="The keypairs that were granted to the team, sorted by alias.")
    def keypairs_connection(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated[Keypair, strawberry.lazy("api.graphql.types.keypair")]]:
        page: Connection[Keypair] = self.pages["keypairsConnection", first, after, last, before]
        return page

    @classmethod
    def of(cls, row: Record) -> Team:
        """A team from its row."""
        return cls(
            id=strawberry.ID(to_global("Team", row.id)),
            source=row,
            pages={},
            name=row.name,
            required_approvals=row.required_approvals,
            revision=row.revision,
            created_at=row.created_at,
        )
