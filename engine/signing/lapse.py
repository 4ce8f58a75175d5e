"""Reservations that were not settled in time: given back, because nothing left the service."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.events import SignatureDropped
from engine.facts import CLOCK
from engine.persistence import tables as t
from engine.persistence.loading.grouping import IDS
from engine.persistence.work import Work
from engine.vocabulary import SignatureState

# Statements of the hot path are built once: to build one costs more than to run it.
_S, _R = t.signatures, t.releases
_OVERDUE = (
    sa.select(_S.c.id, _S.c.keypair_id, _S.c.release_id)
    .where(
        t.IS_RESERVED,
        _S.c.lapses_at <= sa.bindparam("now"),
        _S.c.account_id == sa.bindparam("account"),
        # Computed, and sorted as the reserved ones' own index is: no other may lead here, for a
        # release has many signatures and few that are reserved.
        sa.func.coalesce(_S.c.release_id, _S.c.account_id).in_(IDS),
    )
    .order_by(_S.c.lapses_at, _S.c.id)
    # No release's lock stands before those of no release.
    .with_for_update()
)


def give_back_lapsed(work: Work) -> None:
    """Lapse the overdue reservations of the locked releases, and those of no release."""
    asked = {
        "account": work.account_id,
        "ids": [work.account_id, *sorted(work.held)],
        "now": work.now,
    }
    overdue = work.connection.execute(_OVERDUE, asked).all()
    drop(work, [(row.id, row.keypair_id, row.release_id) for row in overdue], SignatureState.LAPSED)


def count_overdue(connection: Connection, release_id: UUID, now: datetime) -> int:
    """Reservations of a release that the next to reserve will give back first."""
    s = t.signatures
    query = (
        sa.select(sa.func.count())
        .select_from(s)
        .where(
            s.c.release_id == release_id,
            t.IS_RESERVED,
            s.c.lapses_at <= now,
        )
    )
    return int(connection.execute(query).scalar_one())


def drop(
    work: Work, signatures: list[tuple[UUID, UUID, UUID | None]], state: SignatureState
) -> None:
    """End reserved signatures (id, keypair, release) without a value; give their count back."""
    if not signatures:
        return
    s, r = t.signatures, t.releases
    ids = [signature_id for signature_id, _, _ in signatures]
    work.connection.execute(
        s.update()
        .where(s.c.id.in_(ids), s.c.state == SignatureState.RESERVED)
        .values(state=state, settled_at=work.now)
    )
    releases = [release_id for _, _, release_id in signatures if release_id is not None]
    for release_id in sorted(set(releases)):
        work.connection.execute(
            r.update()
            .where(r.c.id == release_id)
            .values(signatures_reserved=r.c.signatures_reserved - releases.count(release_id))
        )
    for signature in signatures:
        work.record(dropped(*signature, state), actor=CLOCK)


def dropped(
    signature_id: UUID, keypair_id: UUID, release_id: UUID | None, state: SignatureState
) -> SignatureDropped:
    """What the ledger says of a reserved signature that came to nothing."""
    return SignatureDropped(
        subject_id=signature_id, release_id=release_id, keypair_id=keypair_id, state=state.value
    )
