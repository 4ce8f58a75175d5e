"""Signing in the engine: the hot release with 32 callers, and a batch of 1,000."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from benchmarks.baseline_sql import by_hand
from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.databases import BACKENDS, empty_database
from benchmarks.production import production_system
from benchmarks.signing_world import Signing, signing_world
from engine.concurrency.executor import Executor
from engine.model.algorithms import KeypairAlgorithm
from engine.signers.base import Signer, SigningInput, SigningKey
from engine.signers.local import LocalSigner
from engine.signing.request import Made, SignRequest
from engine.signing.service import SigningService
from engine.system import System

CALLERS = 32
SECONDS = 3.0
#: How long one signs without a pause: stretches of so many seconds, of which the first and the last
#: are compared.
STRETCH, STRETCHES, COMPARED = 10.0, 7, 2
HOW = "put together as a server is: ledger, outbox, webhooks and wake-ups included"


class _NoArithmetic(LocalSigner):
    """What signing costs around the key operation."""

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        return bytes(71)


def run(rounds: int) -> Iterator[Comparison]:
    """Signatures a second, against the statements by hand with one transaction for each."""
    for backend in BACKENDS:
        with empty_database(backend) as url:
            signing = signing_world(url, KeypairAlgorithm.ECDSA_P256)
            with production_system(url) as system:
                bare: dict[str, Signer] = {"local": _NoArithmetic.__new__(_NoArithmetic)}
                without = replace(system, signers=bare)
                sides: dict[str, Callable[[], float]] = {
                    "by hand": partial(by_hand, url, signing, CALLERS, SECONDS),
                    "ECDSA": partial(engine_rate, system, signing, CALLERS, SECONDS),
                    "no key": partial(engine_rate, without, signing, CALLERS, SECONDS),
                }
                figures = by_turns(rounds, sides)
        for side, told, goal in (
            ("ECDSA", "ECDSA P-256", Goal(ratio=4)),
            ("no key", "without the key operation", Goal(ratio=8)),
        ):
            yield Comparison(
                title=f"engine's sign, {CALLERS} callers, hot release, {backend}, {told}",
                unit="signatures/s",
                ours=figures[side],
                other="the statements by hand",
                theirs=figures["by hand"],
                goal=goal,
                note=HOW if side == "ECDSA" else "",
            )
        yield _sustained(backend)


def _sustained(backend: str) -> Comparison:
    """A table that was empty a minute ago has neither been analyzed nor vacuumed since."""
    with empty_database(backend) as url:
        signing = signing_world(url, KeypairAlgorithm.ECDSA_P256)
        with production_system(url) as system:
            rates = [engine_rate(system, signing, CALLERS, STRETCH) for _ in range(STRETCHES)]
    return Comparison(
        title=f"engine's sign, {CALLERS} callers, after {STRETCH * STRETCHES:g} s, {backend}",
        unit="signatures/s",
        ours=rates[-COMPARED:],
        other=f"the first {STRETCH * COMPARED:g} s of them",
        theirs=rates[:COMPARED],
        goal=Goal(ratio=0.8),
    )


def engine_rate(system: System, signing: Signing, callers: int, seconds: float) -> float:
    """Signatures a second of so many callers, one signature a call."""
    return asyncio.run(_rate(system, signing, callers, seconds))


async def _rate(system: System, signing: Signing, callers: int, seconds: float) -> float:
    executor = Executor(system.database)
    gate, keypair_id = SigningService(system, executor), signing.keypair_ids[0]
    began = time.perf_counter()

    async def call() -> int:
        made = 0
        while time.perf_counter() < began + seconds:
            request = SignRequest(keypair_id=keypair_id, digest=os.urandom(32))
            (outcome,) = await gate.sign(signing.principal, keypair_id, [request])
            assert isinstance(outcome, Made), outcome
            made += 1
        return made

    made = sum(await asyncio.gather(*(call() for _ in range(callers))))
    taken = time.perf_counter() - began
    executor.shutdown()
    return made / taken
