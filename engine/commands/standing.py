"""Check again that the credential in use is valid, for what outlives it: tokens and identities."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.persistence.store.administration import users
from engine.persistence.store.credentials.api_tokens import load_revoked_ids, lock_live_token
from engine.persistence.store.credentials.identities import lock_identity
from engine.persistence.store.credentials.sessions import load_ended_ids, lock_live_session
from engine.persistence.store.unit_of_work import UnitOfWork

_CREDENTIAL_REVOKED = "This token was revoked or has expired. Use another one."
_SESSION_ENDED = "This session was ended. Sign in again."
_DEACTIVATED = "You were deactivated since this sign-in began. Sign in again."


def require_standing_credential(uow: UnitOfWork) -> None:
    """Refuse UNAUTHENTICATED where the token or session ended after the request was authenticated.

    A request may wait for a lock while its credential is ended. Most of what it does then could as
    well have been done before; but a credential made then would go on after the one it was made
    with. The row is locked, so that whoever ends it waits for what was made, and sees it.
    """
    principal = uow.principal
    if principal is None:
        return
    if principal.token_id is not None and not lock_live_token(uow, principal.token_id):
        raise Refusal(Code.UNAUTHENTICATED, _CREDENTIAL_REVOKED)
    if principal.session_id is not None and not lock_live_session(uow, principal.session_id):
        raise Refusal(Code.UNAUTHENTICATED, _SESSION_ENDED)


def load_ended_callers(
    connection: Connection, principals: Collection[Principal]
) -> dict[Principal, Refusal]:
    """Return those of the callers whose token was revoked or whose session was ended, and how.

    They were authenticated before that, and have waited since.
    """
    token_ids = {p.token_id for p in principals if p.token_id is not None}
    session_ids = {p.session_id for p in principals if p.session_id is not None}
    revoked = load_revoked_ids(connection, token_ids)
    ended = load_ended_ids(connection, session_ids)
    by_token = {p: _CREDENTIAL_REVOKED for p in principals if p.token_id in revoked}
    by_session = {p: _SESSION_ENDED for p in principals if p.session_id in ended}
    return {
        principal: Refusal(Code.UNAUTHENTICATED, message)
        for principal, message in (by_session | by_token).items()
    }


def require_identity(uow: UnitOfWork, identity_id: UUID | None) -> None:
    """Refuse UNAUTHENTICATED where the identity was unlinked since it proved the actor's sign-in.

    Args:
        uow: The unit of work of the command.
        identity_id: The identity at a sign-in service; None: something else has proved it.
    """
    if identity_id is not None and not lock_identity(uow, identity_id, uow.actor.user_id):
        message = "This identity was unlinked. Sign in in another way."
        raise Refusal(Code.UNAUTHENTICATED, message)


def require_active_since(uow: UnitOfWork, begun_at: datetime | None) -> None:
    """Refuse a sign-in that began before the actor was last deactivated, though active again now.

    The caller holds the lock of the account's people, under which they are deactivated.

    Args:
        uow: The unit of work of the command.
        begun_at: When the sign-in began that the command completes; None: at this instant.
    """
    if begun_at is None or uow.actor.user_id is None:
        return
    if users.was_deactivated_since(uow, uow.actor.user_id, begun_at):
        raise Refusal(Code.UNAUTHENTICATED, _DEACTIVATED)
