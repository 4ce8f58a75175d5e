"""Users, teams, keypairs, roles and credentials: by id, and as pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, LargeBinary, Row, Table

from engine.model import addresses
from engine.model.text import lookup_key
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    KeypairState,
    Permission,
    ReleaseType,
)
from engine.persistence.db.compiled import fetch_compiled
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch, scope_of
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext
from engine.queries.release_filter import held_keypairs
from engine.queries.text_search import contains, search_key, user_matches, user_name_key

#: A row that a query returns, with its columns as attributes.
Record: TypeAlias = Row[Any]


class RecordKind(StrEnum):
    """The kinds of record that are read by id, each named by its table."""

    USER = "users"
    TEAM = "teams"
    KEYPAIR = "keypairs"
    CERTIFICATE = "certificates"
    ROLE = "roles"
    API_TOKEN = "api_tokens"  # noqa: S105 - a table's name
    SESSION = "sessions"
    IDENTITY = "identities"
    TRUSTED_ISSUER = "trusted_issuers"
    PIPELINE_RULE = "pipeline_rules"

    @property
    def table(self) -> Table:
        """The table whose rows are the records."""
        return t.metadata.tables[self.value]

    @property
    def columns(self) -> list[Column[Any]]:
        """The columns that are read: all but the binary ones, sealed keys and hashes of secrets."""
        return [column for column in self.table.c if not isinstance(column.type, LargeBinary)]


_NEVER, _LONG_AGO = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
#: What pages of each kind can be sorted by, each total with the id; the first of them if nothing
#: else is asked for, which is also what people know a record by, and has an index. To sort 10,000
#: rows by another one took 2 ms on SQLite and 10 ms on PostgreSQL.
SORT_KEYS: dict[RecordKind, dict[str, ColumnElement[Any]]] = {
    RecordKind.USER: {
        "EMAIL": t.users.c.email_key,
        "NAME": user_name_key(),
        "CREATED_AT": t.users.c.created_at,
    },
    RecordKind.TEAM: {"NAME": t.teams.c.name_key, "CREATED_AT": t.teams.c.created_at},
    RecordKind.KEYPAIR: {"ALIAS": t.keypairs.c.alias_key, "CREATED_AT": t.keypairs.c.created_at},
    RecordKind.CERTIFICATE: {"EXPIRES_AT": sa.func.coalesce(t.certificates.c.expires_at, _NEVER)},
    RecordKind.ROLE: {"NAME": t.roles.c.name_key},
    RecordKind.API_TOKEN: {
        "CREATED_AT": t.api_tokens.c.created_at,
        "EXPIRES_AT": sa.func.coalesce(t.api_tokens.c.expires_at, _NEVER),
        "LAST_USED_AT": sa.func.coalesce(t.api_tokens.c.last_used_at, _LONG_AGO),
    },
    RecordKind.TRUSTED_ISSUER: {"NAME": t.trusted_issuers.c.name_key},
    RecordKind.PIPELINE_RULE: {"NAME": t.pipeline_rules.c.name_key},
}


_BY_IDS = {
    kind: sa.select(*kind.columns).where(
        id_in(kind.table.c.id), no_index(kind.table.c.account_id) == sa.bindparam("account")
    )
    for kind in RecordKind
}


class RecordFilter(Protocol):
    """Conditions on the records of one kind, all of which must hold: the fields of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def conditions(self, context: QueryContext) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypairFilter:
    """Conditions on keypairs; None leaves a condition out."""

    alias_contains: str | None = None
    types: tuple[ReleaseType, ...] | None = None
    categories: tuple[KeypairCategory, ...] | None = None
    accesses: tuple[KeypairAccess, ...] | None = None
    enabled: bool | None = None
    states: tuple[KeypairState, ...] | None = None
    openpgp_expiring_before: datetime | None = None
    #: Whether an open release holds it.
    held: bool | None = None
    team_id: UUID | None = None
    team_ids: frozenset[UUID] | None = None
    user_id: UUID | None = None

    def conditions(self, context: QueryContext) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        k, granted, mapped = t.keypairs.c, t.team_keypairs.c, t.keypair_users.c
        conditions = _contains(k.alias_key, self.alias_contains, "alias_contains")
        for column, values in (
            (k.type, self.types),
            (k.category, self.categories),
            (k.access, self.accesses),
        ):
            if values is not None:
                conditions.append(column.in_(values))
        if self.enabled is not None:
            conditions.append(k.enabled == self.enabled)
        if self.states is not None:
            conditions.append(sa.or_(sa.false(), *map(_is_in_state, self.states)))
        if self.openpgp_expiring_before is not None:
            of_openpgp = t.openpgp_primary_keys.c
            expiring = of_openpgp.expires_at < self.openpgp_expiring_before
            conditions.append(k.id.in_(sa.select(of_openpgp.keypair_id).where(expiring)))
        if self.held is not None:
            holding = held_keypairs(context)
            conditions.append(k.id.in_(holding) if self.held else k.id.not_in(holding))
        conditions += _linked(k.id, granted.keypair_id, granted.team_id, self.team_id)
        if self.team_ids is not None:
            of_teams = granted.team_id.in_(sorted(self.team_ids))
            conditions.append(k.id.in_(sa.select(granted.keypair_id).where(of_teams)))
        conditions += _linked(k.id, mapped.keypair_id, mapped.user_id, self.user_id)
        return conditions


