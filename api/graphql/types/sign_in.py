"""How people sign in: their browser sessions, and identities at a sign-in service."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.enums import SignInMethod
from api.graphql.types.node import Node
from api.graphql.types.people import User
from engine.queries.records import Record


@strawberry.type(description="A session in which a user is signed in, in a browser or on a device.")
class Session(Node):
    source: strawberry.Private[Record]
    method: SignInMethod = strawberry.field(
        description="The way in which the user proved who they are."
    )
    user_agent: str = strawberry.field(
        description="The User-Agent header of the browser or program that signed in."
    )
    device_name: str | None = strawberry.field(
        description="The name that a device gave itself when it signed in by the device flow,"
        " or null for the session of a browser."
    )
    created_at: datetime = strawberry.field(description="The time at which the user signed in.")
    last_seen_at: datetime = strawberry.field(
        description="The time of the session's last request, exact to the minute."
    )
    expires_at: datetime = strawberry.field(
        description="The time at which the session ends at the latest."
    )
    ended_at: datetime | None = strawberry.field(
        description="The time at which the session was revoked or signed out, or null if it"
        " was not."
    )
    user: User = strawberry.field(default=None, description="The user who is signed in.")

    @strawberry.field(description="Whether this request itself was made with the session.")
    def current(self, info: strawberry.Info) -> bool:
        return bool(info.context.principal.session_id == self.source.id)

    @classmethod
    def of(cls, row: Record) -> Session:
        """A session from its row; the cookie's secret is not in there."""
        return cls(
            id=strawberry.ID(to_global("Session", row.id)),
            source=row,
            method=row.method,
            user_agent=row.user_agent,
            device_name=row.device_name,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
        )


@strawberry.type(
    description="An identity of a user at a sign-in service, used to sign in by OpenID Connect."
)
class Identity(Node):
    source: strawberry.Private[Record]
    issuer: str = strawberry.field(
        description="The URL of the sign-in service that issued the identity."
    )
    subject: str = strawberry.field(
        description="The identifier that the sign-in service gives the person."
    )
    created_at: datetime = strawberry.field(
        description="The time at which the identity was linked to the user."
    )
    user: User = strawberry.field(
        default=None, description="The user who signs in with the identity."
    )

    @classmethod
    def of(cls, row: Record) -> Identity:
        """An identity from its row."""
        return cls(
            id=strawberry.ID(to_global("Identity", row.id)),
            source=row,
            issuer=row.issuer,
            subject=row.subject,
            created_at=row.created_at,
        )
