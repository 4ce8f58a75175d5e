"""Loads the account's settings, actors and permissions."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select

from engine.model.errors import not_found
from engine.model.facts import AccountSettings, Actor
from engine.model.principal import Principal
from engine.model.vocabulary import OWN_PERMISSIONS, Permission, ReleaseType
from engine.persistence.db.aggregates import aggregate_set
from engine.persistence.db.clock import clock_reading
from engine.persistence.db.compiled import fetch_compiled, run_compiled
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.db.types import uuid_of
from engine.persistence.store import tables as t

_SETTINGS = [column.label(f"settings_{column.name}") for column in t.accounts.c]
_ACCOUNT = sa.select(*_SETTINGS).where(t.accounts.c.id == sa.bindparam("account"))
_U, _R, _P, _M = t.users, t.user_roles, t.role_permissions, t.team_members
_PERMISSIONS = aggregate_set(
    _P.c.permission, Permission, _P.c.role_id == _R.c.role_id, _R.c.user_id == _U.c.id
)
_USERS = sa.select(
    _U,
    _PERMISSIONS.label("permissions"),
    aggregate_set(_M.c.team_id, uuid_of, _M.c.user_id == _U.c.id).label("team_ids"),
).where(id_in(_U.c.id))
_CALLER = (
    _USERS.with_only_columns(
        *(*_USERS.selected_columns, *_SETTINGS, clock_reading().label("clock_reading")),
        maintain_column_froms=True,
    )
    .join(t.accounts, t.accounts.c.id == _U.c.account_id)
    .where(no_index(_U.c.account_id) == sa.bindparam("account"))
)
_INACTIVE = sa.select(_U.c.id).where(id_in(_U.c.id), ~_U.c.active)
_GRANTED = sa.select(_U.c.id, _PERMISSIONS.label("permissions")).where(id_in(_U.c.id))


def load_settings(connection: Connection, account_id: UUID) -> AccountSettings:
    """The account's settings."""
    return _settings(run_compiled(connection, _ACCOUNT, {"account": account_id}).one())


def _settings(row: Row[Any]) -> AccountSettings:
    types = row.settings_enabled_release_types.split()
    return AccountSettings(
        account_id=row.settings_id,
        account_name=row.settings_name,
        signing_frozen=row.settings_signing_frozen,
        teams_enabled=row.settings_teams_enabled,
        reapprove_on_edit=row.settings_reapprove_on_edit,
        allow_self_approval=row.settings_allow_self_approval,
        required_approvals=row.settings_required_approvals,
        enabled_release_types=frozenset(map(ReleaseType, types)),
        quota_on_online=row.settings_quota_on_online,
        restrict_signing_to_releases=row.settings_restrict_signing_to_releases,
        signed_in_approvals=row.settings_signed_in_approvals,
        users_may_rename_themselves=row.settings_users_may_rename_themselves,
        max_window_days=row.settings_max_window_days,
        offline_certification=row.settings_offline_certification,
    )


class Caller(NamedTuple):
    """Who acts and in what account, read in one statement, and when that was."""

    actor: Actor
    settings: AccountSettings
    #: For `Clock.now`.
    clock_reading: datetime | None


def load_caller(connection: Connection, principal: Principal) -> Caller:
    """Return what `load_actor` and `load_settings` return, in one statement."""
    parameters = {"ids": [principal.user_id], "account": principal.account_id}
    rows = fetch_compiled(connection, _CALLER, parameters)
    if not rows:
        raise not_found("user")
    (row,) = rows
    return Caller(_actor(row, principal), _settings(row), row.clock_reading)


def load_actor(connection: Connection, principal: Principal) -> Actor:
    """Return who acts, with the permissions held now, limited by the scopes of the credential."""
    actor = load_actors(connection, [principal]).get(principal)
    if actor is None:
        raise not_found("user")
    return actor


def load_actors(
    connection: Connection, principals: Collection[Principal]
) -> dict[Principal, Actor]:
    """The actors of several callers, in one statement; unknown users are left out."""
    ids = {principal.user_id for principal in principals}
    rows = fetch_compiled(connection, _USERS, {"ids": sorted(ids)})
    users = {(row.account_id, row.id): row for row in rows}
    return {
        principal: _actor(user, principal)
        for principal in principals
        if (user := users.get((principal.account_id, principal.user_id))) is not None
    }


def _actor(user: Row[Any], principal: Principal) -> Actor:
    held = user.permissions | OWN_PERMISSIONS if user.active else frozenset()
    scopes = principal.scopes
    return Actor(
        user_id=user.id,
        name=user.name,
        email=user.email,
        active=user.active,
        service=user.service,
        permissions=held if scopes is None else held & scopes,
        held=held,
        scopes=scopes,
        team_ids=user.team_ids,
        channel=principal.channel,
        credential=principal.credential,
        pipeline=principal.pipeline,
    )


def load_inactive(connection: Connection, user_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the users who are deactivated."""
    if not user_ids:
        return frozenset()
    return frozenset(run_compiled(connection, _INACTIVE, {"ids": sorted(user_ids)}).scalars().all())


def load_permissions(connection: Connection, user_id: UUID) -> frozenset[Permission]:
    """Return the permissions that the roles of a user grant."""
    return load_permissions_of(connection, [user_id]).get(user_id, frozenset())


def load_permissions_of(
    connection: Connection, user_ids: Collection[UUID]
) -> dict[UUID, frozenset[Permission]]:
    """Return the permissions of each user by their roles; users without any are left out."""
    if not user_ids:
        return {}
    granted = run_compiled(connection, _GRANTED, {"ids": sorted(user_ids)})
    return {row.id: row.permissions for row in granted if row.permissions}


def load_role_permissions(
    connection: Connection, role_ids: Collection[UUID]
) -> frozenset[Permission]:
    """Return the permissions that roles grant together."""
    query = sa.select(_P.c.permission).where(_P.c.role_id.in_(sorted(role_ids)))
    return frozenset(connection.execute(query).scalars())


def permitted_users(permission: Permission) -> Select[UUID]:
    """Active users, people and services, whose roles grant a permission."""
    return (
        sa.select(t.users.c.id)
        .distinct()
        .join(t.user_roles, t.user_roles.c.user_id == t.users.c.id)
        .join(t.role_permissions, t.role_permissions.c.role_id == t.user_roles.c.role_id)
        .where(t.role_permissions.c.permission == permission, t.users.c.active)
    )


def users_with_all(permissions: Collection[Permission]) -> Select[UUID]:
    """Active users, people and services, whose roles together grant all of these permissions."""
    granted = t.role_permissions.c.permission
    return (
        sa.select(t.users.c.id)
        .join(t.user_roles, t.user_roles.c.user_id == t.users.c.id)
        .join(t.role_permissions, t.role_permissions.c.role_id == t.user_roles.c.role_id)
        .where(granted.in_(sorted(permissions)), t.users.c.active)
        .group_by(t.users.c.id)
        .having(sa.func.count(granted.distinct()) == len(permissions))
    )
