"""Who a credential proves: looked up at each request, so that a revocation holds at once."""

from __future__ import annotations

import string
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from engine.commands.api_tokens import PREFIX, load_token_scopes, secret_hash
from engine.commands.sessions import IDLE
from engine.naming import name_key, tidy
from engine.persistence import tables as t
from engine.principal import Principal
from engine.vocabulary import Channel

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def principal_of_token(connection: Connection, secret: str, now: datetime) -> Principal | None:
    """The token's user, or None for an unknown, expired or revoked one or an inactive user."""
    if not secret.startswith(PREFIX):
        return None
    k, u = t.api_tokens, t.users
    row = connection.execute(
        sa.select(k.c.id, k.c.account_id, k.c.user_id, k.c.scopes)
        .join(u, u.c.id == k.c.user_id)
        .where(
            k.c.secret_hash == secret_hash(secret),
            k.c.revoked_at.is_(None),
            sa.or_(k.c.expires_at.is_(None), k.c.expires_at > now),
            u.c.active,
        )
    ).one_or_none()
    if row is None:
        return None
    return Principal(
        account_id=row.account_id,
        user_id=row.user_id,
        channel=Channel.API,
        scopes=load_token_scopes(row.scopes),
        token_id=row.id,
    )


def principal_of_session(connection: Connection, secret: str, now: datetime) -> Principal | None:
    """The session's person, with all their permissions; None once it has ended in any way."""
    s, u = t.sessions, t.users
    row = connection.execute(
        sa.select(s.c.id, s.c.account_id, s.c.user_id)
        .join(u, u.c.id == s.c.user_id)
        .where(s.c.secret_hash == secret_hash(secret), *_is_live(now), u.c.active)
    ).one_or_none()
    if row is None:
        return None
    return Principal(
        account_id=row.account_id,
        user_id=row.user_id,
        channel=Channel.DASHBOARD,
        session_id=row.id,
    )


def live_sessions(
    connection: Connection, principal: Principal, now: datetime
) -> Sequence[Row[Any]]:
    """The principal's own sessions, the newest first; without what would prove them."""
    s = t.sessions
    names = ("id", "method", "user_agent", "created_at", "last_seen_at", "expires_at")
    query = sa.select(*(s.c[name] for name in names)).where(
        s.c.user_id == principal.user_id, *_is_live(now)
    )
    return connection.execute(query.order_by(s.c.created_at.desc(), s.c.id.desc())).all()


def people_with_address(connection: Connection, address: str) -> Sequence[Row[Any]]:
    """Active people whose mail goes to exactly this mailbox, each with the account's name.

    Names are compared by how they look, mailboxes are not: `strasse@` and `straße@` are the same
    name, and two people's mail. So only the letter case of ASCII is overlooked.
    """
    u = t.users
    rows = connection.execute(_people().where(u.c.email_key == name_key(tidy(address)))).all()
    return [row for row in rows if _mailbox(row.email) == _mailbox(address)]


def people_with_identity(
    connection: Connection, issuer: str, subject: str, account: str | None = None
) -> Sequence[Row[Any]]:
    """Active people with this identity at a sign-in service, in one account or in all."""
    i, u = t.identities, t.users
    query = _people().join(i, i.c.user_id == u.c.id)
    query = query.where(i.c.issuer == issuer, i.c.subject == subject)
    if account is not None:
        query = query.where(t.accounts.c.name_key == name_key(tidy(account)))
    return connection.execute(query).all()


def _people() -> sa.Select[Any]:
    u, a = t.users, t.accounts
    shown = (u.c.id, u.c.account_id, u.c.email, u.c.name, u.c.locale, u.c.time_zone)
    query = sa.select(*shown, a.c.name.label("account")).join(a, a.c.id == u.c.account_id)
    return query.where(u.c.active, ~u.c.service).order_by(a.c.name, u.c.id)


def _is_live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    s = t.sessions
    return s.c.ended_at.is_(None), s.c.expires_at > now, s.c.last_seen_at > now - IDLE


def _mailbox(address: str) -> str:
    return tidy(address).translate(_LOWER)
