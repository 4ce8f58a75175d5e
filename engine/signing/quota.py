"""Counts signatures on their releases, and notes when a share of a maximum is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.model.events import QuotaReached
from engine.model.facts import CLOCK
from engine.persistence.db.bulk import update_many
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

#: Percentages of a release's maximum of signatures at which users are notified (spec section 6).
QUOTA_NOTICE_PERCENTS = (80, 100)

#: By release, by how much a count changes.
Changes = Mapping[UUID, int]


def count_signatures(uow: UnitOfWork, *, reserved: Changes, used: Changes) -> None:
    """Change the counts of locked releases, in one statement for any number of them.

    Args:
        uow: The unit of work, which has locked the releases and knows their counts.
        reserved: Changes of the reserved signatures.
        used: Changes of the used ones.
    """
    counts = [
        {
            "id": row.id,
            "signatures_reserved": row.signatures_reserved + reserved.get(row.id, 0),
            "signatures_used": row.signatures_used + used.get(row.id, 0),
        }
        for row in uow.standing
        if row.id in reserved or row.id in used
    ]
    if not counts:
        return
    update_many(uow.connection, t.releases, {}, counts)
    uow.evict(row["id"] for row in counts)
    for row in uow.standing:
        if row.id in used:
            _record_quota(uow, row, row.signatures_used + used[row.id])


def _record_quota(uow: UnitOfWork, row: Row[Any], used: int) -> None:
    """Record the highest share of the maximum that is reached just now, if one is."""
    before, maximum = row.signatures_used, row.max_signatures
    crossed = [p for p in QUOTA_NOTICE_PERCENTS if before * 100 < p * maximum <= used * 100]
    for percent in crossed[-1:]:
        event = QuotaReached.of(row.id, percent=percent, used=used, maximum=maximum)
        uow.record(event, actor=CLOCK)
