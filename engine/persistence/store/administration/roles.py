"""Rows of roles: what the commands on roles read and write."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.errors import not_found
from engine.model.text import name_key
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_R, _P, _U = t.roles, t.role_permissions, t.user_roles


def insert_role(
    uow: UnitOfWork,
    role_id: UUID,
    name: str,
    permissions: Collection[Permission],
    *,
    built_in: bool = False,
) -> None:
    """Write a new role with what it grants."""
    uow.connection.execute(
        _R.insert().values(
            id=role_id,
            account_id=uow.account_id,
            name=name,
            name_key=name_key(name),
            built_in=built_in,
        )
    )
    _insert_permissions(uow, role_id, permissions)


def load_role(uow: UnitOfWork, role_id: UUID) -> Row[Any]:
    """Return the row of a role of the account; refuses NOT_FOUND."""
    query = sa.select(_R).where(_R.c.id == role_id, _R.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("role", "id")
    return row


def roles_with_keys(uow: UnitOfWork, name_keys: Collection[str]) -> list[Row[Any]]:
    """Return `id`, `name` and `name_key` of the account's roles with these keys of names."""
    query = sa.select(_R.c.id, _R.c.name, _R.c.name_key).where(
        _R.c.account_id == uow.account_id, _R.c.name_key.in_(sorted(name_keys))
    )
    return list(uow.connection.execute(query))


def roles_of_user(uow: UnitOfWork, user_id: UUID) -> dict[str, UUID]:
    """Return the ids of a user's roles, by name."""
    query = sa.select(_R.c.id, _R.c.name).join(_U, _U.c.role_id == _R.c.id)
    rows = uow.connection.execute(query.where(_U.c.user_id == user_id))
    return {row.name: row.id for row in rows}


def rename_role(uow: UnitOfWork, role_id: UUID, name: str) -> None:
    """Give a role another name."""
    values = {"name": name, "name_key": name_key(name)}
    uow.connection.execute(_R.update().where(_R.c.id == role_id).values(**values))


def load_permissions(uow: UnitOfWork, role_id: UUID) -> frozenset[Permission]:
    """Return what a role grants."""
    query = sa.select(_P.c.permission).where(_P.c.role_id == role_id)
    return frozenset(uow.connection.scalars(query))


def replace_permissions(
    uow: UnitOfWork, role_id: UUID, permissions: Collection[Permission]
) -> None:
    """Make these what a role grants."""
    uow.connection.execute(sa.delete(_P).where(_P.c.role_id == role_id))
    _insert_permissions(uow, role_id, permissions)


def permissions_of_holders(uow: UnitOfWork, role_id: UUID) -> set[frozenset[Permission]]:
    """Return what each user who has a role holds by all of their roles together."""
    query = sa.select(_U.c.user_id).where(_U.c.role_id == role_id)
    user_ids = uow.connection.scalars(query).all()
    return set(loading.load_permissions_of(uow.connection, user_ids).values())


def _insert_permissions(
    uow: UnitOfWork, role_id: UUID, permissions: Collection[Permission]
) -> None:
    if permissions:
        rows = [
            {"role_id": role_id, "permission": permission} for permission in sorted(permissions)
        ]
        uow.connection.execute(_P.insert(), rows)
