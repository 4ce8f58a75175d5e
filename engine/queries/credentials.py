"""Who a credential proves: looked up at each request, so that a revocation holds at once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.commands.api_tokens import PREFIX, load_token_scopes, secret_hash
from engine.persistence import tables as t
from engine.principal import Principal
from engine.vocabulary import Channel


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
