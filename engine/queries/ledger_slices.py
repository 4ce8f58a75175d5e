"""What happened to the releases one sees, after a position in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.persistence.store import ledger
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext
from engine.queries.visibility import is_visible

e = t.ledger_entries

#: Entries given in one reading.
ENTRIES_PER_READ = 100
#: Entries gone through in one reading: most of them may be nobody's business here.
LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class LedgerSlice:
    """Entries about releases that the viewer sees, and how far the ledger was read for them."""

    entries: list[Row[Any]]
    #: Go on after this position.
    position: int
    #: There is more behind it, to be looked at at once.
    has_more: bool


def newest_position(reading: QueryContext) -> int:
    """Where somebody who wants only what is new starts."""
    return ledger.head(reading.connection, reading.account_id).count


def hash_at(reading: QueryContext, position: int) -> bytes | None:
    """What the ledger has at a position, as it is now; None past its head."""
    if position == 0:
        return ledger.GENESIS
    head = ledger.head(reading.connection, reading.account_id)
    if position > head.count:  # also what no database can count to
        return None
    query = sa.select(e.c.hash).where(
        e.c.account_id == reading.account_id, e.c.position == position
    )
    found: bytes | None = reading.connection.execute(query).scalar_one_or_none()
    return found


def is_seen(reading: QueryContext, release_id: UUID) -> bool:
    """The viewer sees the release, still."""
    query = sa.select(t.releases.c.id).where(t.releases.c.id == release_id, is_visible(reading))
    return reading.connection.execute(query).one_or_none() is not None


def ledger_after(reading: QueryContext, position: int, release_id: UUID | None) -> LedgerSlice:
    """The next entries in commit order: nothing is missed, since positions have no gaps."""
    newest = newest_position(reading)
    # One release has an index of its own: nothing else is gone through.
    until = position + LOOKED_AT if release_id is None else max(newest, position)
    # By its id, release by release: a set of all that one sees would be made anew each time.
    seen = sa.exists().where(t.releases.c.id == e.c.release_id, is_visible(reading))
    query = (
        sa.select(e)
        .where(
            e.c.account_id == reading.account_id,
            e.c.position > position,
            e.c.position <= until,
            e.c.release_id == release_id if release_id else e.c.release_id.is_not(None),
            seen,
        )
        .order_by(e.c.position)
        .limit(ENTRIES_PER_READ)
    )
    entries = list(reading.connection.execute(query))
    if len(entries) == ENTRIES_PER_READ:
        return LedgerSlice(entries, entries[-1].position, has_more=True)
    # On PostgreSQL an entry may have come since the head was read.
    end = max(newest, position, *(row.position for row in entries), 0)
    return LedgerSlice(entries, min(until, end), has_more=until < newest)
