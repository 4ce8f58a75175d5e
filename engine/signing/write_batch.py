"""Writes what was decided on a batch of signing requests, in as many statements as for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from orjson import Fragment

from engine.model.algorithms import DigestAlgorithm
from engine.model.events import AttemptRefused
from engine.model.vocabulary import SignatureState
from engine.persistence.db.bulk import insert_many
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.decide_batch import BatchDecision, RefusedRequest
from engine.signing.quota import count_signatures
from engine.signing.request import AtomicGroup, Reserved, Signed, artifact_values

_ARTIFACT_COLUMNS = (
    "artifact_name",
    "artifact_size",
    "artifact_digest",
    "artifact_digest_algorithm",
)


def write_batch(
    uow: UnitOfWork, decision: BatchDecision, signatures: Mapping[UUID, bytes]
) -> dict[UUID, Signed]:
    """Insert what was reserved, count it on its releases, and record the refused requests.

    Args:
        uow: The unit of work of the decision.
        decision: What was decided.
        signatures: The values of those reserved ones that are made already.

    Returns:
        By its id, each signature that is stored as made.
    """
    signed = [r for r in decision.reservations if r.signature_id in signatures]
    pending = [r for r in decision.reservations if r.signature_id not in signatures]
    for group, members in groupby(pending, key=lambda reserved: reserved.group):
        _insert(uow, SignatureState.RESERVED, group, [_row(reserved) for reserved in members])
    _insert(
        uow,
        SignatureState.MADE,
        None,
        [_row(r) | {"value": signatures[r.signature_id]} for r in signed],
        settled_at=uow.now,
    )
    for reserved in signed:
        uow.record(reserved.event, actor=reserved.signer)
    count_signatures(uow, reserved=_numbers(pending), used=_numbers(signed))
    for refused in decision.refused:
        user_id = refused.actor.user_id
        assert user_id is not None
        if uow.system.refusal_throttle.admits(user_id, uow.now):
            uow.record(_event(refused), actor=refused.actor)
    return {r.signature_id: Signed.of(r, signatures[r.signature_id]) for r in signed}


def _insert(
    uow: UnitOfWork,
    state: SignatureState,
    group: AtomicGroup | None,
    rows: Sequence[dict[str, Any]],
    **more: Any,
) -> None:
    if not rows:
        return
    seconds = uow.system.reservation_seconds if group is None else group.reservation_seconds
    columns_in_common = {
        "account_id": uow.account_id,
        "state": state,
        "reserved_at": uow.now,
        "lapses_at": uow.now + timedelta(seconds=seconds),
        **more,
    }
    insert_many(uow.connection, t.signatures, columns_in_common, rows)


def _row(reserved: Reserved) -> dict[str, Any]:
    event, signer = reserved.event, reserved.signer
    return {
        "id": event.subject_id,
        "user_id": signer.user_id,
        "keypair_id": event.keypair_id,
        "release_id": event.release_id,
        "digest": reserved.digest,
        "digest_algorithm": DigestAlgorithm(event.digest_algorithm),
        "factors": event.factors,
        "channel": signer.channel,
        "idempotency_key": reserved.idempotency_key,
        **dict(zip(_ARTIFACT_COLUMNS, artifact_values(event.artifact), strict=True)),
        "context": event.context,
        "origin": event.origin,
        "form": event.form,
        "namespace": event.namespace,
    }


def _numbers(reservations: Sequence[Reserved]) -> Counter[UUID]:
    return Counter(r.release_id for r in reservations if r.release_id is not None)


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
