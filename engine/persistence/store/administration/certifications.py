"""Rows of uses of keys for certificates that have begun and not ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.model.certificates import CertificatePurpose
from engine.model.events import CertificationFailed
from engine.model.facts import CLOCK
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_U = t.certifications
_OVERDUE = (
    sa.select(_U)
    .where(_U.c.account_id == sa.bindparam("account"), _U.c.lapses_at <= sa.bindparam("now"))
    .order_by(_U.c.id)
    # Whoever has locked one ends it.
    .with_for_update(skip_locked=True)
)
NOT_FINISHED = "It was not finished in time. Nothing of it was stored. Try again."


@dataclass(frozen=True, slots=True)
class BegunCertification:
    """A use of a key that has begun."""

    use_id: UUID
    keypair_id: UUID
    purpose: CertificatePurpose
    reason: str


def insert_certification(uow: UnitOfWork, begun: BegunCertification) -> None:
    """Write that a use has begun, which has as long to end as a signature has."""
    uow.connection.execute(
        _U.insert().values(
            id=begun.use_id,
            account_id=uow.account_id,
            keypair_id=begun.keypair_id,
            purpose=begun.purpose,
            reason=begun.reason,
            lapses_at=_lapses_at(uow),
        )
    )


def end_certification(uow: UnitOfWork, use_id: UUID) -> bool:
    """End a use; returns whether it was still under way."""
    return uow.connection.execute(_U.delete().where(_U.c.id == use_id)).rowcount > 0


def fail_overdue(uow: UnitOfWork) -> int:
    """Record of each use of the account that is overdue that it failed; returns how many."""
    parameters = {"account": uow.account_id, "now": uow.now}
    overdue = uow.connection.execute(_OVERDUE, parameters).all()
    for row in overdue:
        end_certification(uow, row.id)
        event = CertificationFailed(
            subject_id=row.keypair_id,
            use_id=row.id,
            purpose=CertificatePurpose(row.purpose),
            reason=row.reason,
            fault=NOT_FINISHED,
        )
        uow.record(event, actor=CLOCK)
    return len(overdue)


def _lapses_at(uow: UnitOfWork) -> datetime:
    return uow.now + timedelta(seconds=uow.system.reservation_seconds)
