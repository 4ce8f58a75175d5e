"""One keypair's requests, decided in memory against the locked release, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from orjson import Fragment
from sqlalchemy import Row

from engine.algorithms import KeypairAlgorithm
from engine.errors import UNRECORDED, Code, Refusal, not_found
from engine.events import AttemptRefused
from engine.factors import Evaluation, SignFacts, evaluate
from engine.facts import Actor, Keypair, Release
from engine.persistence import loading
from engine.persistence import tables as t
from engine.persistence.canonical import canonical
from engine.persistence.ids import uuid7
from engine.persistence.work import Work
from engine.principal import Principal
from engine.signers.base import KeyBinding, SigningKey
from engine.signing.request import (
    Ask,
    Existing,
    Refused,
    Reservation,
    Reserved,
    SignRequest,
    malformed,
)
from engine.vocabulary import KeypairCategory, SignatureState

#: An earlier signature, by who asked for it and their idempotency key.
Earlier = dict[tuple[UUID, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the factors say to one caller, and the text of it that is kept."""

    evaluation: Evaluation
    told: str


class Desk:
    """Answers asks in their order; what it reserved is written all at once."""

    def __init__(self, work: Work, keypair_id: UUID, asks: Sequence[Ask]) -> None:
        self._work = work
        self._keypair_id = keypair_id
        self._asks = asks
        self._taken = 0
        self._rows: list[dict[str, Any]] = []
        self._judged: dict[tuple[Principal, bool], _Judged] = {}

    def answer(self, ask: Ask) -> list[Reservation] | Refusal:
        """For each of its requests: reserved, found to exist already, or refused."""
        actor = self._actors.get(ask.principal)
        if actor is None or not actor.active:
            message = "This user is deactivated. Ask an administrator."
            return Refusal(Code.UNAUTHENTICATED, message)
        if self._row is None:
            return not_found("keypair", "keypair_id")
        return [self._answer(ask.principal, actor, request) for request in ask.requests]

    def write(self) -> None:
        """All reservations, and their number on the release."""
        if self._rows:
            self._work.connection.execute(t.signatures.insert(), self._rows)
        if self._taken and self._release is not None:
            r = t.releases
            self._work.connection.execute(
                r.update()
                .where(r.c.id == self._release.id)
                .values(signatures_reserved=r.c.signatures_reserved + self._taken)
            )

    # --- what is decided on ---------------------------------------------------------------

    @cached_property
    def _actors(self) -> dict[Principal, Actor]:
        principals = {ask.principal for ask in self._asks}
        return loading.load_actors(self._work.connection, principals)

    @cached_property
    def _row(self) -> Row[Any] | None:
        k = t.keypairs
        account_id = self._work.account_id
        query = sa.select(k).where(k.c.id == self._keypair_id, k.c.account_id == account_id)
        return self._work.connection.execute(query).one_or_none()

    @cached_property
    def _keypair(self) -> Keypair:
        account_id = self._work.account_id
        (found,) = loading.load_keypairs(self._work.connection, account_id, [self._keypair_id])
        return found

    @cached_property
    def _release(self) -> Release | None:
        held_by = self._keypair.held_by
        # One that is not locked took the keypair after the instant of this decision.
        if held_by is None or held_by not in self._work.held:
            return None
        return loading.load_releases(self._work.connection, [held_by])[held_by]

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
    def _earlier(self) -> Earlier:
        return _load_earlier(self._work, self._asks)

    # --- deciding -------------------------------------------------------------------------

    def _answer(self, principal: Principal, actor: Actor, request: SignRequest) -> Reservation:
        refusal = malformed(request) or self._unsuitable(request)
        if refusal is not None:
            return Refused(refusal)
        earlier = self._earlier.get((principal.user_id, request.idempotency_key or ""))
        if earlier is not None:
            return self._again(actor, request, earlier)
        judged = self._judge(principal, actor)
        refusal = judged.evaluation.refusal
        if refusal is not None:
            self._record_refusal(actor, refusal, request, judged)
            return Refused(refusal, judged.evaluation.factors)
        return self._reserve(principal, request, judged)

    def _judge(self, principal: Principal, actor: Actor) -> _Judged:
        """The factors differ by who asks and by whether a signature is left, and by no more."""
        some_left = self._release is None or self._release.signatures_left > self._taken
        key = (principal, some_left)
        if key not in self._judged:
            facts = SignFacts(
                now=self._work.now,
                policy=self._work.policy,
                actor=actor,
                keypair=self._keypair,
                release=self._release,
                taken=self._taken,
            )
            evaluation = evaluate(facts)
            self._judged[key] = _Judged(evaluation, _told(evaluation))
        return self._judged[key]

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
        same = (
            earlier["keypair_id"] == self._keypair_id
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
        self._record_refusal(actor, refusal, request, None)
        return Refused(refusal)

    def _reserve(self, principal: Principal, request: SignRequest, judged: _Judged) -> Reserved:
        work, release_id = self._work, judged.evaluation.release_id
        signature_id = uuid7()
        row = {
            "id": signature_id,
            "account_id": work.account_id,
            "user_id": principal.user_id,
            "keypair_id": self._keypair_id,
            "release_id": release_id,
            "state": SignatureState.RESERVED,
            "digest": request.stored_digest,
            "digest_algorithm": request.digest_algorithm,
            "factors": judged.told,
            "channel": principal.channel,
            "idempotency_key": request.idempotency_key,
            "reserved_at": work.now,
            "lapses_at": work.now + timedelta(seconds=work.system.reservation_seconds),
        }
        self._rows.append(row)
        if release_id is not None:
            self._taken += 1
        if request.idempotency_key is not None:
            self._earlier[principal.user_id, request.idempotency_key] = row
        assert self._row is not None
        return Reserved(signature_id, release_id, self._key, self._row.backend, request.message)

    def _record_refusal(
        self, actor: Actor, refusal: Refusal, request: SignRequest, judged: _Judged | None
    ) -> None:
        work = self._work
        assert actor.user_id is not None
        if refusal.code in UNRECORDED or not work.system.attempts.admits(actor.user_id, work.now):
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
                "digest_algorithm": request.digest_algorithm,
                "factors": Fragment(judged.told if judged else "[]"),
            },
        )
        work.record(event, actor=actor)


def _told(evaluation: Evaluation) -> str:
    """The factors as they are kept beside a signature: canonical JSON."""
    return canonical([asdict(factor) for factor in evaluation.factors])


def _load_earlier(work: Work, asks: Sequence[Ask]) -> Earlier:
    # A malformed key is refused by its own rule; the database need not see it.
    given = {
        (ask.principal.user_id, request.idempotency_key)
        for ask in asks
        for request in ask.requests
        if request.idempotency_key is not None and malformed(request) is None
    }
    if not given:
        return {}
    s = t.signatures
    rows = work.connection.execute(
        sa.select(s.c.user_id, s.c.idempotency_key, s.c.id, s.c.keypair_id)
        .add_columns(s.c.digest, s.c.digest_algorithm, s.c.state)
        .where(
            s.c.user_id.in_(sorted({user_id for user_id, _ in given})),
            s.c.idempotency_key.in_(sorted({key for _, key in given})),
            s.c.state.in_([SignatureState.RESERVED, SignatureState.MADE]),
        )
    )
    return {(row.user_id, row.idempotency_key): dict(row._mapping) for row in rows}
