"""A batch is decided without a database: by its facts, in the order of the requests."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.facts import Keypair
from engine.model.principal import Principal
from engine.model.vocabulary import Permission, SignatureForm, SignatureState, Status
from engine.signers.base import KeyBinding, SigningKey
from engine.signing.account_facts import StoredKeypair
from engine.signing.batch_facts import BatchFacts
from engine.signing.decide_batch import BatchDecision, decide_batch
from engine.signing.idempotency import PreviousSignature
from engine.signing.request import Existing, Refused, Reserved, SignCall, SignRequest
from tests.support.facts import (
    ACCOUNT,
    MEMBER,
    NOON,
    RELEASE,
    SPARE,
    VAULT,
    account_settings,
    fields,
    keypair,
    release,
)
from tests.support.facts import actor as actor_of

DIGEST, OTHER_DIGEST = b"\x01" * 32, b"\x02" * 32
PRINCIPAL = Principal(account_id=ACCOUNT, user_id=MEMBER)
SIGNATURE_IDS = [UUID(int=number) for number in range(101, 110)]


def facts(
    *, maximum: int = 2, held: Keypair | None = None, previous: Any = None, **settings: Any
) -> BatchFacts:
    """An open release holds the vault and has `maximum` signatures left."""
    held = held or keypair(held_by=RELEASE)
    stored = StoredKeypair(
        keypair=held,
        signing_key=SigningKey(
            binding=KeyBinding(ACCOUNT, held.id),
            algorithm=KeypairAlgorithm.ECDSA_P256,
            public_key_pem="",
            material=b"",
            key_id=None,
        ),
        signer_name="local",
    )
    window = fields(starts_at=NOON, max_signatures=maximum)
    signer = actor_of(MEMBER, permissions=frozenset({Permission.SIGN}))
    return BatchFacts(
        now=NOON,
        settings=account_settings(**settings),
        actors={PRINCIPAL: signer},
        keypairs={held.id: stored},
        releases={RELEASE: replace(release(Status.IN_PROGRESS), fields=window)},
        previous=previous or {},
        signature_ids=SIGNATURE_IDS,
    )


def decided(batch: BatchFacts, *requests: SignRequest) -> tuple[list[Any], BatchDecision]:
    decision = decide_batch(batch, [SignCall(PRINCIPAL, VAULT, requests)])
    (answers,) = decision.answers
    assert isinstance(answers, list)
    return answers, decision


def request(digest: bytes = DIGEST, key: str | None = None) -> SignRequest:
    return SignRequest(keypair_id=VAULT, digest=digest, idempotency_key=key)


def test_what_one_request_has_used_up_is_not_there_for_the_next() -> None:
    answers, decision = decided(facts(maximum=2), request(), request(), request())
    first, second, third = answers
    assert [first.signature_id, second.signature_id] == SIGNATURE_IDS[:2]
    assert decision.reservations == [first, second]
    assert third.refusal.code is Code.QUOTA_EXHAUSTED
    assert [(r.keypair_id, r.release_id) for r in decision.refused] == [(VAULT, RELEASE)]


def test_a_decision_changes_none_of_its_facts() -> None:
    requests = (request(), request(key="a"), request(key="a"), request(b"short"))
    batch = facts()
    (_, first), (_, again) = decided(batch, *requests), decided(batch, *requests)
    assert [r.event for r in first.reservations] == [r.event for r in again.reservations]
    assert len(first.reservations) == 2


def test_a_key_used_twice_in_a_batch_reserves_once() -> None:
    answers, decision = decided(facts(), request(key="a"), request(key="a"))
    reserved, repeated = answers
    assert isinstance(reserved, Reserved)
    assert repeated == Existing(reserved.signature_id, settled=False)
    assert decision.reservations == [reserved]


def test_a_key_used_for_something_else_is_refused() -> None:
    answers, _ = decided(facts(), request(key="a"), request(OTHER_DIGEST, key="a"))
    assert answers[1].refusal.code is Code.IDEMPOTENCY_MISMATCH


@pytest.mark.parametrize(("keypair_id", "is_same"), [(VAULT, True), (SPARE, False)])
def test_a_repetition_is_answered_whatever_the_factors_say(keypair_id: UUID, is_same: bool) -> None:
    state, algorithm = SignatureState.MADE, DigestAlgorithm.SHA256
    previous = PreviousSignature(
        SIGNATURE_IDS[8],
        keypair_id,
        DIGEST,
        algorithm,
        state,
        RELEASE,
        origin=None,
        form=SignatureForm.DIGEST,
        namespace=None,
    )
    batch = facts(previous={(MEMBER, "a"): previous}, signing_frozen=True)
    (answer,), decision = decided(batch, request(key="a"))
    if is_same:
        assert answer == Existing(previous.id, settled=True)
    else:
        assert answer.refusal.code is Code.IDEMPOTENCY_MISMATCH
    assert decision.reservations == []


def test_what_the_keypair_cannot_sign_is_refused_and_not_recorded() -> None:
    (answer,), decision = decided(facts(), SignRequest(keypair_id=VAULT, content=b"x"))
    assert isinstance(answer, Refused)
    assert answer.refusal.code is Code.INVALID_INPUT
    assert decision.refused == []


def test_without_a_keypair_each_caller_is_refused_once() -> None:
    inactive = Principal(account_id=ACCOUNT, user_id=SPARE)
    batch = replace(facts(), keypairs={})
    calls = [SignCall(principal, VAULT, (request(),)) for principal in (PRINCIPAL, inactive)]
    unknown, deactivated = decide_batch(batch, calls).answers
    assert isinstance(unknown, Refusal)
    assert isinstance(deactivated, Refusal)
    assert (unknown.code, deactivated.code) == (Code.NOT_FOUND, Code.UNAUTHENTICATED)


def test_each_release_has_a_count_of_its_own_in_a_batch() -> None:
    batch = facts(maximum=1)
    other_release = UUID(int=77)
    held = keypair(id=SPARE, held_by=other_release)
    batch = replace(
        batch,
        keypairs=batch.keypairs | {SPARE: replace(batch.keypairs[VAULT], keypair=held)},
        releases=batch.releases
        | {other_release: replace(batch.releases[RELEASE], id=other_release)},
    )
    of_spare = SignRequest(keypair_id=SPARE, digest=DIGEST)
    calls = [
        SignCall(PRINCIPAL, VAULT, (request(), request())),
        SignCall(PRINCIPAL, SPARE, (of_spare, of_spare)),
    ]
    decision = decide_batch(batch, calls)
    kinds = [[type(answer) for answer in answers] for answers in decision.answers]  # type: ignore[union-attr]
    assert kinds == [[Reserved, Refused], [Reserved, Refused]]
    assert [reserved.release_id for reserved in decision.reservations] == [RELEASE, other_release]
