"""Users, teams, keypairs, roles and tokens: by id, and as pages."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row, Select, Table

from engine.model.text import lookup_key
from engine.model.vocabulary import Permission
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext

#: The name each kind is listed by.
_NAMES: dict[str, ColumnElement[Any]] = {
    "users": t.users.c.email_key,
    "teams": t.teams.c.name_key,
    "keypairs": t.keypairs.c.alias_key,
    "roles": t.roles.c.name_key,
    "api_tokens": t.api_tokens.c.created_at,
}


def by_ids(reading: QueryContext, table: Table, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Rows of the viewer's account, by id."""
    if not ids:
        return {}
    asked = {"ids": sorted(set(ids)), "account": reading.account_id}
    return {row.id: row for row in reading.connection.execute(_by_ids(table), asked).all()}


@cache
def _by_ids(table: Table) -> Select[Any]:
    own = no_index(table.c.account_id) == sa.bindparam("account")
    return sa.select(table).where(id_in(table.c.id), own)


def find(
    reading: QueryContext, table: Table, window: PageArgs, *conditions: ColumnElement[bool]
) -> Page[Row[Any]]:
    """A page of the account's rows, by name. The conditions' values are part of the cursor."""
    query = _own(reading, table).where(*conditions)
    order = Order(table.name, (_NAMES[table.name], table.c.id))
    scope = [str(c.compile(compile_kwargs={"literal_binds": False})) for c in conditions]
    values = [sorted(map(str, c.compile().params.values())) for c in conditions]
    return fetch(reading.connection, query, order, window, [scope, values])


def count(reading: QueryContext, table: Table, *conditions: ColumnElement[bool]) -> int:
    """How many of the account's rows meet the conditions."""
    query = sa.select(sa.func.count()).select_from(table)
    query = query.where(table.c.account_id == reading.account_id, *conditions)
    return int(reading.connection.execute(query).scalar_one())


def linked(
    reading: QueryContext, by: sa.Column[Any], column: sa.Column[Any], ids: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """The other side of a linking table, for many owners at once, in id order."""
    found: dict[UUID, list[UUID]] = {id_: [] for id_ in ids}
    asked = {"ids": sorted(found)}
    for owner, other in reading.connection.execute(_linked(by, column), asked).all():
        found[owner].append(other)
    return found


@cache
def _linked(by: sa.Column[Any], column: sa.Column[Any]) -> Select[Any]:
    return sa.select(by, column).where(id_in(by)).order_by(by, column)


def permissions_of(
    reading: QueryContext, user_ids: Collection[UUID]
) -> dict[UUID, frozenset[Permission]]:
    """What each user's roles grant."""
    held = loading.load_permissions_of(reading.connection, user_ids)
    return {user_id: held.get(user_id, frozenset()) for user_id in user_ids}


def named_like(column: ColumnElement[Any], text: str | None) -> list[ColumnElement[bool]]:
    """A condition for names that contain the text, letter case aside."""
    if not text:
        return []
    return [column.contains(lookup_key(text), autoescape=True)]


def _own(reading: QueryContext, table: Table) -> Select[Any]:
    return sa.select(table).where(table.c.account_id == reading.account_id)
