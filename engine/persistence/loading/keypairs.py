"""Keypairs, who may use them and what holds them."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.errors import not_found
from engine.facts import Keypair
from engine.persistence import tables as t
from engine.persistence.loading.grouping import IDS, grouped

_K, _H = t.keypairs, t.release_keypairs
_KEYPAIRS = (
    sa.select(_K, _H.c.release_id.label("held_by"))
    .outerjoin(_H, sa.and_(_H.c.keypair_id == _K.c.id, t.IS_HELD))
    .where(_K.c.id.in_(IDS), _K.c.account_id == sa.bindparam("account"))
    .order_by(_K.c.id)
)


def load_keypairs(
    connection: Connection, account_id: UUID, ids: Collection[UUID]
) -> tuple[Keypair, ...]:
    """Keypairs of the account, by id; refuses NOT_FOUND when one is not there."""
    rows = load_keypair_rows(connection, account_id, ids)
    if len(rows) != len(set(ids)):
        raise not_found("keypair", "keypair_ids")
    return keypairs_of(connection, rows)


def load_keypair_rows(
    connection: Connection, account_id: UUID, ids: Collection[UUID]
) -> Sequence[Row[Any]]:
    """Their rows with `held_by`, the release that holds each; as many as there are."""
    asked = {"ids": sorted(ids), "account": account_id}
    return connection.execute(_KEYPAIRS, asked).all()


def keypairs_of(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Keypair, ...]:
    """The keypairs of such rows, with who may use them."""
    ids = [row.id for row in rows]
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
