"""Decide on signatures against the locked release, and count them before they are made.

The instant of the reservation decides. Requests are decided in memory, one after the other, and
written set-based.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.algorithms import KeypairAlgorithm
from engine.errors import UNRECORDED, Code, Refusal, not_found
from engine.events import AttemptRefused
from engine.factors import Evaluation, SignFacts, evaluate
from engine.facts import Release
from engine.persistence import loading
from engine.persistence import tables as t
from engine.persistence.canonical import canonical
from engine.persistence.ids import uuid7
from engine.persistence.locks import Lock
from engine.persistence.unit_of_work import transaction
from engine.persistence.work import Work
from engine.principal import Principal
from engine.signers.base import KeyBinding, SigningKey
from engine.signing.lapse import give_back_lapsed
from engine.signing.request import (
    Existing,
    Refused,
    Reservation,
    Reserved,
    SignRequest,
    malformed,
)
from engine.system import System
from engine.vocabulary import KeypairCategory, SignatureState


def reserve(
    system: System, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
) -> list[Reservation]:
    """An answer for each request on this keypair, in their order."""
    lock = Lock(keypairs=frozenset({keypair_id}))
    with transaction(system, principal.account_id, principal, lock) as work:
        give_back_lapsed(work, work.held)
        desk = _Desk(work, keypair_id, requests)
        answers = [desk.answer(request) for request in requests]
        desk.write()
    return answers


class _Desk:
    """One keypair's requests, decided against what is left after the ones before."""

    def __init__(self, work: Work, keypair_id: UUID, requests: Sequence[SignRequest]) -> None:
        self._work = work
        self._row = _keypair_row(work, keypair_id)
        self._key = _signing_key(self._row)
        (keypair,) = loading.load_keypairs(work.connection, work.account_id, [keypair_id])
        self._facts = SignFacts(
            now=work.now,
            policy=work.policy,
            actor=work.actor,
            keypair=keypair,
            release=_held_release(work, keypair.held_by),
        )
        self._taken = 0
        self._rows: list[dict[str, Any]] = []
        self._earlier = _earlier(work, requests)

    def answer(self, request: SignRequest) -> Reservation:
        """Reserved, found to exist already, or refused with the factors."""
        refusal = malformed(request) or self._unsuitable(request)
        if refusal is not None:
            return Refused(refusal)
        earlier = self._earlier.get(request.idempotency_key or "")
        if earlier is not None:
            return self._again(request, earlier)
        evaluation = evaluate(replace(self._facts, taken=self._taken))
        if evaluation.refusal is not None:
            self._record_refusal(evaluation.refusal, request, evaluation)
            return Refused(evaluation.refusal, evaluation.factors)
        return self._reserve(request, evaluation)

    def write(self) -> None:
        """All reservations at once, and their number on the release."""
        if self._rows:
            self._work.connection.execute(t.signatures.insert(), self._rows)
        if self._taken and self._facts.release is not None:
            r = t.releases
            self._work.connection.execute(
                r.update()
                .where(r.c.id == self._facts.release.id)
                .values(signatures_reserved=r.c.signatures_reserved + self._taken)
            )

    def _unsuitable(self, request: SignRequest) -> Refusal | None:
        wants_content = self._facts.keypair.category is KeypairCategory.GPG
        if wants_content == (request.content is not None):
            return None
        if wants_content:
            message = "This keypair makes OpenPGP signatures. Give the content, not a digest."
            return Refusal(Code.INVALID_INPUT, message, "content")
        message = "This keypair signs digests. Give the digest, not the content."
        return Refusal(Code.INVALID_INPUT, message, "digest")

    def _again(self, request: SignRequest, earlier: dict[str, Any]) -> Reservation:
        same = (
            earlier["keypair_id"] == self._row.id
            and earlier["digest"] == request.stored_digest
            and earlier["digest_algorithm"] == request.digest_algorithm
        )
        if same:
            return Existing(earlier["id"], earlier["state"] is SignatureState.MADE)
        refusal = Refusal(
            Code.IDEMPOTENCY_MISMATCH,
            "This idempotency key was used for something else. Use a new one.",
            "idempotency_key",
        )
        self._record_refusal(refusal, request, None)
        return Refused(refusal)

    def _reserve(self, request: SignRequest, evaluation: Evaluation) -> Reserved:
        work = self._work
        row = {
            "id": uuid7(),
            "account_id": work.account_id,
            "user_id": work.actor.user_id,
            "keypair_id": self._row.id,
            "release_id": evaluation.release_id,
            "state": SignatureState.RESERVED,
            "digest": request.stored_digest,
            "digest_algorithm": request.digest_algorithm,
            "factors": canonical(_told(evaluation)),
            "channel": work.actor.channel,
            "idempotency_key": request.idempotency_key,
            "reserved_at": work.now,
            "lapses_at": work.now + timedelta(seconds=work.system.reservation_seconds),
        }
        self._rows.append(row)
        if evaluation.release_id is not None:
            self._taken += 1
        if request.idempotency_key is not None:
            self._earlier[request.idempotency_key] = row
        return Reserved(row["id"], self._key, self._row.backend, request.message)

    def _record_refusal(
        self, refusal: Refusal, request: SignRequest, evaluation: Evaluation | None
    ) -> None:
        work, user_id = self._work, self._work.actor.user_id
        assert user_id is not None
        if refusal.code in UNRECORDED or not work.system.attempts.admits(user_id, work.now):
            return
        release = self._facts.release
        work.record(
            AttemptRefused(
                subject_id=self._row.id,
                release_id=release.id if release else None,
                reason=refusal.message,
                command="sign",
                code=refusal.code,
                subject_kind="Keypair",
                details_of_attempt={
                    "digest": request.stored_digest,
                    "digest_algorithm": request.digest_algorithm,
                    "factors": _told(evaluation) if evaluation else [],
                },
            )
        )


def _told(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [asdict(factor) for factor in evaluation.factors]


def _keypair_row(work: Work, keypair_id: UUID) -> Row[Any]:
    k = t.keypairs
    query = sa.select(k).where(k.c.id == keypair_id, k.c.account_id == work.account_id)
    row = work.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("keypair", "keypair_id")
    return row


def _signing_key(row: Row[Any]) -> SigningKey:
    return SigningKey(
        binding=KeyBinding(row.account_id, row.id),
        algorithm=KeypairAlgorithm(row.algorithm),
        public_key_pem=row.public_key,
        material=row.material,
        key_id=row.master_key_id,
    )


def _held_release(work: Work, release_id: UUID | None) -> Release | None:
    if release_id is None:
        return None
    return loading.load_releases(work.connection, [release_id])[release_id]


def _earlier(work: Work, requests: Sequence[SignRequest]) -> dict[str, dict[str, Any]]:
    keys = sorted({r.idempotency_key for r in requests if r.idempotency_key is not None})
    if not keys:
        return {}
    s = t.signatures
    rows = work.connection.execute(
        sa.select(
            s.c.idempotency_key,
            s.c.id,
            s.c.keypair_id,
            s.c.digest,
            s.c.digest_algorithm,
            s.c.state,
        ).where(
            s.c.user_id == work.actor.user_id,
            s.c.idempotency_key.in_(keys),
            s.c.state.in_([SignatureState.RESERVED, SignatureState.MADE]),
        )
    )
    return {row.idempotency_key: dict(row._mapping) for row in rows}
