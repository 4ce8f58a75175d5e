"""Decides a batch of signing requests on one keypair, in the order in which they came.

Pure: it looks at the facts that were loaded and at nothing else. What one request has used up,
a signature of the release or an idempotency key, is not there for the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from engine.model.algorithms import DigestAlgorithm
from engine.model.errors import UNRECORDED, Code, Refusal, not_found
from engine.model.events import SignatureMade
from engine.model.facts import Actor
from engine.model.principal import Principal
from engine.model.signing_factors import SignFacts
from engine.model.vocabulary import SignatureState
from engine.signing.batch_facts import BatchFacts, KeypairFacts
from engine.signing.evaluation import SignDecision, decide
from engine.signing.idempotency import PreviousSignature, PreviousSignatures, user_key
from engine.signing.request import (
    Existing,
    Refused,
    Reservation,
    Reserved,
    SignCall,
    SignRequest,
    check_for_keypair,
)

#: What one call comes to: an answer for each request, or one refusal of them all.
Answers = list[Reservation] | Refusal


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A refusal that belongs into the ledger."""

    actor: Actor
    request: SignRequest
    refusal: Refusal
    keypair_id: UUID
    #: The release that holds the keypair, if any.
    release_id: UUID | None
    #: The factors as the ledger's readers see them, in JSON.
    factors_json: str


@dataclass(frozen=True, slots=True)
class BatchDecision:
    """The answers for the callers, in their order, and what is to be written."""

    answers: list[Answers]
    reservations: list[Reserved]
    refused: list[RefusedRequest]


@dataclass(slots=True)
class _Progress:
    """What the requests of a batch that are decided already have come to."""

    facts: BatchFacts
    target: KeypairFacts
    signature_ids: Iterator[UUID]
    previous: PreviousSignatures
    reservations: list[Reserved] = field(default_factory=list)
    refused: list[RefusedRequest] = field(default_factory=list)
    #: How many of the reservations count toward the release.
    counted: int = 0
    #: The factors by who calls and by whether a signature is left; they differ by no more.
    evaluations: dict[tuple[Principal, bool], SignDecision] = field(default_factory=dict)


def decide_batch(facts: BatchFacts, calls: Sequence[SignCall]) -> BatchDecision:
    """Decide on every request of every call."""
    target = facts.target
    if target is None:
        unknown = not_found("keypair", "keypair_id")
        return BatchDecision([_refuse_caller(facts, call) or unknown for call in calls], [], [])
    progress = _Progress(facts, target, iter(facts.signature_ids), dict(target.previous))
    answers = [_refuse_caller(facts, call) or _decide_call(progress, call) for call in calls]
    return BatchDecision(answers, progress.reservations, progress.refused)


def _refuse_caller(facts: BatchFacts, call: SignCall) -> Refusal | None:
    actor = facts.actors.get(call.principal)
    if actor is not None and actor.active:
        return None
    return Refusal(Code.UNAUTHENTICATED, "This user is deactivated. Ask an administrator.")


def _decide_call(progress: _Progress, call: SignCall) -> list[Reservation]:
    return [_decide_request(progress, call.principal, request) for request in call.requests]


def _decide_request(progress: _Progress, principal: Principal, request: SignRequest) -> Reservation:
    refusal = check_for_keypair(request, progress.target.keypair)
    if refusal is not None:
        return Refused(refusal)
    actor = progress.facts.actors[principal]
    key = user_key(actor, request)
    if key is not None and key in progress.previous:
        return _repeat(progress, actor, request, progress.previous[key])
    decision = _evaluate(progress, principal, actor)
    refusal, recorded = decision.evaluation.refusal, decision.recorded.refusal
    if refusal is not None and recorded is not None:
        _record_refusal(progress, actor, request, recorded, decision.recorded_factors_json)
        return Refused(refusal, decision.evaluation.factors)
    reserved = _reserve(progress, actor, request, decision)
    if key is not None:
        progress.previous[key] = _as_previous(reserved)
    return reserved


def _repeat(
    progress: _Progress, actor: Actor, request: SignRequest, previous: PreviousSignature
) -> Reservation:
    if previous.is_for(progress.target.keypair.id, request):
        return Existing(previous.id, previous.state is SignatureState.MADE)
    refusal = Refusal(
        Code.IDEMPOTENCY_MISMATCH,
        "This idempotency key was used for something else. Use a new one.",
        "idempotency_key",
    )
    _record_refusal(progress, actor, request, refusal)
    return Refused(refusal)


def _evaluate(progress: _Progress, principal: Principal, actor: Actor) -> SignDecision:
    release, settings = progress.target.release, progress.target.settings
    assert settings is not None, "they are loaded for every request that is not a repetition"
    is_left = release is None or release.signatures_left > progress.counted
    if (principal, is_left) not in progress.evaluations:
        facts = SignFacts(
            now=progress.facts.now,
            settings=settings,
            actor=actor,
            keypair=progress.target.keypair,
            release=release,
            counted_in_batch=progress.counted,
            viewer=actor,
        )
        progress.evaluations[principal, is_left] = decide(facts)
    return progress.evaluations[principal, is_left]


def _reserve(
    progress: _Progress, actor: Actor, request: SignRequest, decision: SignDecision
) -> Reserved:
    target, digest = progress.target, request.stored_digest
    event = SignatureMade(
        subject_id=next(progress.signature_ids),
        release_id=decision.evaluation.release_id,
        keypair_id=target.keypair.id,
        digest=digest.hex(),
        digest_algorithm=request.hash_algorithm,
        factors=decision.factors_json,
    )
    reserved = Reserved(
        event=event,
        signer=actor,
        reserved_at=progress.facts.now,
        digest=digest,
        key=target.signing_key,
        backend=target.signer_name,
        signing_input=request.signing_input,
        idempotency_key=request.idempotency_key,
    )
    progress.reservations.append(reserved)
    if event.release_id is not None:
        progress.counted += 1
    return reserved


def _as_previous(reserved: Reserved) -> PreviousSignature:
    event = reserved.event
    return PreviousSignature(
        id=event.subject_id,
        keypair_id=event.keypair_id,
        digest=reserved.digest,
        digest_algorithm=DigestAlgorithm(event.digest_algorithm),
        state=SignatureState.RESERVED,
    )


def _record_refusal(
    progress: _Progress,
    actor: Actor,
    request: SignRequest,
    refusal: Refusal,
    factors_json: str = "[]",
) -> None:
    if refusal.code in UNRECORDED:
        return
    progress.refused.append(
        RefusedRequest(
            actor=actor,
            request=request,
            refusal=refusal,
            keypair_id=progress.target.keypair.id,
            release_id=progress.target.release_id,
            factors_json=factors_json,
        )
    )
