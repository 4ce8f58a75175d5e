"""Start and end browser sessions: 256 random bits in a cookie, of which the SHA-256 is stored."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from engine.commands.administration.validation import require_in_person, require_own_or_managed
from engine.commands.command import Command
from engine.commands.credentials.api_tokens import secret_hash
from engine.commands.standing import require_active_since
from engine.model import addresses
from engine.model.errors import Code, Refusal
from engine.model.events import SessionEnded, SessionStarted
from engine.model.vocabulary import Permission, SignInMethod
from engine.persistence.db.ids import uuid7
from engine.persistence.store.credentials import sessions
from engine.persistence.store.credentials.identities import lock_identity
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

#: A session ends by itself after `IDLE_LIMIT` without a request, and after `LIFETIME` in any case.
IDLE_LIMIT = timedelta(hours=12)
LIFETIME = timedelta(days=7)
#: How many characters are kept of what a browser calls itself.
_MAX_USER_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new session; its secret goes into the cookie and is nowhere else."""

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
        actor = uow.actor
        assert actor.user_id is not None
        require_in_person(uow)
        if actor.service:
            raise Refusal(Code.FORBIDDEN, "A service user has no browser. Use a token.")
        self._require_identity(uow)
        self._require_address(uow)
        require_active_since(uow, self.begun_at)
        session = NewSession(self.session_id or uuid7(), secrets.token_urlsafe(32))
        sessions.insert_session(
            uow,
            session.session_id,
            actor.user_id,
            secret_hash=secret_hash(session.secret),
            method=self.method,
            user_agent=_printable(self.user_agent),
            expires_at=uow.now + LIFETIME,
        )
        started = SessionStarted(
            subject_id=actor.user_id, session_id=session.session_id, method=self.method
        )
        uow.record(started)
        return session

    def _require_identity(self, uow: UnitOfWork) -> None:
        """Refuse UNAUTHENTICATED where the identity was unlinked since it proved the sign-in."""
        if self.identity_id is None:
            return
        if not lock_identity(uow, self.identity_id, uow.actor.user_id):
            message = "This identity was unlinked. Sign in in another way."
            raise Refusal(Code.UNAUTHENTICATED, message)

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
        require_own_or_managed(uow, row, "session", Permission.MANAGE_OWN_PROFILE)
        if sessions.end_session(uow, row.id):
            uow.record(SessionEnded(subject_id=row.user_id, session_id=row.id))
        return self.session_id


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:_MAX_USER_AGENT_LENGTH])
