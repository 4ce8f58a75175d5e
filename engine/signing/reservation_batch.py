"""One keypair's requests, decided in memory against the locked release, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from orjson import Fragment
from sqlalchemy import Row

from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import UNRECORDED, Code, Refusal, not_found
from engine.model.events import AttemptRefused, SignatureMade
from engine.model.facts import Actor, Keypair, Release
from engine.model.principal import Principal
from engine.model.signing_factors import SignFacts
from engine.model.vocabulary import KeypairCategory, Permission, SignatureState
from engine.persistence.db.bulk import insert_many
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import KeyBinding, SigningKey
from engine.signing.evaluation import SignDecision, decide
from engine.signing.idempotency import IdempotentResult, load_idempotent_results
from engine.signing.request import (
    Ask,
    Existing,
    Refused,
    Reservation,
    Reserved,
    SignRequest,
    malformed,
)

# Statements of the hot path are built once: to build one costs more than to run it.
_S, _R = t.signatures, t.releases
_COUNT = (
    _R.update()
    .where(_R.c.id == sa.bindparam("release"))
    .values(signatures_reserved=_R.c.signatures_reserved + sa.bindparam("number"))
)


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who asks, and what the factors say to them: with a signature left, and without."""

    principal: Principal
    actor: Actor
    judged: dict[bool, SignDecision] = field(default_factory=dict)


