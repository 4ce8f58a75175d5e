"""Decisions applied to rows: the only place a release's status is written."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.facts import Fields, Release
from engine.naming import name_key
from engine.persistence import tables as t
from engine.timeline import Ending, moved
from engine.vocabulary import SignatureState, Status

#: Fields that are rows of their own rather than columns.
_SETS = {"keypair_ids", "participant_ids"}
#: What a move can change.
_MOVED = (
    "status",
    "status_since",
    "opened_at",
    "ended_at",
    "end_code",
    "end_reason",
    "signatures_reserved",
)


def insert_release(connection: Connection, release: Release) -> None:
    """A new release with its keypairs, held from now on, and its participants."""
    connection.execute(
        t.releases.insert().values(
            id=release.id,
            account_id=release.account_id,
            name_held=True,
            status=release.status,
            status_since=release.status_since,
            creator_id=release.creator_id,
            created_at=release.created_at,
            revision=release.revision,
            material_revision=release.material_revision,
            required_approvals=release.required_approvals,
            round_revision=release.round_revision,
            signatures_used=0,
            signatures_reserved=0,
            **_columns(release.fields),
        )
    )
    _hold(connection, release.id, release.fields.keypair_ids)
    _take_part(connection, release.id, release.fields.participant_ids)


def rewrite_release(connection: Connection, before: Release, after: Release) -> None:
    """An edit: the fields and revisions, then the sets that differ."""
    connection.execute(
        t.releases.update()
        .where(t.releases.c.id == after.id)
        .values(
            revision=after.revision,
            material_revision=after.material_revision,
            required_approvals=after.required_approvals,
            round_revision=after.round_revision,
            **_columns(after.fields),
        )
    )
    gone = before.fields.keypair_ids - after.fields.keypair_ids
    _drop(connection, t.release_keypairs.c.keypair_id, after.id, gone)
    _hold(connection, after.id, after.fields.keypair_ids - before.fields.keypair_ids)
    gone = before.fields.participant_ids - after.fields.participant_ids
    _drop(connection, t.release_participants.c.user_id, after.id, gone)
    _take_part(connection, after.id, after.fields.participant_ids - before.fields.participant_ids)


def move(
    connection: Connection,
    release: Release,
    target: Status,
    at: datetime,
    ending: Ending | None = None,
) -> Release:
    """Write a status the machine decided; an end lets go of the keypairs, maybe of the name."""
    after = moved(release, target, at, ending)
    if target.is_final:
        _let_go(connection, release)
    if after.signatures_reserved != release.signatures_reserved:
        _discard_reservations(connection, release.id, at)
    connection.execute(
        t.releases.update()
        .where(t.releases.c.id == release.id)
        .values({name: getattr(after, name) for name in _MOVED})
    )
    return after


def _columns(fields: Fields) -> dict[str, Any]:
    values = {name: getattr(fields, name) for name in fields.__slots__ if name not in _SETS}
    return values | {"name_key": name_key(fields.name)}


def _let_go(connection: Connection, release: Release) -> None:
    h = t.release_keypairs
    connection.execute(h.update().where(h.c.release_id == release.id, h.c.held).values(held=False))
    if release.opened_at is None:
        connection.execute(
            t.releases.update().where(t.releases.c.id == release.id).values(name_held=False)
        )


def _discard_reservations(connection: Connection, release_id: UUID, at: datetime) -> None:
    s = t.signatures
    connection.execute(
        s.update()
        .where(s.c.release_id == release_id, s.c.state == SignatureState.RESERVED)
        .values(state=SignatureState.DISCARDED, settled_at=at)
    )


def _hold(connection: Connection, release_id: UUID, keypair_ids: frozenset[UUID]) -> None:
    # In id order, so that two requests for the same keypairs wait for each other, not in a ring.
    rows = [{"release_id": release_id, "keypair_id": k, "held": True} for k in sorted(keypair_ids)]
    if rows:
        connection.execute(t.release_keypairs.insert(), rows)


def _take_part(connection: Connection, release_id: UUID, user_ids: frozenset[UUID]) -> None:
    rows = [{"release_id": release_id, "user_id": u} for u in sorted(user_ids)]
    if rows:
        connection.execute(t.release_participants.insert(), rows)


def _drop(
    connection: Connection, column: sa.Column[UUID], release_id: UUID, gone: frozenset[UUID]
) -> None:
    if gone:
        table = column.table
        connection.execute(
            sa.delete(table).where(table.c.release_id == release_id, column.in_(sorted(gone)))
        )
