"""Keypairs, who may use them and what holds them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.errors import not_found
from engine.facts import Keypair
from engine.persistence import tables as t
from engine.persistence.loading.grouping import grouped


def load_keypairs(
    connection: Connection, account_id: UUID, ids: Collection[UUID]
) -> tuple[Keypair, ...]:
    """Keypairs of the account, by id; refuses NOT_FOUND when one is not there."""
    k = t.keypairs
    rows = connection.execute(
        sa.select(k, t.release_keypairs.c.release_id.label("held_by"))
        .outerjoin(
            t.release_keypairs,
            sa.and_(t.release_keypairs.c.keypair_id == k.c.id, t.release_keypairs.c.held),
        )
        .where(k.c.id.in_(sorted(ids)), k.c.account_id == account_id)
        .order_by(k.c.id)
    ).all()
    if len(rows) != len(set(ids)):
        raise not_found("keypair", "keypair_ids")
    users = grouped(connection, t.keypair_users.c.keypair_id, t.keypair_users.c.user_id, ids)
    teams = grouped(connection, t.team_keypairs.c.keypair_id, t.team_keypairs.c.team_id, ids)
    return tuple(_keypair(row, users, teams) for row in rows)


def _keypair(
    row: Row[Any], users: dict[UUID, frozenset[UUID]], teams: dict[UUID, frozenset[UUID]]
) -> Keypair:
    return Keypair(
        id=row.id,
        alias=row.alias,
        category=row.category,
        type=row.type,
        access=row.access,
        enabled=row.enabled,
        has_default_certificate=row.has_default_certificate,
        user_ids=users.get(row.id, frozenset()),
        team_ids=teams.get(row.id, frozenset()),
        held_by=row.held_by,
    )
