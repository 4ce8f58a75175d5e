"""Decides a batch of signing requests of one account, in the order in which they came.

Pure: it looks at the facts that were loaded and at nothing else. What one request has used up,
a signature of the release or an idempotency key, is not there for the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from engine.model.algorithms import DigestAlgorithm
from engine.model.artifacts import context_json
from engine.model.errors import UNRECORDED, Code, Refusal, not_found
from engine.model.events import SignatureMade
from engine.model.facts import Actor
from engine.model.principal import Principal
from engine.model.signing_factors import Evaluation, SignFacts
from engine.model.visibility import sees
from engine.model.vocabulary import SignatureState
from engine.persistence.db.canonical_json import canonical
from engine.signing.account_facts import StoredKeypair
from engine.signing.atomic_groups import refuse_together
from engine.signing.batch_facts import BatchFacts
from engine.signing.evaluation import SignDecision, decide
from engine.signing.forms import check_for_keypair, prepare
from engine.signing.idempotency import PreviousSignature, PreviousSignatures, user_key
from engine.signing.request import (
    Answer,
    Existing,
    Refused,
    Reserved,
    SignCall,
    SignRequest,
)

#: What one call comes to: an answer for each request, or one refusal of them all.
Answers = list[Answer] | Refusal


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
    signature_ids: Iterator[UUID]
    previous: PreviousSignatures
    reservations: list[Reserved] = field(default_factory=list)
    refused: list[RefusedRequest] = field(default_factory=list)
    #: By release, how many of the reservations count toward it.
    counted: Counter[UUID] = field(default_factory=Counter)
    #: The factors by who calls, which keypair, and whether a signature is left of the release that
    #: holds it; they differ by no more.
    evaluations: dict[tuple[Principal, UUID, bool], SignDecision] = field(default_factory=dict)

    def fork(self) -> _Progress:
        """Progress in which a group can be decided without an effect on this one.

        What it refuses is recorded in both cases.
        """
        return replace(
            self, previous=dict(self.previous), reservations=[], counted=Counter(self.counted)
        )

    def join(self, fork: _Progress) -> None:
        """Take over what was decided in a fork."""
        self.previous, self.counted = fork.previous, fork.counted
        self.reservations += fork.reservations


def decide_batch(facts: BatchFacts, calls: Sequence[SignCall]) -> BatchDecision:
    """Decide on every request of every call."""
    progress = _Progress(facts, iter(facts.signature_ids), dict(facts.previous))
    answers = [_decide_call(progress, call) for call in calls]
    return BatchDecision(answers, progress.reservations, progress.refused)


def _decide_call(progress: _Progress, call: SignCall) -> Answers:
    if call.group is None:
        return _decide_requests(progress, call)
    trial = progress.fork()
    answers = _decide_requests(trial, call)
    if isinstance(answers, Refusal):
        return answers
    refused = refuse_together(answers, {r.signature_id for r in trial.reservations})
    if refused is not None:
        return refused
    progress.join(trial)
    return answers


def _decide_requests(progress: _Progress, call: SignCall) -> Answers:
    actor = progress.facts.actors.get(call.principal)
    if actor is None or not actor.active:
        return Refusal(Code.UNAUTHENTICATED, "This user is deactivated. Ask an administrator.")
    ended = progress.facts.ended_callers.get(call.principal)
    if ended is not None:
        return ended
    stored = progress.facts.keypairs.get(call.keypair_id)
    if stored is None:
        return not_found("keypair", "keypair_id")
    return [_decide_request(progress, call, actor, stored, request) for request in call.requests]


def _decide_request(
    progress: _Progress,
    call: SignCall,
    actor: Actor,
    stored: StoredKeypair,
    request: SignRequest,
) -> Answer:
    refusal = check_for_keypair(request, stored)
    if refusal is not None:
        return Refused(refusal)
    key = user_key(actor, request)
    if key is not None and key in progress.previous:
        return _repeat(progress, actor, stored, request, progress.previous[key])
    decision = _evaluate(progress, call.principal, actor, stored)
    refusal, recorded = decision.evaluation.refusal, decision.recorded.refusal
    if refusal is not None and recorded is not None:
        _record_refusal(progress, actor, stored, request, recorded, decision.recorded_factors_json)
        return Refused(refusal, decision.evaluation.factors)
    refusal = _check_release(progress, actor, request, decision.evaluation)
    if refusal is not None:
        _record_refusal(progress, actor, stored, request, refusal, decision.recorded_factors_json)
        return Refused(refusal, decision.evaluation.factors)
    reserved = _reserve(progress, call, actor, stored, request, decision)
    if key is not None:
        progress.previous[key] = _as_previous(reserved)
    return reserved


def _check_release(
    progress: _Progress, actor: Actor, request: SignRequest, evaluation: Evaluation
) -> Refusal | None:
    """Refuse a signature that would not count toward the release that the caller names."""
    if request.release_id is None or request.release_id == evaluation.release_id:
        return None
    toward = "no release"
    if evaluation.release_id is not None:
        release = progress.facts.releases[evaluation.release_id]
        is_shown = sees(progress.facts.settings, actor, release)
        toward = release.fields.name if is_shown else "another release"
    message = (
        f"The signature would count toward {toward}, and not toward the release you named."
        " Name the right one, or none."
    )
    return Refusal(Code.RELEASE_MISMATCH, message, "release_id")


def _repeat(
    progress: _Progress,
    actor: Actor,
    stored: StoredKeypair,
    request: SignRequest,
    previous: PreviousSignature,
) -> Answer:
    if previous.is_for(stored.keypair.id, request, actor):
        return Existing(previous.id, previous.state is SignatureState.MADE)
    refusal = Refusal(
        Code.IDEMPOTENCY_MISMATCH,
        "This idempotency key was used for something else. Use a new one.",
        "idempotency_key",
    )
    _record_refusal(progress, actor, stored, request, refusal)
    return Refused(refusal)


def _evaluate(
    progress: _Progress, principal: Principal, actor: Actor, stored: StoredKeypair
) -> SignDecision:
    held_by = stored.keypair.held_by
    release = progress.facts.releases[held_by] if held_by is not None else None
    counted = progress.counted[release.id] if release is not None else 0
    is_left = release is None or release.signatures_left > counted
    key = principal, stored.keypair.id, is_left
    if key not in progress.evaluations:
        facts = SignFacts(
            now=progress.facts.now,
            settings=progress.facts.settings,
            actor=actor,
            keypair=stored.keypair,
            release=release,
            counted_in_batch=counted,
            viewer=actor,
        )
        progress.evaluations[key] = decide(facts)
    return progress.evaluations[key]


def _reserve(
    progress: _Progress,
    call: SignCall,
    actor: Actor,
    stored: StoredKeypair,
    request: SignRequest,
    decision: SignDecision,
) -> Reserved:
    digest = request.stored_digest
    event = SignatureMade(
        subject_id=next(progress.signature_ids),
        release_id=decision.evaluation.release_id,
        keypair_id=stored.keypair.id,
        digest=digest.hex(),
        digest_algorithm=request.hash_algorithm,
        factors=decision.factors_json,
        artifact=request.artifact,
        context=context_json(request.context) if request.context else None,
        form=request.form,
        namespace=request.namespace,
        origin=canonical(actor.pipeline.origin.to_json()) if actor.pipeline is not None else None,
    )
    prepared = prepare(request, stored, progress.facts.now)
    reserved = Reserved(
        event=event,
        signer=actor,
        reserved_at=progress.facts.now,
        digest=digest,
        key=stored.signing_key,
        backend=stored.signer_name,
        signing_input=prepared.signing_input,
        finish=prepared.finish,
        idempotency_key=request.idempotency_key,
        group=call.group,
    )
    progress.reservations.append(reserved)
    if event.release_id is not None:
        progress.counted[event.release_id] += 1
    return reserved


def _as_previous(reserved: Reserved) -> PreviousSignature:
    event = reserved.event
    return PreviousSignature(
        id=event.subject_id,
        keypair_id=event.keypair_id,
        digest=reserved.digest,
        digest_algorithm=DigestAlgorithm(event.digest_algorithm),
        state=SignatureState.RESERVED,
        release_id=event.release_id,
        origin=event.origin,
        form=event.form,
        namespace=event.namespace,
    )


def _record_refusal(
    progress: _Progress,
    actor: Actor,
    stored: StoredKeypair,
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
            keypair_id=stored.keypair.id,
            release_id=stored.keypair.held_by,
            factors_json=factors_json,
        )
    )
