"""When tokens and sessions were last used."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from engine.persistence.db.sql import id_in, in_subquery
from engine.persistence.store import tables as t

#: The use of one credential is written down at most this often.
RECORD_INTERVAL = timedelta(minutes=1)


def record_token_use(connection: Connection, ids: Collection[UUID], now: datetime) -> None:
    """Write down that these tokens were used just now."""
    _record(connection, t.api_tokens, "last_used_at", ids, now)


def record_session_use(connection: Connection, ids: Collection[UUID], now: datetime) -> None:
    """Write down that these sessions were used just now."""
    _record(connection, t.sessions, "last_seen_at", ids, now)


def _record(
    connection: Connection, table: Table, column: str, ids: Collection[UUID], now: datetime
) -> None:
    if not ids:
        return
    last = table.c[column]
    stale = sa.or_(last.is_(None), last <= now - RECORD_INTERVAL)
    # Another process that writes the same rows at this moment does it for us as well.
    free = sa.select(table.c.id).where(id_in(table.c.id), stale)
    chosen = free.order_by(table.c.id).with_for_update(skip_locked=True)
    touched = table.update().where(in_subquery(table.c.id, chosen)).values({column: now})
    connection.execute(touched, {"ids": sorted(ids)})
