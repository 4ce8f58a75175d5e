"""The same idempotency key from the same user: the same signature, and no second one."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256, sha512
from typing import Any
from uuid import uuid4

import pytest

from engine.commands.administration.users import UpdateUser
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import KeypairCategory, Permission, SignatureState, Status
from engine.persistence.store import tables as t
from engine.signers.base import SignerFailed
from engine.signers.local import LocalSigner
from engine.signing.request import Made, Outcome, Refused, SignRequest
from tests.support.facts import pipeline
from tests.support.refusals import tags
from tests.support.releases import release_in, rows
from tests.support.sign_now import sign
from tests.support.signing import code_of
from tests.support.world import DIGEST, World


@pytest.fixture
def open_world(world: World) -> World:
    """An open release of the vault and the spare, in which ann may sign too."""
    world.do("admin", UpdateUser(user_id=world.people["ann"], roles=("LEAD", "SIGNER")))
    both = frozenset({world.things["vault"], world.things["spare"]})
    release_in(world, Status.IN_PROGRESS, keypair_ids=both)
    return world


def once(world: World, who: str = "dev", alias: str = "vault", **changes: Any) -> Outcome:
    values = {"digest": DIGEST, "idempotency_key": "build 1"} | changes
    request = SignRequest(keypair_id=world.things[alias], **values)
    (outcome,) = sign(world.system, world.principal(who), world.things[alias], [request])
    return outcome


def used(world: World) -> int:
    return int(rows(world, t.releases)[0].signatures_used)


def test_the_same_again_is_the_same_signature_and_uses_no_second_one(open_world: World) -> None:
    world = open_world
    first = once(world)
    before, known = world.snapshot(), len(world.ledger())
    assert [once(world), once(world)] == [first, first]
    assert isinstance(first, Made)
    assert (world.snapshot(), len(world.ledger())) == (before, known)
    assert used(world) == 1


def test_in_one_batch_too(open_world: World) -> None:
    outcomes = open_world.sign("dev", number=3, idempotency_key="build 1")
    assert len(set(outcomes)) == 1
    assert used(open_world) == 1


def test_also_when_the_quota_is_used_up_and_after_the_window(open_world: World) -> None:
    world = open_world
    first = once(world)
    world.sign("dev", number=4)
    assert once(world) == first
    world.clock.pass_(days=30)
    assert once(world) == first
    assert code_of(once(world, idempotency_key="build 2")) is Code.OUTSIDE_WINDOW


def test_also_for_somebody_who_may_sign_no_more_but_not_for_the_deactivated(
    open_world: World,
) -> None:
    world = open_world
    first = once(world)
    world.do("admin", UpdateUser(user_id=world.people["dev"], roles=("AUDITOR",)))
    assert once(world) == first
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))
    with pytest.raises(Refusal) as refused:
        once(world)
    assert refused.value.code is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    "other",
    [
        {"digest": bytes(32)},
        {"digest": bytes(48), "digest_algorithm": DigestAlgorithm.SHA384},
        {"alias": "spare"},
    ],
)
def test_for_something_else_it_is_refused_and_written_down(
    open_world: World, other: dict[str, Any]
) -> None:
    world = open_world
    once(world)
    before, known = world.snapshot(), len(world.ledger())
    assert code_of(once(world, **other)) is Code.IDEMPOTENCY_MISMATCH
    assert world.snapshot() == before
    assert tags(world, known) == ["attempt:refused"]


def test_a_key_is_its_users_own(open_world: World) -> None:
    world = open_world
    first, second = once(world), once(world, "ann", digest=bytes(32))
    assert isinstance(second, Made)
    assert first != second
    assert used(world) == 2


def test_what_came_to_nothing_may_be_tried_again(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world

    def fails(*_: object) -> bytes:
        raise SignerFailed("no device")

    with monkeypatch.context() as broken:
        broken.setattr(LocalSigner, "sign", fails)
        assert code_of(once(world)) is Code.SIGNER_FAILED
    assert isinstance(once(world), Made)
    assert used(world) == 1
    assert {row.state for row in rows(world, t.signatures)} == {
        SignatureState.FAILED,
        SignatureState.MADE,
    }


def test_a_refused_attempt_does_not_use_up_the_key(world: World) -> None:
    assert code_of(once(world)) is Code.OUTSIDE_WINDOW
    release_in(world, Status.IN_PROGRESS)
    assert isinstance(once(world), Made)


def test_a_token_that_does_not_reach_as_far_as_signing_gets_no_earlier_one(
    open_world: World,
) -> None:
    world, alias = open_world, open_world.things["vault"]
    first = once(world)
    for digest in (DIGEST, bytes(32)):
        request = SignRequest(keypair_id=alias, digest=digest, idempotency_key="build 1")
        every_other = frozenset(Permission) - {Permission.SIGN}
        before, known = world.snapshot(), len(world.ledger())
        narrowed = world.principal("dev", scopes=every_other)
        (outcome,) = sign(world.system, narrowed, alias, [request])
        assert code_of(outcome) is Code.FORBIDDEN
        assert (world.snapshot(), tags(world, known)) == (before, ["attempt:refused"])
    reaching = world.principal("dev", scopes=frozenset({Permission.SIGN}))
    request = SignRequest(keypair_id=alias, digest=DIGEST, idempotency_key="build 1")
    assert sign(world.system, reaching, alias, [request]) == [first]


def test_a_pipeline_gets_no_earlier_signature_of_a_keypair_that_its_rule_does_not_name(
    open_world: World,
) -> None:
    world, vault, spare = open_world, open_world.things["vault"], open_world.things["spare"]
    request = SignRequest(keypair_id=vault, digest=DIGEST, idempotency_key="build 1")
    of_vault = world.principal("dev", pipeline=pipeline(vault))
    (first,) = sign(world.system, of_vault, vault, [request])
    assert isinstance(first, Made)
    of_spare = world.principal("dev", pipeline=pipeline(spare))
    for digest in (DIGEST, bytes(32)):
        (outcome,) = sign(world.system, of_spare, vault, [replace(request, digest=digest)])
        assert code_of(outcome) is Code.KEYPAIR_NOT_ALLOWED
    assert sign(world.system, of_vault, vault, [request]) == [first]


def test_a_key_repeats_nothing_that_counts_toward_another_release(open_world: World) -> None:
    world = open_world
    (release,) = rows(world, t.releases)
    first = once(world)
    assert once(world, release_id=release.id) == first
    assert code_of(once(world, release_id=uuid4())) is Code.IDEMPOTENCY_MISMATCH
    assert used(world) == 1


def test_another_pipeline_or_commit_gets_no_earlier_signature(open_world: World) -> None:
    world, vault = open_world, open_world.things["vault"]
    request = SignRequest(keypair_id=vault, digest=DIGEST, idempotency_key="build 1")

    def ask(**claims: str) -> Outcome:
        caller = world.principal("dev", pipeline=pipeline(vault, **claims))
        (outcome,) = sign(world.system, caller, vault, [request])
        return outcome

    first = ask(repository_id="4711", sha="abc", run_id="1")
    assert isinstance(first, Made)
    assert ask(repository_id="4711", sha="abc", run_id="2") == first
    for claims in ({"repository_id": "4712", "sha": "abc"}, {"repository_id": "4711"}):
        assert code_of(ask(**claims)) is Code.IDEMPOTENCY_MISMATCH
    assert code_of(once(world)) is Code.IDEMPOTENCY_MISMATCH, "nobody's pipeline"
    assert used(world) == 1


def test_content_recorded_under_another_algorithm_is_still_the_same(world: World) -> None:
    gpg = world.add_keypair(
        "packages",
        category=KeypairCategory.GPG,
        algorithm=KeypairAlgorithm.ED25519,
    )
    world.set_team("blue", keypairs=["vault", "spare", "packages"])
    release_in(
        world, Status.IN_PROGRESS, category=KeypairCategory.GPG, keypair_ids=frozenset({gpg})
    )
    first = once(world, alias="packages", digest=None, content=b"x")
    assert isinstance(first, Made)
    (row,) = rows(world, t.signatures)
    assert (row.digest_algorithm, row.digest) == (DigestAlgorithm.SHA512, sha512(b"x").digest())

    earlier = {"digest_algorithm": DigestAlgorithm.SHA256, "digest": sha256(b"x").digest()}
    with world.system.database.writing() as connection:
        connection.execute(t.signatures.update().values(earlier))
        connection.commit()
    assert once(world, alias="packages", digest=None, content=b"x") == first
    other = once(world, alias="packages", digest=None, content=b"y")
    assert code_of(other) is Code.IDEMPOTENCY_MISMATCH


def test_what_is_signed_for_longer_than_one_waits_is_not_said_to_have_failed(world: World) -> None:
    release_in(world, Status.IN_PROGRESS)
    assert isinstance(once(world), Made)
    reserved = {"state": SignatureState.RESERVED, "value": None, "settled_at": None}
    lapses_at = world.clock.instant + timedelta(minutes=10)
    with world.system.database.writing() as connection:
        connection.execute(t.signatures.update().values(**reserved, lapses_at=lapses_at))
        connection.commit()
    world.system = replace(world.system, reservation_seconds=1)
    outcome = once(world)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is Code.OVERLOADED
    assert "is signing still" in outcome.refusal.message
