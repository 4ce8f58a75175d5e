"""Settles signatures that were made: only one that is still reserved may leave the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.commands.transactions import transaction
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import SignatureState
from engine.persistence.db.bulk import update_many
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Lock
from engine.persistence.store.reservation_expiry import end_reservations
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.quota import count_signatures
from engine.signing.request import GROUP_REFUSED, AtomicGroup, Made, Outcome, Refused, Signed
from engine.signing.sign import SigningResult
from engine.system import System

TOO_LATE = Refusal(
    Code.SIGNER_FAILED,
    "The signature was not finished in time or its release was stopped. Nothing was used.",
)

#: By id, the rows of signatures that are not reserved any more.
SettledRows = Mapping[UUID, Row[Any]]

# Statements of the hot path are built once: to build one costs more than to run it.
_S = t.signatures
# All are locked. Returned are those that are not reserved any more, which is rarely one.
_LOCKED = (
    sa.select(_S.c.id, _S.c.state, _S.c.value)
    .where(id_in(_S.c.id))
    .order_by(_S.c.id)
    .with_for_update()
    .cte("locked")
)
_SETTLED = sa.select(_LOCKED).where(_LOCKED.c.state != SignatureState.RESERVED)


def settle(system: System, account_id: UUID, results: Sequence[SigningResult]) -> list[Outcome]:
    """Write the signatures of any callers of an account in one transaction.

    It may be repeated, and so it is also where a connection broke during the commit.

    Returns:
        An outcome for each result, in their order.
    """
    if not results:
        return []
    return retry(lambda: _settle(system, account_id, results), is_idempotent=True)


def _settle(system: System, account_id: UUID, results: Sequence[SigningResult]) -> list[Outcome]:
    releases = {result.reserved.release_id for result in results}
    lock = Lock(releases=frozenset(id_ for id_ in releases if id_ is not None))
    with transaction(system, account_id, None, lock) as uow:
        rows = _load_settled(uow, results)
        settled = [result for result in results if _is_written(result, rows)]
        pending = [result for result in results if result.signature_id not in rows]
        failed_groups = _failed_groups(results, rows)
        signed = [r for r in pending if r.signature is not None and r.group not in failed_groups]
        valid_ids = {result.signature_id for result in (*settled, *signed)}
        _write(uow, signed)
        _count(uow, signed)
        _give_back(uow, [result for result in pending if result.signature_id not in valid_ids])
    return [_outcome(result, valid_ids, rows) for result in results]


def _outcome(result: SigningResult, valid_ids: set[UUID], rows: SettledRows) -> Outcome:
    if result.signature is not None and result.signature_id in valid_ids:
        return Made(result.signature_id, Signed.of(result.reserved, result.signature))
    if result.group is None or result.signature_id in rows:
        return Refused(result.refusal or TOO_LATE)
    return Refused(result.refusal or GROUP_REFUSED)


def _failed_groups(results: Sequence[SigningResult], rows: SettledRows) -> set[AtomicGroup | None]:
    """The atomic groups of which a signature could not be made, or is not reserved any more."""
    return {
        result.group
        for result in results
        if result.group is not None
        and (
            result.signature is None
            or (result.signature_id in rows and not _is_written(result, rows))
        )
    }


def _load_settled(uow: UnitOfWork, results: Sequence[SigningResult]) -> SettledRows:
    ids = sorted(result.signature_id for result in results)
    return {row.id: row for row in uow.connection.execute(_SETTLED, {"ids": ids}).all()}


def _is_written(result: SigningResult, rows: SettledRows) -> bool:
    """Whether an earlier try has written it, whose commit was not confirmed."""
    row = rows.get(result.signature_id)
    if row is None or row.state is not SignatureState.MADE:
        return False
    return bool(row.value == result.signature)


def _write(uow: UnitOfWork, signed: list[SigningResult]) -> None:
    # Each is still reserved (spec section 5): `_load_settled` has locked the rows and looked.
    if not signed:
        return
    columns_in_common = {"state": SignatureState.MADE, "settled_at": uow.now}
    rows = [{"id": result.signature_id, "value": result.signature} for result in signed]
    update_many(uow.connection, _S, columns_in_common, rows)
    for result in signed:
        # The instant of the reservation decided; who was deactivated since still signed then.
        uow.record(result.reserved.event, actor=result.reserved.signer)


def _count(uow: UnitOfWork, signed: list[SigningResult]) -> None:
    releases = (result.reserved.release_id for result in signed)
    numbers = Counter(id_ for id_ in releases if id_ is not None)
    settled = {release_id: -number for release_id, number in numbers.items()}
    count_signatures(uow, reserved=settled, used=numbers)


def _give_back(uow: UnitOfWork, failed: list[SigningResult]) -> None:
    events = [result.reserved.event for result in failed]
    end_reservations(
        uow,
        [(e.subject_id, e.keypair_id, e.release_id) for e in events],
        SignatureState.FAILED,
    )
