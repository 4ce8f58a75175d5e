"""Atomic batches: all their signatures are made or none, and what is not made is not counted."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.commands.releases.stop_release import StopRelease
from engine.concurrency.executor import Executor
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import SignatureState, Status
from engine.persistence.store import tables as t
from engine.signers.base import SignerFailed, SigningInput, SigningKey
from engine.signers.local import LocalSigner
from engine.signing import sign as sign_module
from engine.signing.request import Made, Outcome, SignRequest
from engine.signing.service import SigningService
from engine.signing.signing_tasks import MAX_GROUP_SECONDS, SIGN_PART_SIZE
from tests.support.releases import release_in, rows
from tests.support.signing import code_of, declare_quick
from tests.support.world import World

S = SignatureState
BATCH_REFUSED, QUOTA = Code.BATCH_REFUSED, Code.QUOTA_EXHAUSTED
FAULTY_DIGEST = b"\x13" * 32


class SlowSigner(LocalSigner):
    """Signs outside of the deciding transaction, and fails over one digest."""

    capabilities = replace(LocalSigner.capabilities, quick_seconds={})
    seconds = 0.0
    calls = 0

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        type(self).calls += 1
        time.sleep(self.seconds)
        if getattr(message, "value", None) == FAULTY_DIGEST:
            raise SignerFailed("The token was removed.")
        return super().sign(key, message)


@pytest.fixture(params=["quick", "slow"])
def open_world(request: pytest.FixtureRequest, world: World) -> World:
    """An open release of 50 signatures, with a quick signer or a slow one."""
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    if request.param == "slow":
        use_slow_signer(world)
    return world


def use_slow_signer(world: World, seconds: float = 0.0) -> None:
    slow = copy(world.system.signers["local"])
    slow.__class__ = type("Slow", (SlowSigner,), {"seconds": seconds})
    world.system = replace(world.system, signers={"local": slow})


def sign(world: World, *batches: Sequence[SignRequest], is_atomic: bool = True) -> list[Any]:
    """What each batch comes to when all are sent at once: outcomes, or one refusal."""

    async def sign_all() -> list[Any]:
        executor = Executor(world.system.database)
        service = SigningService(world.system, executor)
        calls = [
            service.sign(world.principal("dev"), world.things["vault"], b, is_atomic=is_atomic)
            for b in batches
        ]
        try:
            return await asyncio.gather(*calls, return_exceptions=True)
        finally:
            executor.shutdown()

    return asyncio.run(sign_all())


def requests(world: World, number: int, **more: Any) -> list[SignRequest]:
    vault = world.things["vault"]
    return [SignRequest(keypair_id=vault, digest=os.urandom(32), **more) for _ in range(number)]


def codes(outcomes: Sequence[Outcome]) -> Counter[Code | None]:
    return Counter(code_of(outcome) for outcome in outcomes)


def counts(world: World) -> tuple[int, int]:
    (release,) = rows(world, t.releases)
    return release.signatures_used, release.signatures_reserved


def assert_made(world: World, number: int) -> None:
    assert counts(world) == (number, 0)
    assert len(rows(world, t.signatures, state=S.MADE)) == number
    assert len(world.ledger(tag="signature:made")) == number


def test_a_batch_that_fits_is_made_whole(open_world: World) -> None:
    (outcomes,) = sign(open_world, requests(open_world, 50))
    assert codes(outcomes) == {None: 50}
    assert_made(open_world, 50)


def test_a_batch_beyond_the_maximum_makes_nothing_and_counts_nothing(open_world: World) -> None:
    batch = requests(open_world, 51)
    (outcomes,) = sign(open_world, batch)
    assert codes(outcomes) == {BATCH_REFUSED: 50, QUOTA: 1}
    assert_made(open_world, 0)
    assert not rows(open_world, t.signatures)
    assert len(open_world.ledger(tag="attempt:refused")) == 1, "only the digest at fault"
    (outcomes,) = sign(open_world, batch[:50])
    assert codes(outcomes) == {None: 50}, "the refused batch has used nothing up"


def test_a_malformed_digest_refuses_its_batch_and_no_other(open_world: World) -> None:
    bad = SignRequest(keypair_id=open_world.things["vault"], digest=b"short")
    refused, granted = sign(
        open_world,
        [*requests(open_world, 3), bad, *requests(open_world, 3)],
        requests(open_world, 4),
    )
    assert codes(refused) == {BATCH_REFUSED: 6, Code.INVALID_INPUT: 1}
    assert codes(granted) == {None: 4}
    assert_made(open_world, 4)


def test_of_batches_that_compete_for_the_rest_each_is_whole_or_refused(open_world: World) -> None:
    answers = sign(open_world, *(requests(open_world, 20) for _ in range(5)))
    whole = [outcomes for outcomes in answers if codes(outcomes) == {None: 20}]
    assert len(whole) == 2, "50 signatures are left: a third batch of 20 would need 60"
    assert all(codes(o)[None] in {0, 20} for o in answers)
    assert_made(open_world, 40)


def test_a_repetition_answers_the_same_signatures(open_world: World) -> None:
    batch = [
        replace(request, idempotency_key=f"file {n}")
        for n, request in enumerate(requests(open_world, 5))
    ]
    (first,), (second,) = sign(open_world, batch), sign(open_world, batch)
    assert [outcome.signature_id for outcome in first] == [
        outcome.signature_id for outcome in second
    ]
    assert_made(open_world, 5)


def test_earlier_signatures_stay_in_a_refused_batch(open_world: World) -> None:
    """What another call has made already is not taken back by a batch that is refused."""
    known = requests(open_world, 1, idempotency_key="known")
    ((earlier,),) = sign(open_world, known, is_atomic=False)
    (outcomes,) = sign(open_world, [*known, *requests(open_world, 50)])
    assert isinstance(outcomes[0], Made)
    assert outcomes[0].signature_id == earlier.signature_id
    assert codes(outcomes[1:]) == {BATCH_REFUSED: 49, QUOTA: 1}
    assert_made(open_world, 1)


def test_one_key_twice_in_a_refused_batch_leaves_no_trace(open_world: World) -> None:
    (same,) = requests(open_world, 1, idempotency_key="same")
    bad = SignRequest(keypair_id=open_world.things["vault"], digest=b"short")
    (outcomes,) = sign(open_world, [same, same, bad])
    assert codes(outcomes) == {BATCH_REFUSED: 2, Code.INVALID_INPUT: 1}
    (outcomes,) = sign(open_world, [same, same])
    assert len({outcome.signature_id for outcome in outcomes}) == 1
    assert_made(open_world, 1)


def test_a_key_that_another_call_is_using_still_refuses_the_batch(world: World) -> None:
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    use_slow_signer(world, seconds=0.3)
    same = requests(world, 1, idempotency_key="same")
    first, second = sign(world, same, [*same, *requests(world, 2)])
    assert codes(first) == {None: 1}
    assert codes(second) in ({Code.OVERLOADED: 1, BATCH_REFUSED: 2}, {None: 3})
    assert counts(world)[1] == 0


def test_a_signer_that_fails_once_gives_the_whole_batch_back(world: World) -> None:
    release_in(world, Status.IN_PROGRESS, max_signatures=200)
    use_slow_signer(world)
    faulty = SignRequest(keypair_id=world.things["vault"], digest=FAULTY_DIGEST)
    batch = [faulty, *requests(world, 10 * SIGN_PART_SIZE)]
    refused, granted = sign(world, batch, requests(world, 20))
    assert codes(refused) == {Code.SIGNER_FAILED: 1, BATCH_REFUSED: 10 * SIGN_PART_SIZE}
    assert codes(granted) == {None: 20}
    assert_made(world, 20)
    dropped = rows(world, t.signatures, state=S.FAILED)
    assert len(dropped) == len(batch)
    assert all(row.value is None for row in dropped)
    slow = world.system.signers["local"]
    assert isinstance(slow, SlowSigner)
    assert slow.calls < len(batch) + 20, "after a failure the rest is not signed"


def test_a_quick_signer_that_fails_once_makes_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    whole = LocalSigner.sign

    def fail(signer: LocalSigner, key: SigningKey, message: SigningInput) -> bytes:
        if getattr(message, "value", None) == FAULTY_DIGEST:
            raise SignerFailed("The key cannot be opened.")
        return whole(signer, key, message)

    monkeypatch.setattr(LocalSigner, "sign", fail)
    faulty = SignRequest(keypair_id=world.things["vault"], digest=FAULTY_DIGEST)
    (outcomes,) = sign(world, [*requests(world, 3), faulty, *requests(world, 3)])
    assert codes(outcomes) == {Code.SIGNER_FAILED: 1, BATCH_REFUSED: 6}
    assert_made(world, 0)


def test_of_a_batch_too_large_for_the_transaction_none_is_made_in_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    declare_quick(monkeypatch, 0.1 * sign_module.QUICK_SECONDS)
    whole, reserved = sign_module.sign, []

    def note(system: Any, reservations: Sequence[Any]) -> Any:
        reserved.append(counts(world)[1])
        return whole(system, reservations)

    monkeypatch.setattr("engine.signing.signing_tasks.sign", note)
    (outcomes,) = sign(world, requests(world, 40))
    assert codes(outcomes) == {None: 40}
    assert reserved
    assert set(reserved) == {40}
    assert_made(world, 40)


def test_a_stop_meanwhile_refuses_the_whole_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_id = release_in(world, Status.IN_PROGRESS, max_signatures=50)
    use_slow_signer(world)
    whole = sign_module.sign
    stops = iter([StopRelease(release_id=release_id, reason="leak")])

    def stop_first(system: Any, reservations: Sequence[Any]) -> Any:
        results = whole(system, reservations)
        for command in stops:
            world.do("ann", command)
        return results

    monkeypatch.setattr("engine.signing.signing_tasks.sign", stop_first)
    (outcomes,) = sign(world, requests(world, 40))
    assert codes(outcomes) == {Code.SIGNER_FAILED: 40}
    assert_made(world, 0)


def test_an_expired_reservation_refuses_the_whole_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer took too long, and another call has given the reservations back meanwhile."""
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    use_slow_signer(world)
    whole = sign_module.sign
    late = iter([True])

    def sign_late(system: Any, reservations: Sequence[Any]) -> Any:
        results = whole(system, reservations)
        for _ in late:
            world.clock.instant += timedelta(seconds=MAX_GROUP_SECONDS + 1)
            world.sign("dev")
        return results

    monkeypatch.setattr("engine.signing.signing_tasks.sign", sign_late)
    (outcomes,) = sign(world, requests(world, 40))
    assert codes(outcomes) == {Code.SIGNER_FAILED: 40}
    assert_made(world, 1)


def test_reservations_of_a_large_group_last_longer(world: World) -> None:
    release_in(world, Status.IN_PROGRESS, max_signatures=2000)
    use_slow_signer(world)
    seconds = {}
    for number in (1, 1000):
        before = {row.id for row in rows(world, t.signatures)}
        (outcomes,) = sign(world, requests(world, number))
        assert codes(outcomes) == {None: number}
        new = [row for row in rows(world, t.signatures) if row.id not in before]
        seconds[number] = {(row.lapses_at - row.reserved_at).total_seconds() for row in new}
    assert seconds[1] == {world.system.reservation_seconds}
    (long,) = seconds[1000]
    assert world.system.reservation_seconds < long <= MAX_GROUP_SECONDS


def test_an_unknown_keypair_refuses_the_batch_as_one(world: World) -> None:
    batch = requests(world, 3)
    world.things["vault"] = world.account_id
    (refusal,) = sign(world, batch)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.NOT_FOUND
