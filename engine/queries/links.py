"""Which records belong to which: the two sides of each linking table, whole and by pages."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Row, Select, Table

from engine.persistence.db.pagination import Order, Page, PageArgs, fetch_for_owners
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext
from engine.queries.text_search import user_name_key


class Link(Enum):
    """A relation between records, named by what is returned for which owner."""

    ROLES_OF_USER = auto()
    USERS_OF_ROLE = auto()
    TEAMS_OF_USER = auto()
    PERMISSIONS_OF_ROLE = auto()
    MEMBERS_OF_TEAM = auto()
    KEYPAIRS_OF_TEAM = auto()
    USERS_OF_KEYPAIR = auto()
    TEAMS_OF_KEYPAIR = auto()


#: The column of the owner and the column of what is returned.
_COLUMNS: dict[Link, tuple[Column[Any], Column[Any]]] = {
    Link.ROLES_OF_USER: (t.user_roles.c.user_id, t.user_roles.c.role_id),
    Link.USERS_OF_ROLE: (t.user_roles.c.role_id, t.user_roles.c.user_id),
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


def linked_pages(
    reading: QueryContext, link: Link, owner_ids: Collection[UUID], page_args: PageArgs
) -> dict[UUID, Page[Row[Any]]]:
    """Return a page of the ids that are linked to each owner, sorted by what people know them by.

    It is one statement for all owners. Each row has the id as `id`.
    """
    owner, other = _COLUMNS[link]
    (reference,) = other.foreign_keys
    table = reference.column.table
    query = sa.select(table.c.id).join_from(owner.table, table, other == table.c.id)
    query = query.where(no_index(table.c.account_id) == reading.account_id)
    order = Order(link.name, (_sort_key(table), table.c.id))
    return fetch_for_owners(reading.connection, query, owner, owner_ids, order, page_args)


def link_counts(reading: QueryContext, link: Link, owner_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many are linked to each owner, in one statement for all of them."""
    owner, _ = _COLUMNS[link]
    query = sa.select(owner, sa.func.count()).where(id_in(owner)).group_by(owner)
    rows = reading.connection.execute(query, {"ids": sorted(owner_ids)}).all()
    numbers: dict[UUID, int] = {row[0]: row[1] for row in rows}
    return {id_: numbers.get(id_, 0) for id_ in owner_ids}


def _sort_key(table: Table) -> ColumnElement[Any]:
    if table is t.users:
        return user_name_key()
    return table.c.alias_key if table is t.keypairs else table.c.name_key


def successors(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the successors of keypairs, by their predecessors."""
    s = t.keypair_successors.c
    return _one_each(reading, s.predecessor_id, s.successor_id, ids)


def predecessors(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the predecessors of keypairs, by their successors."""
    s = t.keypair_successors.c
    return _one_each(reading, s.successor_id, s.predecessor_id, ids)


def _one_each(
    reading: QueryContext, owner: Column[Any], other: Column[Any], ids: Collection[UUID]
) -> dict[UUID, UUID]:
    query = sa.select(owner, other).where(id_in(owner))
    rows = reading.connection.execute(query, {"ids": sorted(ids)}).all()
    return {row[0]: row[1] for row in rows}


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
