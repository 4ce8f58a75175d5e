"""How people sign in: their browser sessions, and identities at a sign-in service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import Row

from api.graphql.ids import to_global
from api.graphql.types.enums import SignInMethod
from api.graphql.types.node import Node
from api.graphql.types.people import User


@strawberry.type(description="Somebody is signed in with a browser.")
class Session(Node):
    source: strawberry.Private[Row[Any]]
    method: SignInMethod = strawberry.field(description="How they proved who they are.")
    user_agent: str = strawberry.field(description="What the browser calls itself.")
    created_at: datetime = strawberry.field(description="When they signed in.")
    last_seen_at: datetime = strawberry.field(description="To the minute.")
    expires_at: datetime = strawberry.field(description="When it ends in any case.")
    ended_at: datetime | None = strawberry.field(description="When it was ended.")
    user: User = strawberry.field(default=None, description="Who is signed in.")

    @strawberry.field(description="This very request belongs to it.")
    def current(self, info: strawberry.Info) -> bool:
        return bool(info.context.principal.session_id == self.source.id)

    @classmethod
    def of(cls, row: Row[Any]) -> Session:
        """A session from its row; the cookie's secret is not in there."""
        return cls(
            id=strawberry.ID(to_global("Session", row.id)),
            source=row,
            method=row.method,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
        )


@strawberry.type(description="Who a user is at a sign-in service, by OpenID Connect.")
class Identity(Node):
    source: strawberry.Private[Row[Any]]
    issuer: str = strawberry.field(description="The service, by its URL.")
    subject: str = strawberry.field(description="The service's own name for the person.")
    created_at: datetime = strawberry.field(description="When it was linked.")
    user: User = strawberry.field(default=None, description="Who it stands for here.")

    @classmethod
    def of(cls, row: Row[Any]) -> Identity:
        """An identity from its row."""
        return cls(
            id=strawberry.ID(to_global("Identity", row.id)),
            source=row,
            issuer=row.issuer,
            subject=row.subject,
            created_at=row.created_at,
        )
