"""Gives reservations back that were not settled in time, for no signature left the service."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.events import SignatureDropped
from engine.model.facts import CLOCK, Release
from engine.model.vocabulary import SignatureState
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

# Statements of the hot path are built once: to build one costs more than to run it.
_S, _R = t.signatures, t.releases
# Computed, as the reserved ones' own index is: no other may lead to them, for a release has many
# signatures and few that are reserved.
_HELD_BY = sa.func.coalesce(_S.c.release_id, _S.c.account_id)
_NOW = sa.bindparam("now", type_=_S.c.lapses_at.type)
_EARLIEST = (
    sa.select(sa.func.min(_S.c.lapses_at)).where(t.IS_RESERVED).correlate(None).scalar_subquery()
)
# First whether there are any: that goes along the index, and on the way PostgreSQL clears away what
# was reserved and is not any more. To find them all it would visit each of these every time.
_IS_OVERDUE = sa.and_(_EARLIEST <= _NOW, t.IS_RESERVED, _S.c.lapses_at <= _NOW)
_OVERDUE = (
    sa.select(_S.c.id, _S.c.keypair_id, _S.c.release_id)
    .where(_IS_OVERDUE, no_index(_S.c.account_id) == sa.bindparam("account"), id_in(_HELD_BY))
    .order_by(_S.c.lapses_at, _S.c.id)
    # No release's lock stands before those of no release. Whoever has locked one of them settles
    # it or gives it back, and then waits for the ledger's head, which this may hold already.
    .with_for_update(skip_locked=True)
)

_NUMBER_OVERDUE = (
    sa.select(_S.c.release_id, sa.func.count().label("number"))
    .where(_IS_OVERDUE, id_in(_HELD_BY))
    .group_by(_S.c.release_id)
)


def release_expired(uow: UnitOfWork) -> int:
    """End the overdue reservations of the locked releases, and those of no release.

    Returns:
        How many there were.
    """
    parameters = {
        "account": uow.account_id,
        "ids": [uow.account_id, *sorted(uow.locked)],
        "now": uow.now,
    }
    overdue = uow.connection.execute(_OVERDUE, parameters).all()
    end_reservations(
        uow, [(row.id, row.keypair_id, row.release_id) for row in overdue], SignatureState.LAPSED
    )
    return len(overdue)


def exclude_overdue(
    connection: Connection, releases: Collection[Release], now: datetime
) -> list[Release]:
    """The releases without their overdue reservations, which the next transaction gives back."""
    ids = sorted(release.id for release in releases if release.signatures_reserved)
    if not ids:
        return list(releases)
    counted = connection.execute(_NUMBER_OVERDUE, {"ids": ids, "now": now})
    overdue: dict[UUID, int] = {row.release_id: row.number for row in counted}
    return [
        replace(release, signatures_reserved=release.signatures_reserved - overdue[release.id])
        if release.id in overdue
        else release
        for release in releases
    ]


def end_reservations(
    uow: UnitOfWork, signatures: list[tuple[UUID, UUID, UUID | None]], state: SignatureState
) -> None:
    """End reserved signatures (id, keypair, release) without a value; give their count back."""
    if not signatures:
        return
    s, r = t.signatures, t.releases
    ids = [signature_id for signature_id, _, _ in signatures]
    uow.connection.execute(
        s.update()
        .where(id_in(s.c.id), s.c.state == SignatureState.RESERVED)
        .values(state=state, settled_at=uow.now),
        {"ids": ids},
    )
    releases = [release_id for _, _, release_id in signatures if release_id is not None]
    for release_id in sorted(set(releases)):
        uow.connection.execute(
            r.update()
            .where(r.c.id == release_id)
            .values(signatures_reserved=r.c.signatures_reserved - releases.count(release_id))
        )
    uow.evict(releases)
    for signature_id, keypair_id, counted_on in signatures:
        event = SignatureDropped(
            subject_id=signature_id, release_id=counted_on, keypair_id=keypair_id, state=state
        )
        uow.record(event, actor=CLOCK)
