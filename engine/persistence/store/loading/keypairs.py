"""Keypairs, who may use them and what holds them."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.errors import not_found
from engine.model.facts import Keypair
from engine.model.vocabulary import KeypairState
from engine.persistence.db.aggregates import aggregate_set
from engine.persistence.db.compiled import fetch_compiled
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.db.types import uuid_of
from engine.persistence.store import tables as t

_K, _H = t.keypairs, t.release_keypairs
_U, _T = t.keypair_users, t.team_keypairs
_C = t.certificates
_KEYPAIRS = (
    sa.select(
        _K,
        _H.c.release_id.label("held_by"),
        _C.c.expires_at.label("certificate_expires_at"),
        aggregate_set(_U.c.user_id, uuid_of, _U.c.keypair_id == _K.c.id).label("user_ids"),
        aggregate_set(_T.c.team_id, uuid_of, _T.c.keypair_id == _K.c.id).label("team_ids"),
    )
    .outerjoin(_H, sa.and_(_H.c.keypair_id == _K.c.id, t.IS_HELD))
    .outerjoin(_C, sa.and_(_C.c.keypair_id == _K.c.id, t.IS_DEFAULT_CERTIFICATE))
    .where(id_in(_K.c.id), no_index(_K.c.account_id) == sa.bindparam("account"))
    .order_by(_K.c.id)
)


def load_keypairs(
    connection: Connection, account_id: UUID, ids: Collection[UUID]
) -> tuple[Keypair, ...]:
    """Keypairs of the account, by id; refuses NOT_FOUND when one is not there."""
    rows = load_keypair_rows(connection, account_id, ids)
    if len(rows) != len(set(ids)):
        raise not_found("keypair", "keypair_ids")
    return tuple(map(keypair_of, rows))


def load_keypair_rows(
    connection: Connection, account_id: UUID, ids: Collection[UUID]
) -> Sequence[Row[Any]]:
    """Return the rows of keypairs, with their users and the release that holds each (`held_by`)."""
    parameters = {"ids": sorted(ids), "account": account_id}
    return fetch_compiled(connection, _KEYPAIRS, parameters)


def keypair_of(row: Row[Any]) -> Keypair:
    """The keypair of such a row."""
    return Keypair(
        id=row.id,
        alias=row.alias,
        category=row.category,
        type=row.type,
        access=row.access,
        state=KeypairState.of(enabled=row.enabled, retired_at=row.retired_at),
        has_default_certificate=row.has_default_certificate,
        certificate_expires_at=row.certificate_expires_at,
        user_ids=row.user_ids,
        team_ids=row.team_ids,
        held_by=row.held_by,
    )
