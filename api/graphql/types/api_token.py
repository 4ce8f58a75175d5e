"""API tokens, which programs use."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.enums import Permission
from api.graphql.types.node import Node
from api.graphql.types.origin import Origin
from api.graphql.types.people import User
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.commands.credentials.api_tokens import load_token_scopes
from engine.queries.credentials import origin_of_token
from engine.queries.records import Record


@strawberry.type(
    description="A credential for a program, whose secret is shown only when it is created."
)
class ApiToken(Node):
    source: strawberry.Private[Record]
    name: str = strawberry.field(
        description="The name of the token, which tells what it is used for."
    )
    scopes: list[Permission] = strawberry.field(
        description="The permissions that the token is limited to."
    )
    created_at: datetime = strawberry.field(description="The time at which the token was created.")
    expires_at: datetime | None = strawberry.field(
        description="The time at which the token expires, or null if it never does."
    )
    last_used_at: datetime | None = strawberry.field(
        description="The time at which the token was last used, exact to the minute."
    )
    revoked_at: datetime | None = strawberry.field(
        description="The time at which the token was revoked, or null if it was not."
    )
    user: User = strawberry.field(
        default=None, description="The user whose permissions the token carries."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the token with which this one was created; it ends together"
        " with that one.",
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the token now, with the reason why"
        " others would be refused.",
    )
    origin: Origin | None = strawberry.field(
        default=None,
        description="Where the pipeline runs that got the token in exchange for its own, or null"
        " for tokens of other kinds.",
    )

    @classmethod
    def of(cls, row: Record) -> ApiToken:
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
            origin=Origin.of(origin_of_token(row.pipeline)),
        )