class ReservationBatch:
    """Answers asks in their order; what it reserved is written all at once."""

    def __init__(self, uow: UnitOfWork, keypair_id: UUID, asks: Sequence[Ask]) -> None:
        self._work = uow
        self._keypair_id = keypair_id
        self._asks = asks
        self._taken = 0
        self._rows: list[dict[str, Any]] = []

    def answer(self, ask: Ask) -> list[Reservation] | Refusal:
        """For each of its requests: reserved, found to exist already, or refused."""
        caller = self._callers.get(ask.principal)
        if caller is None or not caller.actor.active:
            message = "This user is deactivated. Ask an administrator."
            return Refusal(Code.UNAUTHENTICATED, message)
        if self._row is None:
            return not_found("keypair", "keypair_id")
        return [self._answer(caller, request) for request in ask.requests]

    def write(self) -> None:
        """All reservations, and their number on the release."""
        if self._rows:
            insert_many(self._work.connection, _S, self._shared, self._rows)
        if self._taken and self._release is not None:
            counted = {"release": self._release.id, "number": self._taken}
            self._work.connection.execute(_COUNT, counted)
            self._work.evict([self._release.id])

    # --- what is decided on ---------------------------------------------------------------

    @cached_property
    def _callers(self) -> dict[Principal, _Caller]:
        principals = {ask.principal for ask in self._asks}
        actors = loading.load_actors(self._work.connection, principals)
        return {principal: _Caller(principal, actor) for principal, actor in actors.items()}

    @cached_property
    def _row(self) -> Row[Any] | None:
        uow = self._work
        rows = loading.load_keypair_rows(uow.connection, uow.account_id, [self._keypair_id])
        return rows[0] if rows else None

    @cached_property
    def _keypair(self) -> Keypair:
        assert self._row is not None
        return loading.keypair_of(self._row)

    @cached_property
    def _release(self) -> Release | None:
        held_by = self._keypair.held_by
        # One that is not locked took the keypair after the instant of this decision.
        if held_by is None or held_by not in self._work.locked:
            return None
        return self._work.get_many([held_by])[held_by]

    @cached_property
    def _key(self) -> SigningKey:
        row = self._row
        assert row is not None
        return SigningKey(
            binding=KeyBinding(row.account_id, row.id),
            algorithm=KeypairAlgorithm(row.algorithm),
            public_key_pem=row.public_key,
            material=row.material,
            key_id=row.master_key_id,
        )

    @cached_property
    def _shared(self) -> dict[str, Any]:
        """What all reservations made here have in common."""
        now, system = self._work.now, self._work.system
        return {
            "account_id": self._work.account_id,
            "keypair_id": self._keypair_id,
            "state": SignatureState.RESERVED,
            "reserved_at": now,
            "lapses_at": now + timedelta(seconds=system.reservation_seconds),
        }

    @cached_property
    def _earlier(self) -> IdempotentResult:
        return load_idempotent_results(self._work, self._asks)

    # --- deciding -------------------------------------------------------------------------

    def _answer(self, caller: _Caller, request: SignRequest) -> Reservation:
        refusal = malformed(request) or self._unsuitable(request)
        if refusal is not None:
            return Refused(refusal)
        # A token that does not reach as far as signing gets no earlier signature either.
        covered = caller.actor.covers(Permission.SIGN)
        if request.idempotency_key is not None and covered:
            earlier = self._earlier.get((caller.principal.user_id, request.idempotency_key))
            if earlier is not None:
                return self._again(caller.actor, request, earlier)
        judged = self._judge(caller)
        refusal, recorded = judged.evaluation.refusal, judged.recorded.refusal
        if refusal is not None and recorded is not None:
            self._record_refusal(caller.actor, recorded, request, judged.recorded_told)
            return Refused(refusal, judged.evaluation.factors)
        return self._reserve(caller, request, judged)

    def _judge(self, caller: _Caller) -> SignDecision:
        """The factors differ by who asks and by whether a signature is left, and by no more."""
        some_left = self._release is None or self._release.signatures_left > self._taken
        if some_left not in caller.judged:
            facts = SignFacts(
                now=self._work.now,
                policy=self._work.policy,
                actor=caller.actor,
                keypair=self._keypair,
                release=self._release,
                taken=self._taken,
                viewer=caller.actor,
            )
            caller.judged[some_left] = decide(facts)
        return caller.judged[some_left]

    def _unsuitable(self, request: SignRequest) -> Refusal | None:
        wants_content = self._keypair.category is KeypairCategory.GPG
        if wants_content == (request.content is not None):
            return None
        if wants_content:
            message = "This keypair makes OpenPGP signatures. Give the content, not a digest."
            return Refusal(Code.INVALID_INPUT, message, "content")
        message = "This keypair signs digests. Give the digest, not the content."
        return Refusal(Code.INVALID_INPUT, message, "digest")

    def _again(self, actor: Actor, request: SignRequest, earlier: dict[str, Any]) -> Reservation:
        # Content was once recorded under another algorithm; it is the same content all the same.
        algorithm = earlier["digest_algorithm"]
        same = (
            earlier["keypair_id"] == self._keypair_id
            and earlier["digest"] == request.digest_by(algorithm)
            and (request.content is not None or algorithm == request.hash_algorithm)
        )
        if same:
            return Existing(earlier["id"], earlier["state"] is SignatureState.MADE)
        refusal = Refusal(
            Code.IDEMPOTENCY_MISMATCH,
            "This idempotency key was used for something else. Use a new one.",
            "idempotency_key",
        )
        self._record_refusal(actor, refusal, request)
        return Refused(refusal)

    def _reserve(self, caller: _Caller, request: SignRequest, judged: SignDecision) -> Reserved:
        release_id, digest = judged.evaluation.release_id, request.stored_digest
        event = SignatureMade(
            subject_id=uuid7(),
            release_id=release_id,
            keypair_id=self._keypair_id,
            digest=digest.hex(),
            digest_algorithm=request.hash_algorithm,
            factors=judged.told,
        )
        row = {
            "id": event.subject_id,
            "user_id": caller.principal.user_id,
            "release_id": release_id,
            "digest": digest,
            "digest_algorithm": request.hash_algorithm,
            "factors": judged.told,
            "channel": caller.principal.channel,
            "idempotency_key": request.idempotency_key,
        }
        self._rows.append(row)
        if release_id is not None:
            self._taken += 1
        if request.idempotency_key is not None:
            self._earlier[caller.principal.user_id, request.idempotency_key] = self._shared | row
        assert self._row is not None
        return Reserved(
            event,
            caller.actor,
            self._work.now,
            digest,
            self._key,
            self._row.backend,
            request.message,
        )

    def _record_refusal(
        self, actor: Actor, refusal: Refusal, request: SignRequest, factors: str = "[]"
    ) -> None:
        uow = self._work
        assert actor.user_id is not None
        if refusal.code in UNRECORDED or not uow.system.refusal_throttle.admits(
            actor.user_id, uow.now
        ):
            return
        event = AttemptRefused(
            subject_id=self._keypair_id,
            release_id=self._release.id if self._release else None,
            reason=refusal.message,
            command="sign",
            code=refusal.code,
            subject_kind="Keypair",
            details_of_attempt={
                "digest": request.stored_digest,
                "digest_algorithm": request.hash_algorithm,
                "factors": Fragment(factors),
            },
        )
        uow.record(event, actor=actor)
