"""The gate on an event loop: what is gathered, and that nobody suffers for what others ask."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from engine.commands.administration.account import create_account
from engine.commands.maintenance.advance_due import advance_due
from engine.concurrency.executor import Executor
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import SignatureState, Status
from engine.persistence.db.clock import DatabaseClock
from engine.persistence.store import tables as t
from engine.signers.base import SigningInput, SigningKey
from engine.signers.local import LocalSigner
from engine.signing import service as service_module
from engine.signing import settle as settling
from engine.signing import signing_tasks as tasks_module
from engine.signing.admission import INITIAL_ADMISSION_LIMIT
from engine.signing.request import Made, Outcome, Refused, SignRequest
from engine.signing.service import SigningService
from tests.support.releases import release_in, rows
from tests.support.signing import code_of
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World

S = SignatureState


class Signer(LocalSigner):
    """As slow as told, and it stumbles over some digests."""

    #: Its signatures are made outside of the transaction.
    capabilities = replace(LocalSigner.capabilities, quick_seconds={})
    stumbles_over = b"\x13" * 32
    seconds = 0.0

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        time.sleep(self.seconds)
        if getattr(message, "value", None) == self.stumbles_over:
            raise ValueError("a bug of the backend's")
        return super().sign(key, message)


@pytest.fixture
def open_world(world: World) -> World:
    """An open release of many signatures, and a signer that can be slow."""
    local = world.system.signers["local"]
    # Another object with its keys, for worlds share their signers.
    slow = copy(local)
    slow.__class__ = Signer
    world.system = replace(world.system, signers={"local": slow})
    release_in(world, Status.IN_PROGRESS, max_signatures=100_000)
    return world


@asynccontextmanager
async def gate_of(world: World, **more: Any) -> AsyncIterator[tuple[SigningService, Executor]]:
    executor = Executor(world.system.database, **more)
    try:
        yield SigningService(world.system, executor), executor
    finally:
        executor.shutdown()


def sign_request(world: World, digest: bytes | None = None, **more: Any) -> SignRequest:
    digest = os.urandom(32) if digest is None else digest
    return SignRequest(keypair_id=world.things["vault"], digest=digest, **more)


async def sign(
    gate: SigningService, world: World, who: str = "dev", *requests: Any
) -> list[Outcome]:
    asks = requests or (sign_request(world),)
    return await gate.sign(world.principal(who), world.things["vault"], asks)


def counts(world: World) -> tuple[int, int]:
    (release,) = rows(world, t.releases)
    return release.signatures_used, release.signatures_reserved


def entries(world: World, tag: str) -> int:
    return len(world.ledger(tag=tag))


async def test_calls_of_one_moment_are_reserved_and_settled_together(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, transactions = open_world, []
    for module, name in ((service_module, "decide_calls"), (tasks_module, "settle")):
        whole = getattr(module, name)

        def counted(*args: Any, whole: Any = whole, name: str = name) -> Any:
            transactions.append(name)
            return whole(*args)

        monkeypatch.setattr(module, name, counted)
    async with gate_of(world) as (gate, _):
        outcomes = await asyncio.gather(*(sign(gate, world) for _ in range(32)))
    assert all(isinstance(outcome, Made) for (outcome,) in outcomes)
    assert transactions == ["decide_calls", "settle"]
    assert (counts(world), entries(world, "signature:made")) == ((32, 0), 32)


async def test_a_backend_that_breaks_over_one_digest_breaks_it_for_that_one(
    open_world: World,
) -> None:
    world = open_world
    bad = sign_request(world, Signer.stumbles_over)
    async with gate_of(world) as (gate, _):
        outcomes = await asyncio.gather(
            *(sign(gate, world) for _ in range(5)),
            sign(gate, world, "dev", bad),
            sign(gate, world, "eve"),
        )
    codes = [code_of(outcome) for (outcome,) in outcomes]
    assert codes == [None] * 5 + [Code.SIGNER_FAILED, Code.KEYPAIR_NOT_ALLOWED]
    assert counts(world) == (5, 0)
    assert entries(world, "signature:dropped") == 1


async def test_who_is_refused_does_not_wait_for_the_signatures_of_others(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world
    done: list[str] = []

    async def one(name: str, who: str) -> None:
        await sign(gate, world, who)
        done.append(name)

    async with gate_of(world) as (gate, _):
        monkeypatch.setattr(Signer, "seconds", 0.2)
        await asyncio.gather(one("signs", "dev"), one("is refused", "eve"))
    assert done == ["is refused", "signs"]


async def test_another_account_does_not_wait_for_a_keypair_that_does_not_exist_for_it(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world
    stranger = create_account(world.system, "Elsewhere", "eva@example.com")
    principal = Principal(account_id=stranger.account_id, user_id=stranger.user_id)
    started, make = Event(), Signer.sign

    def noted(self: Signer, key: SigningKey, message: SigningInput) -> bytes:
        started.set()
        return make(self, key, message)

    monkeypatch.setattr(Signer, "seconds", 0.02)
    monkeypatch.setattr(Signer, "sign", noted)
    many = [sign_request(world) for _ in range(2 * INITIAL_ADMISSION_LIMIT)]
    async with gate_of(world) as (gate, _):
        signing = asyncio.create_task(sign(gate, world, "dev", *many))
        await asyncio.to_thread(started.wait, WAIT_LIMIT_SECONDS)
        with pytest.raises(Refusal) as caught:
            async with asyncio.timeout(WAIT_LIMIT_SECONDS):
                await gate.sign(principal, world.things["vault"], [sign_request(world)])
        assert caught.value.code is Code.NOT_FOUND
        assert not signing.done()
        await signing


async def test_what_was_reserved_is_never_refused_for_want_of_a_place(open_world: World) -> None:
    """A place in the queue is asked for once, before anything is counted."""
    world = open_world
    batch = [sign_request(world) for _ in range(200)]
    async with gate_of(world, max_pending=2, threads=2) as (gate, _):
        outcomes = await sign(gate, world, "dev", *batch)
    codes = Counter(code_of(outcome) for outcome in outcomes)
    assert codes.keys() <= {None, Code.OVERLOADED}, "refused before, or made"
    assert codes[None] >= INITIAL_ADMISSION_LIMIT
    assert (counts(world), entries(world, "signature:dropped")) == ((codes[None], 0), 0)


@pytest.mark.long
async def test_a_slow_signer_has_no_more_reserved_than_it_can_make_in_time(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is all made, whoever asks for how much: a hundred a second, here."""
    world = open_world
    world.system = replace(world.system, clock=DatabaseClock(), reservation_seconds=6)
    _open_now(world)
    monkeypatch.setattr(Signer, "seconds", 0.02)
    most, watching = 0, True

    async def watch() -> None:
        nonlocal most
        while watching:
            await asyncio.to_thread(advance_due, world.system)
            most = max(most, counts(world)[1])
            await asyncio.sleep(0.02)

    async with gate_of(world, threads=2) as (gate, _):
        watcher = asyncio.create_task(watch())
        batches = [[sign_request(world) for _ in range(150)] for _ in range(3)]
        results = await asyncio.gather(*(sign(gate, world, "dev", *batch) for batch in batches))
        watching = False
        await watcher
    codes = {code_of(outcome) for outcomes in results for outcome in outcomes}
    assert codes == {None}
    assert counts(world) == (450, 0)
    assert most < 300, "the rest waited in line, where nothing is counted"


