"""Start and end sessions: 256 random bits that their holder has, of which the SHA-256 is stored."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from engine.commands.administration.validation import require_in_person
from engine.commands.command import Command
from engine.commands.credentials.api_tokens import secret_hash
from engine.commands.standing import require_active_since, require_identity
from engine.lifecycle.administration import refuse_foreign
from engine.model import addresses
from engine.model.errors import Code, Refusal, refuse
from engine.model.events import SessionEnded, SessionStarted
from engine.model.vocabulary import Permission, SignInMethod
from engine.persistence.db.ids import uuid7
from engine.persistence.store.credentials import sessions
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

#: A session ends by itself after `IDLE_LIMIT` without a request, and after `LIFETIME` in any case.
IDLE_LIMIT = timedelta(hours=12)
LIFETIME = timedelta(days=7)
#: How many characters are kept of what a browser calls itself.
_MAX_USER_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new session; its secret goes to its holder and is nowhere else."""

    session_id: UUID
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StartSession(Command[NewSession]):
    """Start a session for the principal, who has just proved who they are."""

    command_name = "start_session"
    #: Nobody is deactivated and signed in at the same moment.
    account_hold = Hold.SHARED

    method: SignInMethod
    user_agent: str = ""
    #: Derived from a proof that could be shown twice: the second time the session exists already.
    session_id: UUID | None = None
    #: The identity at a sign-in service that proved who they are, if one did.
    identity_id: UUID | None = None
    #: What proved it, where that was a mail: the address it was sent to.
    address: str | None = None
    #: When the sign-in began; None: at this instant.
    begun_at: datetime | None = None

    def apply(self, uow: UnitOfWork) -> NewSession:
        """Start a session, a new one whatever cookie the browser had (session fixation)."""
        require_in_person(uow)
        if uow.actor.service:
            raise Refusal(Code.FORBIDDEN, "A service user has no browser. Use a token.")
        require_identity(uow, self.identity_id)
        self._require_address(uow)
        require_active_since(uow, self.begun_at)
        session = NewSession(self.session_id or uuid7(), secrets.token_urlsafe(32))
        start_session(uow, session, method=self.method, user_agent=self.user_agent)
        return session

    def _require_address(self, uow: UnitOfWork) -> None:
        """Refuse UNAUTHENTICATED where the user has changed the address that proved the sign-in."""
        if self.address is None or addresses.share_mailbox(self.address, uow.actor.email):
            return
        message = "Your e-mail address was changed since this sign-in began. Sign in again."
        raise Refusal(Code.UNAUTHENTICATED, message)


@dataclass(frozen=True, kw_only=True)
class RevokeSession(Command[UUID]):
    """End a session of one's own, or with `MANAGE_USERS` of anybody, at once; returns its id."""

    command_name = "end_session"
    subject_kind = "Session"
    subject_field = "session_id"

    session_id: UUID

    def apply(self, uow: UnitOfWork) -> UUID:
        """End the session; one that has ended stays as it is."""
        row = sessions.load_session(uow, self.session_id)
        refuse(refuse_foreign(uow.actor, row.user_id, "session", Permission.MANAGE_OWN_PROFILE))
        if sessions.end_session(uow, row.id):
            uow.record(SessionEnded(subject_id=row.user_id, session_id=row.id))
        return self.session_id


def start_session(
    uow: UnitOfWork,
    session: NewSession,
    *,
    method: SignInMethod,
    user_agent: str,
    device_name: str | None = None,
) -> None:
    """Write a new session of the actor, and record it.

    Args:
        uow: The unit of work of a command that has checked who the actor is.
        session: The new session's id and secret.
        method: How the actor proved who they are.
        user_agent: What the browser or program calls itself.
        device_name: What the device calls itself, where the session is not a browser's.
    """
    user_id = uow.actor.user_id
    assert user_id is not None
    sessions.insert_session(
        uow,
        session.session_id,
        user_id,
        secret_hash=secret_hash(session.secret),
        method=method,
        user_agent=printable(user_agent),
        device_name=device_name,
        expires_at=uow.now + LIFETIME,
    )
    started = SessionStarted(
        subject_id=user_id, session_id=session.session_id, method=method, device_name=device_name
    )
    uow.record(started)


def printable(user_agent: str) -> str:
    """Return what a browser or program calls itself as it is stored: cut, on one line."""
    cut = user_agent[:_MAX_USER_AGENT_LENGTH]
    return "".join(c if c.isprintable() else " " for c in cut)
