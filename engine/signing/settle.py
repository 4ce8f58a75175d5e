"""Settle made signatures: only one that is still reserved may leave the service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.errors import Code, Refusal
from engine.events import QuotaReached, SignatureMade
from engine.facts import CLOCK, Release
from engine.persistence import loading
from engine.persistence import tables as t
from engine.persistence.locks import Lock
from engine.persistence.unit_of_work import transaction
from engine.persistence.work import Work
from engine.principal import Principal
from engine.signing.lapse import drop
from engine.signing.make import Value
from engine.signing.request import Made, Outcome, Refused
from engine.system import System
from engine.vocabulary import SignatureState

#: At which shares of the maximum people are told, in percent (spec section 6).
NOTICES = (80, 100)

TOO_LATE = Refusal(
    Code.SIGNER_FAILED,
    "The signature was not finished in time or its release was stopped. Nothing was used.",
)


def settle(system: System, principal: Principal, values: Sequence[Value]) -> list[Outcome]:
    """Write the values, in one transaction; answers what each became, in their order."""
    if not values:
        return []
    ids = [value.signature_id for value in values]
    with system.database.reading() as connection:
        s = t.signatures
        query = sa.select(s.c.release_id).where(s.c.id.in_(ids), s.c.release_id.is_not(None))
        releases = frozenset(connection.execute(query.distinct()).scalars().all())
    with transaction(system, principal.account_id, principal, Lock(releases=releases)) as work:
        pending = _still_reserved(work, ids)
        made = [v for v in values if v.value is not None and v.signature_id in pending]
        _write(work, made, pending)
        _give_back(work, values, pending)
    kept = {value.signature_id for value in made}
    return [
        Made(v.signature_id) if v.signature_id in kept else Refused(v.refusal or TOO_LATE)
        for v in values
    ]


def _still_reserved(work: Work, ids: list[UUID]) -> dict[UUID, Row[Any]]:
    s = t.signatures
    query = (
        sa.select(s.c.id, s.c.keypair_id, s.c.release_id, s.c.digest, s.c.digest_algorithm)
        .add_columns(s.c.factors)
        .where(s.c.id.in_(ids), s.c.state == SignatureState.RESERVED)
        .order_by(s.c.id)
        .with_for_update()
    )
    return {row.id: row for row in work.connection.execute(query)}


def _write(work: Work, made: list[Value], pending: dict[UUID, Row[Any]]) -> None:
    if not made:
        return
    s = t.signatures
    work.connection.execute(
        s.update()
        .where(s.c.id == sa.bindparam("signature"), s.c.state == SignatureState.RESERVED)
        .values(state=SignatureState.MADE, value=sa.bindparam("made"), settled_at=work.now),
        [{"signature": v.signature_id, "made": v.value} for v in made],
    )
    for value in made:
        work.record(_event(pending[value.signature_id]))
    _count(work, [pending[v.signature_id].release_id for v in made])


def _event(row: Row[Any]) -> SignatureMade:
    return SignatureMade(
        subject_id=row.id,
        release_id=row.release_id,
        keypair_id=row.keypair_id,
        digest=row.digest.hex(),
        digest_algorithm=row.digest_algorithm,
        factors=json.loads(row.factors),
    )


def _count(work: Work, release_ids: list[UUID | None]) -> None:
    counted = sorted({r for r in release_ids if r is not None})
    r = t.releases
    for release in loading.load_releases(work.connection, counted).values():
        number = release_ids.count(release.id)
        work.connection.execute(
            r.update()
            .where(r.c.id == release.id)
            .values(
                signatures_reserved=r.c.signatures_reserved - number,
                signatures_used=r.c.signatures_used + number,
            )
        )
        _notice(work, release, number)


def _notice(work: Work, release: Release, number: int) -> None:
    maximum, before = release.fields.max_signatures, release.signatures_used
    used = before + number
    crossed = [p for p in NOTICES if before * 100 < p * maximum <= used * 100]
    for percent in crossed[-1:]:
        work.record(
            QuotaReached.of(release.id, percent=percent, used=used, maximum=maximum),
            actor=CLOCK,
        )


def _give_back(work: Work, values: Sequence[Value], pending: dict[UUID, Row[Any]]) -> None:
    failed = [
        (row.id, row.keypair_id, row.release_id)
        for value in values
        if value.value is None and (row := pending.get(value.signature_id)) is not None
    ]
    drop(work, failed, SignatureState.FAILED)
