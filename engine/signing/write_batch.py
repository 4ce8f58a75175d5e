"""Writes what was decided on a batch of signing requests: all reservations in two statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from orjson import Fragment

from engine.model.algorithms import DigestAlgorithm
from engine.model.events import AttemptRefused
from engine.model.vocabulary import SignatureState
from engine.persistence.db.bulk import insert_many
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.decide_batch import BatchDecision, RefusedRequest
from engine.signing.request import Reserved

# Statements of the hot path are built once: to build one costs more than to run it.
_S, _R = t.signatures, t.releases
_COUNT = (
    _R.update()
    .where(_R.c.id == sa.bindparam("release"))
    .values(signatures_reserved=_R.c.signatures_reserved + sa.bindparam("number"))
)


def write_batch(uow: UnitOfWork, decision: BatchDecision) -> None:
    """Insert the reservations, count them on their release, and record the refused requests."""
    if decision.reservations:
        _insert(uow, decision.reservations)
        _count(uow, decision.reservations)
    for refused in decision.refused:
        user_id = refused.actor.user_id
        assert user_id is not None
        if uow.system.refusal_throttle.admits(user_id, uow.now):
            uow.record(_event(refused), actor=refused.actor)


def _insert(uow: UnitOfWork, reservations: Sequence[Reserved]) -> None:
    columns_in_common = {
        "account_id": uow.account_id,
        "keypair_id": reservations[0].event.keypair_id,
        "state": SignatureState.RESERVED,
        "reserved_at": uow.now,
        "lapses_at": uow.now + timedelta(seconds=uow.system.reservation_seconds),
    }
    insert_many(
        uow.connection, _S, columns_in_common, [_row(reserved) for reserved in reservations]
    )


def _row(reserved: Reserved) -> dict[str, Any]:
    event, signer = reserved.event, reserved.signer
    return {
        "id": event.subject_id,
        "user_id": signer.user_id,
        "release_id": event.release_id,
        "digest": reserved.digest,
        "digest_algorithm": DigestAlgorithm(event.digest_algorithm),
        "factors": event.factors,
        "channel": signer.channel,
        "idempotency_key": reserved.idempotency_key,
    }


def _count(uow: UnitOfWork, reservations: Sequence[Reserved]) -> None:
    numbers = Counter(r.release_id for r in reservations if r.release_id is not None)
    for release_id, number in numbers.items():
        uow.connection.execute(_COUNT, {"release": release_id, "number": number})
    uow.evict(numbers)


def _event(refused: RefusedRequest) -> AttemptRefused:
    request = refused.request
    return AttemptRefused(
        subject_id=refused.keypair_id,
        release_id=refused.release_id,
        reason=refused.refusal.message,
        command="sign",
        code=refused.refusal.code,
        subject_kind="Keypair",
        details_of_attempt={
            "digest": request.stored_digest,
            "digest_algorithm": request.hash_algorithm,
            "factors": Fragment(refused.factors_json),
        },
    )
