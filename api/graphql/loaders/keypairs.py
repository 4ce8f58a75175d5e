"""Fields of keypairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Team, User
from api.graphql.types.release import Release
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.queries import records


@loads(Keypair, "users")
def keypair_users(
    shelf: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[User]:
    link = t.keypair_users.c
    ids = [keypair.source.id for keypair in keypairs]
    links = records.linked(shelf.reading, link.keypair_id, link.user_id, ids)
    users = shelf.users({id_ for found in links.values() for id_ in found})
    for keypair in keypairs:
        mapped = (users[id_] for id_ in links[keypair.source.id])
        keypair.users = sorted(mapped, key=lambda user: (user.name, user.id))
    return users.values()


@loads(Keypair, "teams")
def keypair_teams(
    shelf: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Team]:
    link = t.team_keypairs.c
    ids = [keypair.source.id for keypair in keypairs]
    links = records.linked(shelf.reading, link.keypair_id, link.team_id, ids)
    teams = shelf.teams({id_ for found in links.values() for id_ in found})
    for keypair in keypairs:
        granted = (teams[id_] for id_ in links[keypair.source.id])
        keypair.teams = sorted(granted, key=lambda team: team.name)
    return teams.values()


@loads(Keypair, "heldBy")
def keypair_held_by(
    shelf: EntityCache, keypairs: Sequence[Keypair], call: FieldCall
) -> Iterable[Release]:
    h = t.release_keypairs
    ids = sorted(keypair.source.id for keypair in keypairs)
    query = sa.select(h.c.keypair_id, h.c.release_id).where(id_in(h.c.keypair_id), h.c.held)
    found = shelf.reading.connection.execute(query, {"ids": ids}).all()
    holding = {row.keypair_id: row.release_id for row in found}
    releases = shelf.releases(set(holding.values()))
    # One whose window is over holds nothing, whether or not that was written down yet.
    still_open = {id_: r for id_, r in releases.items() if not r.status.is_final}
    for keypair in keypairs:
        keypair.held_by = still_open.get(holding.get(keypair.source.id))  # type: ignore[arg-type]
    return still_open.values()
