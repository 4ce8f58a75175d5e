"""Reservations that were not settled in time: given back, because nothing left the service."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.events import SignatureDropped
from engine.facts import CLOCK
from engine.persistence import tables as t
from engine.persistence.work import Work
from engine.vocabulary import SignatureState


def give_back_lapsed(work: Work, release_ids: Collection[UUID | None]) -> None:
    """Lapse the overdue reservations of these locked releases; None: those of no release."""
    s = t.signatures
    named = sorted(release_id for release_id in release_ids if release_id is not None)
    of_these = [s.c.release_id.in_(named)] if named else []
    if None in release_ids:
        of_these.append(s.c.release_id.is_(None))
    if not of_these:
        return
    overdue = work.connection.execute(
        sa.select(s.c.id, s.c.keypair_id, s.c.release_id)
        .where(
            s.c.account_id == work.account_id,
            sa.or_(*of_these),
            s.c.state == SignatureState.RESERVED,
            s.c.lapses_at <= work.now,
        )
        .order_by(s.c.id)
        # No release's lock stands before those of no release.
        .with_for_update()
    ).all()
    drop(work, [(row.id, row.keypair_id, row.release_id) for row in overdue], SignatureState.LAPSED)


def count_overdue(connection: Connection, release_id: UUID, now: datetime) -> int:
    """Reservations of a release that the next to reserve will give back first."""
    s = t.signatures
    query = (
        sa.select(sa.func.count())
        .select_from(s)
        .where(
            s.c.release_id == release_id,
            s.c.state == SignatureState.RESERVED,
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
