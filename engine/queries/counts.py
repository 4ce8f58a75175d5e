"""Counts for overviews: releases by what they have in common, signatures by when they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from engine.model.vocabulary import KeypairCategory, ReleaseType, Status
from engine.persistence.store import tables as t
from engine.queries import signatures
from engine.queries.buckets import BucketSize, bucket_edges
from engine.queries.context import QueryContext
from engine.queries.release_filter import ReleaseFilter, conditions, status_now
from engine.queries.signatures import SignatureFilter
from engine.queries.visibility import is_visible

#: The most groups of one answer, where a group is one of the account's teams, keypairs or users.
MAX_GROUPS = 100

r, h, s = t.releases, t.release_keypairs, t.signatures


class ReleaseGrouping(StrEnum):
    """What the releases of one group have in common."""

    STATUS = "STATUS"
    TYPE = "TYPE"
    CATEGORY = "CATEGORY"
    TEAM = "TEAM"
    KEYPAIR = "KEYPAIR"
    REQUESTED_BY = "REQUESTED_BY"


#: A member of an enumeration, the id of a team, keypair or user, or None for releases without one.
GroupKey: TypeAlias = Enum | UUID | None

#: The members of closed sets, each of which is a group whether or not it has a release.
_MEMBERS: Mapping[ReleaseGrouping, type[StrEnum]] = {
    ReleaseGrouping.STATUS: Status,
    ReleaseGrouping.TYPE: ReleaseType,
    ReleaseGrouping.CATEGORY: KeypairCategory,
}


def release_counts(
    context: QueryContext, grouping: ReleaseGrouping, filter_: ReleaseFilter
) -> list[tuple[GroupKey, int]]:
    """Return how many of the visible releases that the filter finds are in each group.

    The members of a closed set come in its own order and with zeros; other groups come by size,
    the largest first, and `MAX_GROUPS` of them at most. A release with several keypairs is in the
    group of each.
    """
    key, source = _key(context, grouping)
    selected = sa.select(key.label("key")).select_from(source)
    selected = selected.where(is_visible(context), *conditions(context, filter_))
    rows = selected.subquery()
    size = sa.func.count()
    query = sa.select(rows.c.key, size).group_by(rows.c.key).order_by(size.desc(), rows.c.key)
    counts: dict[GroupKey, int] = {
        row.key: row[1] for row in context.connection.execute(query.limit(MAX_GROUPS))
    }
    if grouping in _MEMBERS:
        return [(member, counts.get(member, 0)) for member in _MEMBERS[grouping]]
    return list(counts.items())


def _key(context: QueryContext, grouping: ReleaseGrouping) -> tuple[ColumnElement[Any], FromClause]:
    """Return what releases are grouped by, and where it is read from."""
    if grouping is ReleaseGrouping.STATUS:
        return status_now(context.now), r
    if grouping is ReleaseGrouping.KEYPAIR:
        return h.c.keypair_id, r.join(h, h.c.release_id == r.c.id)
    columns = {
        ReleaseGrouping.TYPE: r.c.type,
        ReleaseGrouping.CATEGORY: r.c.category,
        ReleaseGrouping.TEAM: r.c.team_id,
        ReleaseGrouping.REQUESTED_BY: r.c.creator_id,
    }
    return columns[grouping], r


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many signatures were made in [starts_at, ends_at)."""

    starts_at: datetime
    ends_at: datetime
    count: int


def signature_counts(
    context: QueryContext,
    size: BucketSize,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    filter_: SignatureFilter,
) -> list[Bucket]:
    """Return how many of the visible signatures that the filter finds were made in each bucket.

    Raises:
        Refusal: INVALID_INPUT, as `bucket_edges` does.
    """
    edges = bucket_edges(size, since, until, zone)
    selected = sa.select(_bucket_of(s.c.reserved_at, edges).label("bucket")).where(
        *signatures.matching(context, filter_),
        # Their index has the account's signatures by time.
        s.c.account_id == context.account_id,
        s.c.reserved_at >= edges[0],
        s.c.reserved_at < edges[-1],
    )
    rows = selected.subquery()
    query = sa.select(rows.c.bucket, sa.func.count()).group_by(rows.c.bucket)
    counts = {row.bucket: row[1] for row in context.connection.execute(query)}
    return [
        Bucket(edges[number], edges[number + 1], counts.get(number, 0))
        for number in range(len(edges) - 1)
    ]


def _bucket_of(column: ColumnElement[Any], edges: Sequence[datetime]) -> ColumnElement[int]:
    """Return the number of the bucket that an instant lies in: a binary search, as SQL."""

    def search(low: int, high: int) -> ColumnElement[int]:
        if high - low == 1:
            return sa.literal_column(str(low), sa.Integer)
        middle = (low + high) // 2
        return sa.case((column < edges[middle], search(low, middle)), else_=search(middle, high))

    return search(0, len(edges) - 1)
