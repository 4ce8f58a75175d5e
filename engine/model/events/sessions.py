"""People signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.model.events.base import Event
from engine.model.vocabulary import SignInMethod


@dataclass(frozen=True, kw_only=True)
class SessionEvent(Event):
    """An event of a session; its subject is the user. Nobody gets a message."""

    kind = "User"
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class SessionStarted(SessionEvent):
    """Somebody signed in to the account."""

    tag = "session:started"
    method: SignInMethod
    #: What the device calls itself, where the session is a command line's.
    device_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class SessionEnded(SessionEvent):
    """Somebody signed out, or the session was ended from elsewhere."""

    tag = "session:ended"


@dataclass(frozen=True, kw_only=True)
class IdentityEvent(Event):
    """An event of the link between a user and an identity at a sign-in service."""

    kind = "User"
    issuer: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class IdentityLinked(IdentityEvent):
    """An identity was linked: the user can sign in with it from now on."""

    tag = "identity:linked"


@dataclass(frozen=True, kw_only=True)
class IdentityUnlinked(IdentityEvent):
    """An identity was unlinked: the user cannot sign in with it any more."""

    tag = "identity:unlinked"
