"""Loaders for what releases are grouped by when they are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.counts import ReleaseCount, ReleaseGrouping
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Team, User


@loads(ReleaseCount, "team")
def team(cache: EntityCache, counts: Sequence[ReleaseCount], call: FieldCall) -> Iterable[Team]:
    groups = _grouped_by(ReleaseGrouping.TEAM, counts)
    teams = cache.teams(groups.keys())
    for id_, group in groups.items():
        group.team = teams[id_]
    return teams.values()


@loads(ReleaseCount, "keypair")
def keypair(
    cache: EntityCache, counts: Sequence[ReleaseCount], call: FieldCall
) -> Iterable[Keypair]:
    groups = _grouped_by(ReleaseGrouping.KEYPAIR, counts)
    keypairs = cache.keypairs(groups.keys())
    for id_, group in groups.items():
        group.keypair = keypairs[id_]
    return keypairs.values()


@loads(ReleaseCount, "requestedBy")
def requested_by(
    cache: EntityCache, counts: Sequence[ReleaseCount], call: FieldCall
) -> Iterable[User]:
    groups = _grouped_by(ReleaseGrouping.REQUESTED_BY, counts)
    users = cache.users(groups.keys())
    for id_, group in groups.items():
        group.requested_by = users[id_]
    return users.values()


def _grouped_by(
    grouping: ReleaseGrouping, counts: Sequence[ReleaseCount]
) -> dict[UUID, ReleaseCount]:
    """Return the groups by the ids that they are of, where that is what they were grouped by."""
    return {
        count.key: count
        for count in counts
        if count.grouping is grouping and isinstance(count.key, UUID)
    }
