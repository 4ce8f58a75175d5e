"""The whole ledger of an account as it is stored, in pages: what a verifier needs and no more."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Row

from engine.persistence.store import ledger
from engine.persistence.store.ledger import BEFORE_ALL, Head
from engine.persistence.store.tables import ledger_entries as e
from engine.queries.context import QueryContext
from engine.queries.history import require_ledger

#: The position, the hash and the text of an entry.
StoredEntry = Row[int, bytes, str]


def ledger_head(context: QueryContext) -> Head:
    """Return the head of the account's ledger.

    Raises:
        Refusal: FORBIDDEN, as `require_ledger` has it.
    """
    require_ledger(context)
    return ledger.head(context.connection, context.account_id)


def stored_entries(
    context: QueryContext, last_position: int, limit: int, after: int = BEFORE_ALL
) -> Sequence[StoredEntry]:
    """Return the next entries with their position, hash and text.

    Entries are only appended. So pages that are read in several transactions fit each other, and
    a head that was read before them.

    Args:
        context: Whose account it is.
        last_position: The position of the last entry to read.
        limit: The number of entries to read at most.
        after: The position to read after.

    Raises:
        Refusal: FORBIDDEN, as `require_ledger` has it.
    """
    require_ledger(context)
    query = sa.select(e.c.position, e.c.hash, e.c.body).where(
        e.c.account_id == context.account_id,
        e.c.position > after,
        e.c.position <= last_position,
    )
    return context.connection.execute(query.order_by(e.c.position).limit(limit)).all()
