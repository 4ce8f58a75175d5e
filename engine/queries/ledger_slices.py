"""Ledger entries after a position: what subscriptions make events of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from engine.persistence.store import ledger
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext
from engine.queries.visibility import is_visible

e = t.ledger_entries

#: Entries of a slice at most.
ENTRIES_PER_READ = 100
#: Entries scanned for a slice at most; most of them may be about something else.
MAX_SCANNED_ENTRIES = 5_000


@dataclass(frozen=True, slots=True)
class LedgerSlice:
    """Entries, and how far the ledger was read for them."""

    entries: list[Row[Any]]
    #: The position to continue after.
    position: int
    #: There are more entries to read at once.
    has_more: bool


def head(context: QueryContext) -> ledger.Head:
    """The newest entry of the account's ledger, after which a viewer of new entries starts."""
    return ledger.head(context.connection, context.account_id)


def hash_at(context: QueryContext, position: int) -> bytes | None:
    """The hash of the entry at a position; None past the head."""
    if position == 0:
        return ledger.GENESIS
    if position > head(context).count:  # also what no database can count to
        return None
    query = sa.select(e.c.hash).where(
        e.c.account_id == context.account_id, e.c.position == position
    )
    hash_: bytes | None = context.connection.execute(query).scalar_one_or_none()
    return hash_


def is_seen(context: QueryContext, release_id: UUID) -> bool:
    """Whether the viewer sees the release now."""
    query = sa.select(t.releases.c.id).where(t.releases.c.id == release_id, is_visible(context))
    return context.connection.execute(query).one_or_none() is not None


def ledger_after(context: QueryContext, position: int, release_id: UUID | None) -> LedgerSlice:
    """The next entries about releases that the viewer sees, or about one of them."""
    # Each release is looked up by its id: a set of all visible ones would be computed each time.
    seen = sa.exists().where(t.releases.c.id == e.c.release_id, is_visible(context))
    if release_id is None:
        return scan(context, position, e.c.release_id.is_not(None), seen)
    # Entries of one release have an index: no others are scanned.
    return scan(context, position, e.c.release_id == release_id, seen, all_at_once=True)


def entries_with_tags(context: QueryContext, position: int, tags: Collection[str]) -> LedgerSlice:
    """The next entries that have one of these tags, whoever may see them."""
    return scan(context, position, e.c.tag.in_(sorted(tags)))


def scan(
    context: QueryContext,
    position: int,
    *conditions: ColumnElement[bool],
    all_at_once: bool = False,
) -> LedgerSlice:
    """The next entries in commit order: nothing is missed, since positions have no gaps.

    Args:
        context: Whose account it is.
        position: The position to read after.
        conditions: What the entries have to fulfil.
        all_at_once: An index finds the entries, so that no others are looked at for them.
    """
    newest = head(context).count
    until = max(newest, position) if all_at_once else position + MAX_SCANNED_ENTRIES
    query = (
        sa.select(e)
        .where(
            e.c.account_id == context.account_id,
            e.c.position > position,
            e.c.position <= until,
            *conditions,
        )
        .order_by(e.c.position)
        .limit(ENTRIES_PER_READ)
    )
    entries = list(context.connection.execute(query))
    if len(entries) == ENTRIES_PER_READ:
        return LedgerSlice(entries, entries[-1].position, has_more=True)
    # On PostgreSQL an entry may have come since the head was read.
    end = max(newest, position, *(row.position for row in entries), 0)
    return LedgerSlice(entries, min(until, end), has_more=until < newest)