def _is_in_state(state: KeypairState) -> ColumnElement[bool]:
    """Return the SQL form of `KeypairState.of`."""
    k = t.keypairs.c
    if state is KeypairState.RETIRED:
        return k.retired_at.is_not(None)
    return sa.and_(k.retired_at.is_(None), k.enabled == (state is KeypairState.ENABLED))


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFilter:
    """Conditions on teams; None leaves a condition out."""

    ids: frozenset[UUID] | None = None
    name_contains: str | None = None
    member_id: UUID | None = None
    keypair_id: UUID | None = None

    def conditions(self, context: QueryContext) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        id_, members, keypairs = t.teams.c.id, t.team_members.c, t.team_keypairs.c
        return [
            *([] if self.ids is None else [id_.in_(sorted(self.ids))]),
            *_contains(t.teams.c.name_key, self.name_contains, "name_contains"),
            *_linked(id_, members.team_id, members.user_id, self.member_id),
            *_linked(id_, keypairs.team_id, keypairs.keypair_id, self.keypair_id),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Conditions on users; None leaves a condition out."""

    email_contains: str | None = None
    #: Name or address contains this text.
    search: str | None = None
    active: bool | None = None
    service: bool | None = None
    team_id: UUID | None = None
    role_id: UUID | None = None
    keypair_id: UUID | None = None

    def conditions(self, context: QueryContext) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        u, members, roles = t.users.c, t.team_members.c, t.user_roles.c
        mapped = t.keypair_users.c
        conditions = _contains(u.email_key, self.email_contains, "email_contains")
        if self.search is not None:
            conditions.append(user_matches(search_key(self.search, "search")))
        if self.active is not None:
            conditions.append(u.active == self.active)
        if self.service is not None:
            conditions.append(u.service == self.service)
        conditions += _linked(u.id, members.user_id, members.team_id, self.team_id)
        conditions += _linked(u.id, roles.user_id, roles.role_id, self.role_id)
        conditions += _linked(u.id, mapped.user_id, mapped.keypair_id, self.keypair_id)
        return conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Conditions on API tokens; None leaves a condition out."""

    user_id: UUID | None = None

    def conditions(self, context: QueryContext) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        return [] if self.user_id is None else [t.api_tokens.c.user_id == self.user_id]


def by_ids(context: QueryContext, kind: RecordKind, ids: Collection[UUID]) -> dict[UUID, Record]:
    """Return records of the viewer's account, by id."""
    if not ids:
        return {}
    parameters = {"ids": sorted(set(ids)), "account": context.account_id}
    rows = fetch_compiled(context.connection, _BY_IDS[kind], parameters)
    return {row.id: row for row in rows}


def find(
    context: QueryContext,
    kind: RecordKind,
    args: PageArgs,
    filter_: RecordFilter | None = None,
    order: str | None = None,
    *,
    descending: bool = False,
) -> Page[Record]:
    """Return a page of the account's records; the filter's values are part of its cursors."""
    table, conditions = kind.table, filter_.conditions(context) if filter_ is not None else []
    query = sa.select(*kind.columns)
    query = query.where(table.c.account_id == context.account_id, *conditions)
    name = order or next(iter(SORT_KEYS[kind]))
    sorted_by = Order(f"{table.name} {name}", (SORT_KEYS[kind][name], table.c.id), descending)
    scope = scope_of(filter_) if filter_ is not None else None
    return fetch(context.connection, query, sorted_by, args, scope)


def count(context: QueryContext, kind: RecordKind, filter_: RecordFilter | None = None) -> int:
    """Return how many of the account's records the filter selects."""
    table, conditions = kind.table, filter_.conditions(context) if filter_ is not None else []
    query = sa.select(sa.func.count()).select_from(table)
    query = query.where(table.c.account_id == context.account_id, *conditions)
    return int(context.connection.execute(query).scalar_one())


def by_name(context: QueryContext, kind: RecordKind, name: str) -> Sequence[Record]:
    """Return the record that people know by this name, alias or address; there is one at most."""
    table, column = kind.table, next(iter(SORT_KEYS[kind].values()))
    keys = [lookup_key(name)]
    if kind is RecordKind.USER:
        address = addresses.parse(name)
        keys = list(address.keys) if address is not None else []
    query = sa.select(*kind.columns)
    query = query.where(table.c.account_id == context.account_id, column.in_(keys))
    rows = context.connection.execute(query).all()
    if kind is RecordKind.USER:
        return [row for row in rows if addresses.share_mailbox(row.email, name)]
    return rows


def permissions_of(
    context: QueryContext, user_ids: Collection[UUID]
) -> dict[UUID, frozenset[Permission]]:
    """Return the permissions that each user's roles grant."""
    permissions = loading.load_permissions_of(context.connection, user_ids)
    return {user_id: permissions.get(user_id, frozenset()) for user_id in user_ids}


def _contains(
    column: ColumnElement[Any], text: str | None, field: str
) -> list[ColumnElement[bool]]:
    """Return a condition for names that contain the text, without regard to letter case."""
    return [contains(column, search_key(text, field))] if text is not None else []


def _linked(
    id_: ColumnElement[Any], own: ColumnElement[Any], other: ColumnElement[Any], value: UUID | None
) -> list[ColumnElement[bool]]:
    """Return a condition for rows that a link table links to another one."""
    return [id_.in_(sa.select(own).where(other == value))] if value is not None else []
