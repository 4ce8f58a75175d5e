"""Loads fields that are connections: a page for each owner, and how many rows each has in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.strawberry_compat import to_snake_case
from api.graphql.types.enums import Direction
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.people import Role, Team, User
from engine.persistence.db.pagination import Page, PageArgs
from engine.queries.links import Link, link_counts, linked_pages

InputT = TypeVar("InputT")

PAGE_ARGUMENTS = ("first", "after", "last", "before")
#: Fields that are connections of what a table links to their owner.
_LINKED = (
    (Team, "membersConnection", Link.MEMBERS_OF_TEAM, User),
    (Team, "keypairsConnection", Link.KEYPAIRS_OF_TEAM, Keypair),
    (User, "rolesConnection", Link.ROLES_OF_USER, Role),
    (User, "teamsConnection", Link.TEAMS_OF_USER, Team),
    (Role, "usersConnection", Link.USERS_OF_ROLE, User),
    (Keypair, "usersConnection", Link.USERS_OF_KEYPAIR, User),
    (Keypair, "teamsConnection", Link.TEAMS_OF_KEYPAIR, Team),
)
_BY_IDS: dict[type, Callable[[EntityCache, set[UUID]], Mapping[UUID, Any]]] = {
    User: EntityCache.users,
    Team: EntityCache.teams,
    Keypair: EntityCache.keypairs,
    Role: EntityCache.roles,
}


def page_args_of(call: FieldCall) -> PageArgs:
    """Return the page that a connection's arguments ask for."""
    return PageArgs(**{name: call.arguments.get(name) for name in PAGE_ARGUMENTS})


def direction_of(call: FieldCall) -> Direction:
    """Return the direction in which a connection's rows are sorted by time."""
    return Direction(call.arguments["direction"])


def input_of(call: FieldCall, name: str, kind: type[InputT]) -> InputT | None:
    """Return an argument whose fields are plain values as the object of its input type."""
    values = call.arguments.get(name)
    if values is None:
        return None
    return kind(**{to_snake_case(field): value for field, value in values.items()})


def connect_pages(
    owners: Sequence[Any],
    call: FieldCall,
    name: str,
    kind: Any,
    pages: Mapping[UUID, Page[Any]],
    count: Callable[[], Mapping[UUID, int]],
    *conditions: Any,
    item_of: Callable[[Any], Any] | None = None,
) -> list[Connection[Any]]:
    """Give each owner the connection of its page, and return the connections.

    Args:
        owners: The objects that have the field.
        call: The field as it is selected.
        name: The name of the field.
        kind: The type of its nodes.
        pages: The page of each owner.
        count: Counts the rows of each owner; it is called if `totalCount` is selected.
        conditions: The field's other arguments, as the field itself looks its page up by them.
        item_of: Makes a node of a row; else the type itself does.
    """
    key = (name, *(call.arguments.get(argument) for argument in PAGE_ARGUMENTS), *conditions)
    totals = count() if "totalCount" in call.selection else None
    connections = []
    for owner in owners:
        id_ = owner.source.id
        total = totals[id_] if totals is not None else None
        connection = owner.pages.get(key)
        if connection is None:
            items = [(item_of or kind.of)(row) for row in pages[id_].items]
            connection = connect(Connection[kind], Edge[kind], items, pages[id_], total)
            owner.pages[key] = connection
        elif total is not None:
            # Another field led to the owner, and its total was not asked for there.
            connection.total_count = total
        connections.append(connection)
    return connections


def _linked_connection(
    name: str,
    link: Link,
    kind: type,
    cache: EntityCache,
    owners: Sequence[Any],
    call: FieldCall,
) -> Iterable[Any]:
    ids = [owner.source.id for owner in owners]
    pages = linked_pages(cache.reading, link, ids, page_args_of(call))
    by_id = _BY_IDS[kind](cache, {row.id for page in pages.values() for row in page.items})
    count = partial(link_counts, cache.reading, link, ids)
    return connect_pages(owners, call, name, kind, pages, count, item_of=lambda row: by_id[row.id])


for _owner, _name, _link, _kind in _LINKED:
    loads(_owner, _name)(partial(_linked_connection, _name, _link, _kind))
