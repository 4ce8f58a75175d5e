"""Finds who could sign in: people of all accounts by an address or an identity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model import addresses
from engine.model.text import name_key, normalize
from engine.persistence.store import tables as t


def people_with_address(
    connection: Connection, address: str, begun_at: datetime
) -> Sequence[Row[Any]]:
    """Return active people whose mail goes to exactly this mailbox, with the account's name.

    Names are compared by how they look, mailboxes are not: `strasse@` and `straße@` are the same
    name, and two people's mail. So only the letter case of ASCII is overlooked.
    """
    u = t.users
    parsed = addresses.parse(address)
    if parsed is None:
        return []
    rows = connection.execute(_people(begun_at).where(u.c.email_key.in_(parsed.keys))).all()
    return [row for row in rows if addresses.share_mailbox(row.email, address)]


def people_with_identity(
    connection: Connection,
    issuer: str,
    subject: str,
    begun_at: datetime,
    account: str | None = None,
) -> Sequence[Row[Any]]:
    """Return active people with an identity at a sign-in service, in one account or in all.

    `begun_at`: when the sign-in began. It is worth nothing for whom was deactivated since.
    """
    i, u = t.identities, t.users
    query = (
        _people(begun_at).join(i, i.c.user_id == u.c.id).add_columns(i.c.id.label("identity_id"))
    )
    query = query.where(i.c.issuer == issuer, i.c.subject == subject)
    if account is not None:
        query = query.where(t.accounts.c.name_key == name_key(normalize(account)))
    return connection.execute(query).all()


def _people(begun_at: datetime) -> sa.Select[Any]:
    u, a = t.users, t.accounts
    shown = (u.c.id, u.c.account_id, u.c.email, u.c.name, u.c.locale, u.c.time_zone)
    query = sa.select(*shown, a.c.name.label("account")).join(a, a.c.id == u.c.account_id)
    was_active = sa.or_(u.c.deactivated_at.is_(None), u.c.deactivated_at < begun_at)
    return query.where(u.c.active, ~u.c.service, was_active).order_by(a.c.name, u.c.id)