async def test_a_commit_that_was_not_answered_is_looked_up_and_not_called_a_failure(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world
    whole, broken = settling.transaction, []

    @contextmanager
    def breaking(*args: Any) -> Any:
        with whole(*args) as work:
            yield work
        if not broken:
            broken.append(1)
            raise OperationalError("COMMIT", {}, Exception(), connection_invalidated=True)

    monkeypatch.setattr(settling, "transaction", breaking)
    async with gate_of(world) as (gate, _):
        outcomes = await asyncio.gather(*(sign(gate, world) for _ in range(9)))
    assert [code_of(outcome) for (outcome,) in outcomes] == [None] * 9
    assert (counts(world), entries(world, "signature:made")) == ((9, 0), 9)


async def test_who_gives_up_in_line_uses_nothing(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, begun, may_go_on = open_world, asyncio.Event(), Event()
    decide_calls, loop = service_module.decide_calls, asyncio.get_running_loop()

    def slow(*args: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        may_go_on.wait()
        return decide_calls(*args)

    monkeypatch.setattr(service_module, "decide_calls", slow)
    async with gate_of(world) as (gate, _):
        first = asyncio.create_task(sign(gate, world))
        await begun.wait()
        later = [asyncio.create_task(sign(gate, world)) for _ in range(5)]
        await asyncio.sleep(0)
        for task in later[1:]:
            task.cancel()
        may_go_on.set()
        outcomes = await asyncio.gather(first, *later, return_exceptions=True)
    assert [isinstance(one, list) for one in outcomes] == [True, True, False, False, False, False]
    assert counts(world) == (2, 0)


async def test_the_same_key_twice_in_one_batch_is_one_signature(open_world: World) -> None:
    world = open_world
    twice = sign_request(world, idempotency_key="build 1")
    async with gate_of(world) as (gate, _):
        outcomes = await sign(gate, world, "dev", twice, twice)
        (again,) = await sign(gate, world, "dev", twice)
    ids = {outcome.signature_id for outcome in (*outcomes, again) if isinstance(outcome, Made)}
    assert (len(ids), counts(world)) == (1, (1, 0))


async def test_a_large_batch_for_nobody_is_refused_as_a_whole(open_world: World) -> None:
    world = open_world
    batch = [sign_request(world) for _ in range(200)]
    async with gate_of(world) as (gate, _):
        with pytest.raises(Refusal) as refused:
            await gate.sign(world.principal("dev"), world.account_id, batch)
        outcomes = await sign(gate, world, "eve", *batch)
    assert refused.value.code is Code.NOT_FOUND
    assert {outcome.refusal.code for outcome in outcomes if isinstance(outcome, Refused)} == {
        Code.KEYPAIR_NOT_ALLOWED
    }
    assert counts(world) == (0, 0)


def _open_now(world: World) -> None:
    """Its window is put around the real present."""
    with world.system.database.writing() as connection:
        now = world.system.clock.now(connection)
        hour = timedelta(hours=1)
        connection.execute(t.releases.update().values(starts_at=now - hour, ends_at=now + hour))
        connection.commit()
