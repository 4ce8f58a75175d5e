"""Check again that the credential in use is valid, for what outlives it: tokens and identities."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from engine.model.errors import Code, Refusal
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork


def require_standing_credential(uow: UnitOfWork) -> None:
    """Refuse UNAUTHENTICATED where the token or session ended after the request was authenticated.

    A request may wait for a lock while its credential is ended. Most of what it does then could as
    well have been done before; but a credential made then would go on after the one it was made
    with. The row is locked, so that whoever ends it waits for what was made, and sees it.
    """
    principal = uow.principal
    if principal is None:
        return
    k, s = t.api_tokens, t.sessions
    if principal.token_id is not None:
        live = sa.or_(k.c.expires_at.is_(None), k.c.expires_at > uow.now)
        query = sa.select(k.c.id).where(k.c.id == principal.token_id, k.c.revoked_at.is_(None))
        message = "This token was revoked or has expired. Use another one."
    elif principal.session_id is not None:
        live = s.c.expires_at > uow.now
        query = sa.select(s.c.id).where(s.c.id == principal.session_id, s.c.ended_at.is_(None))
        message = "This session was ended. Sign in again."
    else:
        return
    standing = query.where(live).with_for_update(read=True)
    if uow.connection.execute(standing).one_or_none() is None:
        raise Refusal(Code.UNAUTHENTICATED, message)


def require_active_since(uow: UnitOfWork, begun_at: datetime | None) -> None:
    """Refuse a sign-in that began before the actor was last deactivated, though active again now.

    The caller holds the lock of the account's people, under which they are deactivated.

    Args:
        uow: The unit of work of the command.
        begun_at: When the sign-in began that the command completes; None: at this instant.
    """
    if begun_at is None:
        return
    u = t.users
    query = sa.select(u.c.id).where(u.c.id == uow.actor.user_id, u.c.deactivated_at >= begun_at)
    if uow.connection.execute(query).one_or_none() is not None:
        message = "You were deactivated since this sign-in began. Sign in again."
        raise Refusal(Code.UNAUTHENTICATED, message)
