"""Settle made signatures: only one that is still reserved may leave the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.commands.transactions import transaction
from engine.model.errors import Code, Refusal
from engine.model.events import QuotaReached
from engine.model.facts import CLOCK
from engine.model.vocabulary import SignatureState
from engine.persistence.db.bulk import update_many
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Lock
from engine.persistence.store.reservation_expiry import drop
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.request import Made, Outcome, Refused, Signed
from engine.signing.sign import SigningResult
from engine.system import System

#: At which shares of the maximum people are told, in percent (spec section 6).
QUOTA_NOTICE_PERCENTS = (80, 100)

TOO_LATE = Refusal(
    Code.SIGNER_FAILED,
    "The signature was not finished in time or its release was stopped. Nothing was used.",
)

#: The rows of signatures that are not reserved any more, by id.
Ended = Mapping[UUID, Any]

# Statements of the hot path are built once: to build one costs more than to run it.
_S, _R = t.signatures, t.releases
# All are locked; told are those it is too late for, which is hardly ever one.
_LOCKED = (
    sa.select(_S.c.id, _S.c.state, _S.c.value)
    .where(id_in(_S.c.id))
    .order_by(_S.c.id)
    .with_for_update()
    .cte("locked")
)
_ENDED = sa.select(_LOCKED).where(_LOCKED.c.state != SignatureState.RESERVED)
_COUNT = (
    _R.update()
    .where(_R.c.id == sa.bindparam("release"))
    .values(
        signatures_reserved=_R.c.signatures_reserved - sa.bindparam("number"),
        signatures_used=_R.c.signatures_used + sa.bindparam("number"),
    )
    .returning(_R.c.signatures_used, _R.c.max_signatures)
)


def settle(system: System, account_id: UUID, values: Sequence[SigningResult]) -> list[Outcome]:
    """Write the values of any callers, in one transaction; what each became, in their order.

    Done twice it is done once: so it is tried again also where nobody knows how a commit ended.
    """
    if not values:
        return []
    return retry(lambda: _settle(system, account_id, values), also_if_away=True)


def _settle(system: System, account_id: UUID, values: Sequence[SigningResult]) -> list[Outcome]:
    releases = {v.reserved.release_id for v in values}
    lock = Lock(releases=frozenset(id_ for id_ in releases if id_ is not None))
    with transaction(system, account_id, None, lock) as uow:
        ended = _ended(uow, values)
        settled = [v for v in values if _is_settled(v, ended)]
        pending = [v for v in values if v.reserved.signature_id not in ended]
        made = [v for v in pending if v.value is not None]
        _write(uow, made)
        _count(uow, made)
        _give_back(uow, [v for v in pending if v.value is None])
    kept = {v.reserved.signature_id for v in (*settled, *made)}
    return [_outcome(v, kept) for v in values]


def _outcome(value: SigningResult, kept: set[UUID]) -> Outcome:
    signature_id = value.reserved.signature_id
    if value.value is None or signature_id not in kept:
        return Refused(value.refusal or TOO_LATE)
    return Made(signature_id, Signed.of(value.reserved, value.value))


def _ended(uow: UnitOfWork, values: Sequence[SigningResult]) -> Ended:
    ids = sorted(v.reserved.signature_id for v in values)
    return {row.id: row for row in uow.connection.execute(_ENDED, {"ids": ids}).all()}


def _is_settled(value: SigningResult, ended: Ended) -> bool:
    """By an earlier try, whose commit was not answered."""
    row = ended.get(value.reserved.signature_id)
    if row is None or row.state is not SignatureState.MADE:
        return False
    return bool(row.value == value.value)


def _write(uow: UnitOfWork, made: list[SigningResult]) -> None:
    # Of those that are reserved still (spec section 5): `_ended` has locked them and looked.
    if not made:
        return
    settled = {"state": SignatureState.MADE, "settled_at": uow.now}
    rows = [{"id": v.reserved.signature_id, "value": v.value} for v in made]
    update_many(uow.connection, _S, settled, rows)
    for value in made:
        # The instant of the reservation decided; who was deactivated since still signed then.
        uow.record(value.reserved.event, actor=value.reserved.signer)


def _count(uow: UnitOfWork, made: list[SigningResult]) -> None:
    counted = Counter(v.reserved.release_id for v in made)
    for release_id in sorted(id_ for id_ in counted if id_ is not None):
        asked = {"release": release_id, "number": counted[release_id]}
        used, maximum = uow.connection.execute(_COUNT, asked).one()
        uow.evict([release_id])
        _notice(uow, release_id, maximum, used, counted[release_id])


def _notice(uow: UnitOfWork, release_id: UUID, maximum: int, used: int, number: int) -> None:
    before = used - number
    crossed = [p for p in QUOTA_NOTICE_PERCENTS if before * 100 < p * maximum <= used * 100]
    for percent in crossed[-1:]:
        uow.record(
            QuotaReached.of(release_id, percent=percent, used=used, maximum=maximum),
            actor=CLOCK,
        )


def _give_back(uow: UnitOfWork, failed: list[SigningResult]) -> None:
    events = [value.reserved.event for value in failed]
    drop(
        uow,
        [(e.subject_id, e.keypair_id, e.release_id) for e in events],
        SignatureState.FAILED,
    )
