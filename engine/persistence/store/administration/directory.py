"""People and teams as an identity provider reads and manages them (SCIM)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from engine.model.addresses import Address, share_mailbox
from engine.model.directory import DirectoryTeam, DirectoryUser, Lookup
from engine.persistence.db.ids import uuid7
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_U, _T, _E, _M = t.users, t.teams, t.directory_entries, t.team_members
#: Service users belong to pipelines, and are no people of a provider.
_IS_VISIBLE = (~_U.c.service, sa.or_(_E.c.removed_at.is_(None), _U.c.active))


def count_users(connection: Connection, account_id: UUID, lookup: Lookup) -> int:
    """Return how many people there are that a provider may see."""
    return _count(connection, _users(account_id, lookup))


def load_users(
    connection: Connection, account_id: UUID, lookup: Lookup, offset: int = 0, limit: int = 1
) -> Sequence[DirectoryUser]:
    """Return a page of the people that a provider may see, by id."""
    rows = _page(connection, _users(account_id, lookup), _U.c.id, offset, limit)
    ids = [row.id for row in rows]
    roles = _grouped(connection, _roles_of_users(), ids)
    teams = _grouped(connection, _teams_of_users(), ids)
    return [
        DirectoryUser(
            id=row.id,
            external_id=row.external_id,
            email=row.email,
            name=row.name,
            active=row.active,
            time_zone=row.time_zone,
            locale=row.locale,
            created_at=row.created_at,
            roles=tuple(name for _, name in sorted(roles[row.id], key=lambda pair: pair[1])),
            teams=tuple(sorted(teams[row.id])),
        )
        for row in rows
    ]


def count_teams(connection: Connection, account_id: UUID, lookup: Lookup) -> int:
    """Return how many teams there are."""
    return _count(connection, _teams(account_id, lookup))


def load_teams(
    connection: Connection, account_id: UUID, lookup: Lookup, offset: int = 0, limit: int = 1
) -> Sequence[DirectoryTeam]:
    """Return a page of the teams, by id."""
    rows = _page(connection, _teams(account_id, lookup), _T.c.id, offset, limit)
    members = _grouped(connection, _members_of_teams(), [row.id for row in rows])
    return [
        DirectoryTeam(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            created_at=row.created_at,
            member_ids=tuple(sorted(id_ for id_, _ in members[row.id])),
        )
        for row in rows
    ]


def load_hidden_member_ids(uow: UnitOfWork, team_id: UUID) -> frozenset[UUID]:
    """Return the members of a team that a provider does not see."""
    members = sa.select(_U.c.id).join(_M, _M.c.user_id == _U.c.id).outerjoin(_E, _E_OF_USER)
    query = members.where(_M.c.team_id == team_id, ~sa.and_(*_IS_VISIBLE))
    return frozenset(uow.connection.scalars(query))


def find_removed_user(uow: UnitOfWork, address: Address) -> UUID | None:
    """Return the user with an address whom the provider has deleted, and nobody activated again.

    The mailbox has to be the same: `strasse@` and `straße@` have one key, and are two people.
    """
    query = (
        sa.select(_U.c.id, _U.c.email)
        .join(_E, _E_OF_USER)
        .where(
            _U.c.account_id == uow.account_id,
            _U.c.email_key.in_(address.keys),
            _E.c.removed_at.is_not(None),
            ~_U.c.active,
        )
    )
    rows = uow.connection.execute(query)
    return next((id_ for id_, email in rows if share_mailbox(email, address.stored)), None)


def write_user_entry(uow: UnitOfWork, user_id: UUID, **values: Any) -> None:
    """Write what the provider knows of a user: `external_id`, `removed_at`."""
    _write_entry(uow, _E.c.user_id, user_id, values)


def write_team_entry(uow: UnitOfWork, team_id: UUID, **values: Any) -> None:
    """Write what the provider knows of a team: `external_id`."""
    _write_entry(uow, _E.c.team_id, team_id, values)


def _write_entry(
    uow: UnitOfWork, column: sa.Column[UUID], subject_id: UUID, values: dict[str, Any]
) -> None:
    changed = uow.connection.execute(_E.update().where(column == subject_id).values(values))
    if not changed.rowcount:
        keys = {"id": uuid7(), "account_id": uow.account_id, column.name: subject_id}
        uow.connection.execute(_E.insert().values(keys | values))


_E_OF_USER = _E.c.user_id == _U.c.id


def _users(account_id: UUID, lookup: Lookup) -> sa.Select[Any]:
    columns = _U.c["id", "email", "name", "active", "time_zone", "locale", "created_at"]
    query = sa.select(*columns, _E.c.external_id).outerjoin(_E, _E_OF_USER)
    query = query.where(_U.c.account_id == account_id, *_IS_VISIBLE)
    if lookup.email_keys is not None:
        query = query.where(_U.c.email_key.in_(sorted(lookup.email_keys)))
    return query.where(*_matches(lookup, _U.c.id))


def _teams(account_id: UUID, lookup: Lookup) -> sa.Select[Any]:
    columns = _T.c["id", "name", "created_at"]
    query = sa.select(*columns, _E.c.external_id).outerjoin(_E, _E.c.team_id == _T.c.id)
    query = query.where(_T.c.account_id == account_id)
    if lookup.name_key is not None:
        query = query.where(_T.c.name_key == lookup.name_key)
    return query.where(*_matches(lookup, _T.c.id))


def _matches(lookup: Lookup, id_: sa.Column[UUID]) -> list[ColumnElement[bool]]:
    pairs = ((id_, lookup.id), (_E.c.external_id, lookup.external_id))
    return [column == value for column, value in pairs if value is not None]


def _count(connection: Connection, query: sa.Select[Any]) -> int:
    number: int = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    return number


def _page(
    connection: Connection, query: sa.Select[Any], id_: sa.Column[UUID], offset: int, limit: int
) -> Sequence[Row[Any]]:
    """Return a page by its position, as the protocol asks for it."""
    return connection.execute(query.order_by(id_).offset(offset).limit(limit)).all()


def _roles_of_users() -> sa.Select[Any]:
    links = t.user_roles
    query = sa.select(links.c.user_id.label("owner"), t.roles.c.id, t.roles.c.name)
    return query.join(t.roles, t.roles.c.id == links.c.role_id).where(id_in(links.c.user_id))


def _teams_of_users() -> sa.Select[Any]:
    query = sa.select(_M.c.user_id.label("owner"), _T.c.id, _T.c.name)
    return query.join(_T, _T.c.id == _M.c.team_id).where(id_in(_M.c.user_id))


def _members_of_teams() -> sa.Select[Any]:
    query = sa.select(_M.c.team_id.label("owner"), _U.c.id, _U.c.name)
    query = query.join(_U, _U.c.id == _M.c.user_id).outerjoin(_E, _E_OF_USER)
    return query.where(id_in(_M.c.team_id), *_IS_VISIBLE)


def _grouped(
    connection: Connection, query: sa.Select[Any], ids: Collection[UUID]
) -> defaultdict[UUID, list[tuple[UUID, str]]]:
    """Return ids and names by the owner that each belongs to."""
    groups = defaultdict[UUID, list[tuple[UUID, str]]](list)
    for row in connection.execute(query, {"ids": list(ids)}) if ids else ():
        groups[row.owner].append((row.id, row.name))
    return groups
