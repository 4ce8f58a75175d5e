"""Which records belong to which: the two sides of each linking table."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, Select

from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext


class Link(Enum):
    """A relation between records, named by what is returned for which owner."""

    ROLES_OF_USER = auto()
    TEAMS_OF_USER = auto()
    PERMISSIONS_OF_ROLE = auto()
    MEMBERS_OF_TEAM = auto()
    KEYPAIRS_OF_TEAM = auto()
    USERS_OF_KEYPAIR = auto()
    TEAMS_OF_KEYPAIR = auto()


#: The column of the owner and the column of what is returned.
_COLUMNS: dict[Link, tuple[Column[Any], Column[Any]]] = {
    Link.ROLES_OF_USER: (t.user_roles.c.user_id, t.user_roles.c.role_id),
    Link.TEAMS_OF_USER: (t.team_members.c.user_id, t.team_members.c.team_id),
    Link.PERMISSIONS_OF_ROLE: (t.role_permissions.c.role_id, t.role_permissions.c.permission),
    Link.MEMBERS_OF_TEAM: (t.team_members.c.team_id, t.team_members.c.user_id),
    Link.KEYPAIRS_OF_TEAM: (t.team_keypairs.c.team_id, t.team_keypairs.c.keypair_id),
    Link.USERS_OF_KEYPAIR: (t.keypair_users.c.keypair_id, t.keypair_users.c.user_id),
    Link.TEAMS_OF_KEYPAIR: (t.team_keypairs.c.keypair_id, t.team_keypairs.c.team_id),
}


def linked(reading: QueryContext, link: Link, owner_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return what is linked to each owner, in its own order, in one statement for all owners."""
    others: dict[UUID, list[Any]] = {id_: [] for id_ in owner_ids}
    rows = reading.connection.execute(_linked(link), {"ids": sorted(others)}).all()
    for owner, other in rows:
        others[owner].append(other)
    return others


@cache
def _linked(link: Link) -> Select[Any]:
    owner, other = _COLUMNS[link]
    return sa.select(owner, other).where(id_in(owner)).order_by(owner, other)


def holding_releases(reading: QueryContext, keypair_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the id of the release that holds each keypair, where one is recorded."""
    h = t.release_keypairs.c
    query = sa.select(h.keypair_id, h.release_id).where(id_in(h.keypair_id), h.held)
    rows = reading.connection.execute(query, {"ids": sorted(keypair_ids)}).all()
    return {row.keypair_id: row.release_id for row in rows}
