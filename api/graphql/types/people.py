"""Users, roles, teams and API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Row

from api.graphql.ids import to_global
from api.graphql.types.enums import Permission
from api.graphql.types.node import Node
from engine.commands.credentials.api_tokens import load_token_scopes
from engine.model import addresses

if TYPE_CHECKING:
    from api.graphql.types.keypair import Keypair
    from api.graphql.types.sign_in import Identity, Session


@strawberry.type(description="A named bundle of permissions.")
class Role(Node):
    source: strawberry.Private[Row[Any]]
    name: str = strawberry.field(description="Unique in the account.")
    built_in: bool = strawberry.field(description="Part of Countersign; cannot be changed.")
    permissions: list[Permission] = strawberry.field(
        default_factory=list, description="What it grants."
    )

    @classmethod
    def of(cls, row: Row[Any]) -> Role:
        """A role from its row."""
        id_ = strawberry.ID(to_global("Role", row.id))
        return cls(id=id_, source=row, name=row.name, built_in=row.built_in)


@strawberry.type(
    description="An e-mail address that a user is to have. It becomes theirs once the link that was"
    " sent to it is confirmed."
)
class PendingEmail:
    email: str = strawberry.field(description="The address that the link was sent to.")
    requested_at: datetime = strawberry.field(description="When the change was asked for.")
    expires_at: datetime = strawberry.field(description="Until when the link can be confirmed.")

    @classmethod
    def of(cls, row: Row[Any]) -> PendingEmail:
        """A change that waits, from its row; what would confirm it is not in there."""
        return cls(
            email=addresses.shown(row.address),
            requested_at=row.created_at,
            expires_at=row.expires_at,
        )


@strawberry.type(description="A person, or a pipeline's service user.")
class User(Node):
    source: strawberry.Private[Row[Any]]
    email: str = strawberry.field(description="Unique in the account, letter case aside.")
    name: str = strawberry.field(description="For people to read.")
    time_zone: str = strawberry.field(description="IANA name; mails show times in it.")
    locale: str = strawberry.field(description="Language tag of the mails.")
    active: bool = strawberry.field(description="Deactivated users can do nothing.")
    service: bool = strawberry.field(description="A pipeline: gets no mail, cannot approve.")
    created_at: datetime = strawberry.field(description="When the user was added.")
    pending_email: PendingEmail | None = strawberry.field(
        default=None,
        description="The address that the user is to have, while it waits to be confirmed. For the"
        " user and those with MANAGE_USERS; null for others.",
    )
    roles: list[Role] = strawberry.field(
        default_factory=list, description="What grants the user's permissions."
    )
    permissions: list[Permission] = strawberry.field(
        default_factory=list, description="What the roles grant together."
    )
    teams: list[Team] = strawberry.field(
        default_factory=list, description="The teams the user is in."
    )
    sessions: list[Annotated[Session, strawberry.lazy("api.graphql.types.sign_in")]] = (
        strawberry.field(
            default_factory=list,
            description="Where the user is signed in, newest first. For the user and those with"
            " MANAGE_USERS; empty for others.",
        )
    )
    identities: list[Annotated[Identity, strawberry.lazy("api.graphql.types.sign_in")]] = (
        strawberry.field(
            default_factory=list,
            description="What the user signs in with by OpenID Connect. For the user and those"
            " with MANAGE_USERS; empty for others.",
        )
    )

    @classmethod
    def of(cls, row: Row[Any]) -> User:
        """A user from its row."""
        return cls(
            id=strawberry.ID(to_global("User", row.id)),
            source=row,
            email=addresses.shown(row.email),
            name=row.name,
            time_zone=row.time_zone,
            locale=row.locale,
            active=row.active,
            service=row.service,
            created_at=row.created_at,
        )


@strawberry.type(description="People who work on releases together.")
class Team(Node):
    source: strawberry.Private[Row[Any]]
    name: str = strawberry.field(description="Unique in the account, letter case aside.")
    required_approvals: int = strawberry.field(
        description="How many of its approvers must approve an offline release."
    )
    created_at: datetime = strawberry.field(description="When the team was made.")
    members: list[User] = strawberry.field(default_factory=list, description="Who is in it.")
    keypairs: list[Annotated[Keypair, strawberry.lazy("api.graphql.types.keypair")]] = (
        strawberry.field(default_factory=list, description="What it may use.")
    )

    @classmethod
    def of(cls, row: Row[Any]) -> Team:
        """A team from its row."""
        return cls(
            id=strawberry.ID(to_global("Team", row.id)),
            source=row,
            name=row.name,
            required_approvals=row.required_approvals,
            created_at=row.created_at,
        )


@strawberry.type(description="A credential for a program. Its secret is shown once, when made.")
class ApiToken(Node):
    source: strawberry.Private[Row[Any]]
    name: str = strawberry.field(description="What it is for.")
    scopes: list[Permission] = strawberry.field(description="It reaches no further than these.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")
    last_used_at: datetime | None = strawberry.field(description="To the minute.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked.")
    user: User = strawberry.field(default=None, description="Whose permissions it carries.")
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="The token it was made with, and with which it ends."
    )

    @classmethod
    def of(cls, row: Row[Any]) -> ApiToken:
        """A token from its row; the row has no secret."""
        return cls(
            id=strawberry.ID(to_global("ApiToken", row.id)),
            source=row,
            name=row.name,
            scopes=sorted(load_token_scopes(row.scopes)),
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
            parent_id=(
                strawberry.ID(to_global("ApiToken", row.parent_id)) if row.parent_id else None
            ),
        )
