"""Settle made signatures: only one that is still reserved may leave the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.errors import Code, Refusal
from engine.events import QuotaReached, SignatureMade
from engine.facts import CLOCK, Actor, Release
from engine.persistence import loading
from engine.persistence import tables as t
from engine.persistence.locks import Lock
from engine.persistence.retrying import retrying
from engine.persistence.unit_of_work import transaction
from engine.persistence.work import Work
from engine.signing.lapse import drop, dropped
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


def settle(system: System, account_id: UUID, values: Sequence[Value]) -> list[Outcome]:
    """Write the values of any callers, in one transaction; what each became, in their order."""
    if not values:
        return []
    return retrying(lambda: _settle(system, account_id, values))


def _settle(system: System, account_id: UUID, values: Sequence[Value]) -> list[Outcome]:
    ids = [value.signature_id for value in values]
    releases = frozenset(v.release_id for v in values if v.release_id is not None)
    with transaction(system, account_id, None, Lock(releases=releases)) as work:
        found = _locked(work, ids)
        pending = {row.id: row for row in found if row.state is SignatureState.RESERVED}
        made = [v for v in values if v.value is not None and v.signature_id in pending]
        _say_discarded(work, found)
        _write(work, made, pending)
        _give_back(work, values, pending)
    kept = {value.signature_id for value in made}
    return [
        Made(v.signature_id) if v.signature_id in kept else Refused(v.refusal or TOO_LATE)
        for v in values
    ]


def _locked(work: Work, ids: list[UUID]) -> Sequence[Row[Any]]:
    s, u = t.signatures, t.users
    query = (
        sa.select(s.c.id, s.c.state, s.c.keypair_id, s.c.release_id, s.c.channel, s.c.user_id)
        .add_columns(s.c.digest, s.c.digest_algorithm, s.c.factors, u.c.name, u.c.email)
        .join(u, u.c.id == s.c.user_id)
        .where(s.c.id.in_(ids))
        .order_by(s.c.id)
        .with_for_update(of=s)
    )
    return work.connection.execute(query).all()


def _say_discarded(work: Work, found: Sequence[Row[Any]]) -> None:
    for row in found:
        if row.state is SignatureState.DISCARDED:
            work.record(dropped(row.id, row.keypair_id, row.release_id, row.state), actor=CLOCK)


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
        row = pending[value.signature_id]
        # The instant of the reservation decided; who was deactivated since still signed then.
        signer = Actor(user_id=row.user_id, name=row.name, email=row.email, channel=row.channel)
        work.record(_event(row), actor=signer)
    _count(work, [pending[v.signature_id].release_id for v in made])


def _event(row: Row[Any]) -> SignatureMade:
    return SignatureMade(
        subject_id=row.id,
        release_id=row.release_id,
        keypair_id=row.keypair_id,
        digest=row.digest.hex(),
        digest_algorithm=row.digest_algorithm,
        factors=row.factors,
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
