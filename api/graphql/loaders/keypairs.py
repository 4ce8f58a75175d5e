"""Loaders for the fields of keypairs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from uuid import UUID

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Team, User
from api.graphql.types.release import Release
from engine.queries.context import QueryContext
from engine.queries.links import Link, holding_releases, linked, predecessors, successors


@loads(Keypair, "users")
def keypair_users(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[User]:
    ids = [keypair.source.id for keypair in keypairs]
    links = linked(cache.reading, Link.USERS_OF_KEYPAIR, ids)
    users = cache.users({id_ for linked_ids in links.values() for id_ in linked_ids})
    for keypair in keypairs:
        mapped = (users[id_] for id_ in links[keypair.source.id])
        keypair.users = sorted(mapped, key=lambda user: (user.name, user.id))
    return users.values()


@loads(Keypair, "teams")
def keypair_teams(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Team]:
    ids = [keypair.source.id for keypair in keypairs]
    links = linked(cache.reading, Link.TEAMS_OF_KEYPAIR, ids)
    teams = cache.teams({id_ for linked_ids in links.values() for id_ in linked_ids})
    for keypair in keypairs:
        granted = (teams[id_] for id_ in links[keypair.source.id])
        keypair.teams = sorted(granted, key=lambda team: team.name)
    return teams.values()


@loads(Keypair, "predecessor")
def keypair_predecessor(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Keypair]:
    others = _one_each(cache, keypairs, predecessors)
    for keypair in keypairs:
        keypair.predecessor = others.get(keypair.source.id)
    return others.values()


@loads(Keypair, "successor")
def keypair_successor(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Keypair]:
    others = _one_each(cache, keypairs, successors)
    for keypair in keypairs:
        keypair.successor = others.get(keypair.source.id)
    return others.values()


def _one_each(
    cache: EntityCache,
    keypairs: Sequence[Keypair],
    links: Callable[[QueryContext, Collection[UUID]], dict[UUID, UUID]],
) -> dict[UUID, Keypair]:
    """Return the keypair that each of these is linked to, by the id of the former."""
    other_ids = links(cache.reading, [keypair.source.id for keypair in keypairs])
    others = cache.keypairs(set(other_ids.values()))
    return {id_: others[other_id] for id_, other_id in other_ids.items()}


@loads(Keypair, "heldBy")
def keypair_held_by(
    cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Release]:
    holding = holding_releases(cache.reading, [keypair.source.id for keypair in keypairs])
    releases = cache.releases(set(holding.values()))
    # One whose window is over holds nothing, whether or not that was written down yet.
    still_open = {id_: r for id_, r in releases.items() if not r.status.is_final}
    for keypair in keypairs:
        keypair.held_by = still_open.get(holding.get(keypair.source.id))  # type: ignore[arg-type]
    return still_open.values()
