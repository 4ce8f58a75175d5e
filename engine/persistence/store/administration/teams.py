"""Rows of teams: what the commands on teams read and write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.model.text import name_key
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.administration.link_tables import replace_links
from engine.persistence.store.unit_of_work import UnitOfWork


def insert_team(
    uow: UnitOfWork,
    team_id: UUID,
    name: str,
    *,
    required_approvals: int,
    member_ids: Collection[UUID],
    keypair_ids: Collection[UUID],
) -> None:
    """Write a new team with its members and keypairs."""
    uow.connection.execute(
        t.teams.insert().values(
            id=team_id,
            account_id=uow.account_id,
            name=name,
            name_key=name_key(name),
            required_approvals=required_approvals,
            created_at=uow.now,
        )
    )
    replace_members(uow, team_id, member_ids)
    replace_keypairs(uow, team_id, keypair_ids)


def load_ids_by_name_key(uow: UnitOfWork, name_keys: Collection[str]) -> dict[str, UUID]:
    """Return the ids of the account's teams with these keys of names."""
    query = sa.select(t.teams.c.name_key, t.teams.c.id).where(
        t.teams.c.account_id == uow.account_id, t.teams.c.name_key.in_(sorted(name_keys))
    )
    return {row.name_key: row.id for row in uow.connection.execute(query)}


def update_team(uow: UnitOfWork, team_id: UUID, values: Mapping[str, Any]) -> None:
    """Write these of a team, by the names of the ledger: columns, `member_ids`, `keypair_ids`.

    Each change makes a revision; no values at all change nothing.
    """
    if not values:
        return
    columns = {name: value for name, value in values.items() if name in t.teams.c}
    if "name" in columns:
        columns["name_key"] = name_key(columns["name"])
    query = t.teams.update().where(t.teams.c.id == team_id)
    uow.connection.execute(query.values(revision=t.teams.c.revision + 1, **columns))
    if "member_ids" in values:
        replace_members(uow, team_id, values["member_ids"])
    if "keypair_ids" in values:
        replace_keypairs(uow, team_id, values["keypair_ids"])


def replace_members(uow: UnitOfWork, team_id: UUID, user_ids: Collection[UUID]) -> None:
    """Make these the members of a team."""
    replace_links(uow.connection, t.team_members, ("team_id", team_id), "user_id", user_ids)


def replace_keypairs(uow: UnitOfWork, team_id: UUID, keypair_ids: Collection[UUID]) -> None:
    """Make these the restricted keypairs that a team may use."""
    replace_links(uow.connection, t.team_keypairs, ("team_id", team_id), "keypair_id", keypair_ids)


def load_member_ids(uow: UnitOfWork, team_id: UUID) -> frozenset[UUID]:
    """Return the members of a team."""
    return loading.column_set(uow.connection, t.team_members.c.user_id, team_id=team_id)


def load_keypair_ids(uow: UnitOfWork, team_id: UUID) -> frozenset[UUID]:
    """Return the restricted keypairs that a team may use."""
    return loading.column_set(uow.connection, t.team_keypairs.c.keypair_id, team_id=team_id)
