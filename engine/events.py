"""What happened, in the past tense: one frozen class for each kind, with a stable tag.

A recorded event becomes one ledger entry; listeners turn some of them into messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Self
from uuid import UUID

from orjson import Fragment

from engine.facts import Actor
from engine.vocabulary import SignInMethod, Status, Verdict

Changes = dict[str, tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to one subject of an account."""

    tag: ClassVar[str]
    #: What kind of thing the subject is: its GraphQL type.
    kind: ClassVar[str]
    subject_id: UUID
    #: The release concerned, for its history.
    release_id: UUID | None = None
    from_status: Status | None = None
    to_status: Status | None = None
    reason: str | None = None

    def details(self) -> dict[str, Any]:
        """What the event's own class adds, for the ledger."""
        return {name: getattr(self, name) for name in _own_fields(type(self))}  # type: ignore[arg-type]


@cache
def _own_fields(kind: type[Event]) -> tuple[str, ...]:
    common = {f.name for f in fields(Event)}
    return tuple(f.name for f in fields(kind) if f.name not in common)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with who, through which channel, and when."""

    event: Event
    actor: Actor
    #: The nominal instant: for what time made due, the edge of the window.
    effective_at: datetime


# --- releases -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ReleaseEvent(Event):
    """Of a release, which is its own subject."""

    kind = "Release"

    @classmethod
    def of(cls, release_id: UUID, **values: Any) -> Self:
        """The event of this release."""
        return cls(subject_id=release_id, release_id=release_id, **values)


@dataclass(frozen=True, kw_only=True)
class ReleaseRequested(ReleaseEvent):
    """A release was requested; it is pending, approved or active."""

    tag = "release:requested"
    name: str
    revision: int


@dataclass(frozen=True, kw_only=True)
class DecisionRecorded(ReleaseEvent):
    """An approver decided."""

    tag = "release:approval:recorded"
    verdict: Verdict
    revision: int
    received: int
    required: int


@dataclass(frozen=True, kw_only=True)
class ReleaseApproved(ReleaseEvent):
    """The quorum was met."""

    tag = "release:approved"


@dataclass(frozen=True, kw_only=True)
class ReleaseRejected(ReleaseEvent):
    """An approver said no, which ends the request."""

    tag = "release:rejected"


@dataclass(frozen=True, kw_only=True)
class ReleaseWithdrawn(ReleaseEvent):
    """The requester or an approver took it back."""

    tag = "release:withdrawn"


@dataclass(frozen=True, kw_only=True)
class ReleaseRevised(ReleaseEvent):
    """Somebody edited it."""

    tag = "release:revised"
    revision: int
    changes: Changes
    #: The edit touched what approvers agreed to.
    material: bool
    #: A new round of approval began.
    asks_anew: bool
    #: An open offline release was widened.
    widened: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseOpened(ReleaseEvent):
    """Its window opened."""

    tag = "release:opened"


@dataclass(frozen=True, kw_only=True)
class ReleaseClosed(ReleaseEvent):
    """Its window closed."""

    tag = "release:closed"
    early: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseExpired(ReleaseEvent):
    """Its window ended before it was approved."""

    tag = "release:expired"


@dataclass(frozen=True, kw_only=True)
class ReleaseStopped(ReleaseEvent):
    """The kill switch, or a disabled keypair."""

    tag = "release:stopped"
    code: str


@dataclass(frozen=True, kw_only=True)
class QuotaReached(ReleaseEvent):
    """So many percent of the signatures are used."""

    tag = "release:quota:reached"
    percent: int
    used: int
    maximum: int


# --- signatures -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SignatureMade(Event):
    """A signature left the service."""

    tag = "signature:made"
    kind = "Signature"
    keypair_id: UUID
    digest: str
    digest_algorithm: str
    #: Canonical JSON, as it is kept beside the signature.
    factors: str

    def details(self) -> dict[str, Any]:
        """The factors as they are: they need not be read to be written again."""
        return super().details() | {"factors": Fragment(self.factors)}


@dataclass(frozen=True, kw_only=True)
class SignatureDropped(Event):
    """A reserved signature came to nothing; what was counted is given back."""

    tag = "signature:dropped"
    kind = "Signature"
    keypair_id: UUID
    state: str


# --- refusals -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class AttemptRefused(Event):
    """Somebody tried something they may not do, or not now."""

    tag = "attempt:refused"
    kind = "Attempt"
    command: str
    code: str
    subject_kind: str
    details_of_attempt: dict[str, Any] = field(default_factory=dict)


# --- administration -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Administered(Event):
    """A change of the account's own things; its administrators are told."""

    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AccountCreated(Administered):
    """The account was made."""

    tag = "account:created"
    kind = "Account"


@dataclass(frozen=True, kw_only=True)
class AccountUpdated(Administered):
    """Settings changed."""

    tag = "account:updated"
    kind = "Account"


@dataclass(frozen=True, kw_only=True)
class UserCreated(Administered):
    """A user was added."""

    tag = "user:created"
    kind = "User"


@dataclass(frozen=True, kw_only=True)
class UserUpdated(Administered):
    """A user was changed."""

    tag = "user:updated"
    kind = "User"


@dataclass(frozen=True, kw_only=True)
class RoleCreated(Administered):
    """A role was defined."""

    tag = "role:created"
    kind = "Role"


@dataclass(frozen=True, kw_only=True)
class RoleUpdated(Administered):
    """A role's name or permissions changed."""

    tag = "role:updated"
    kind = "Role"


@dataclass(frozen=True, kw_only=True)
class TeamCreated(Administered):
    """A team was made."""

    tag = "team:created"
    kind = "Team"


@dataclass(frozen=True, kw_only=True)
class TeamUpdated(Administered):
    """A team's name, members, keypairs or quorum changed."""

    tag = "team:updated"
    kind = "Team"


@dataclass(frozen=True, kw_only=True)
class KeypairCreated(Administered):
    """A keypair was made."""

    tag = "keypair:created"
    kind = "Keypair"


@dataclass(frozen=True, kw_only=True)
class KeypairUpdated(Administered):
    """A keypair's alias, access, users, certificate or state changed."""

    tag = "keypair:updated"
    kind = "Keypair"


@dataclass(frozen=True, kw_only=True)
class TokenCreated(Administered):
    """An API token was made; its secret is not here."""

    tag = "token:created"
    kind = "ApiToken"


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Administered):
    """An API token ended."""

    tag = "token:revoked"
    kind = "ApiToken"


# --- signing in -----------------------------------------------------------------------------


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
