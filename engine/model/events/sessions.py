"""People signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.model.events.base import Event
from engine.model.vocabulary import SignInMethod


@dataclass(frozen=True, kw_only=True)
class SessionEvent(Event):
    """Of a browser session; its subject is the user. Nobody is mailed."""

    kind = "User"
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class SessionStarted(SessionEvent):
    """Somebody signed in."""

    tag = "session:started"
    method: SignInMethod


@dataclass(frozen=True, kw_only=True)
class SessionEnded(SessionEvent):
    """Somebody signed out, or the session was ended from elsewhere."""

    tag = "session:ended"


@dataclass(frozen=True, kw_only=True)
class IdentityEvent(Event):
    """Of the tie between a user and their identity at a sign-in service."""

    kind = "User"
    issuer: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class IdentityLinked(IdentityEvent):
    """The user can sign in with it from now on."""

    tag = "identity:linked"


@dataclass(frozen=True, kw_only=True)
class IdentityUnlinked(IdentityEvent):
    """The user cannot sign in with it any more."""

    tag = "identity:unlinked"
