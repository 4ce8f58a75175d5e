"""Signing in the engine: against statements by hand, and against the floor of the same work."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from uuid import UUID

from benchmarks.comparison import Comparison, Goal, Run, by_turns
from benchmarks.data.signing_world import Signing, signing_world
from benchmarks.environment.databases import BACKENDS, databases, empty_database
from benchmarks.environment.production import event_loop, production_runtime
from benchmarks.floors.same_work.connect import group_commit
from benchmarks.floors.signature_check import check_counts, check_signatures
from benchmarks.floors.statements_by_hand import by_hand
from engine.model.algorithms import KeypairAlgorithm
from engine.signing.request import Made, SignRequest
from engine.signing.service import SigningService

SECONDS = 2.0
RELEASES = 100
FEW_CALLERS, MANY_CALLERS = 32, 128
#: Stretches of so many seconds in which it signs without a pause; the last are compared with the
#: first.
STRETCH_SECONDS, STRETCHES, COMPARED = 10.0, 7, 2
BY_HAND_HOW = (
    "ECDSA P-256; set up as a server is: ledger, outbox, webhooks and wake-ups included; theirs"
    " decides and signs nothing, one transaction for each signature: pgbench with as many clients,"
    " or sqlite3 in one thread"
)
SAME_WORK = "the floor of the same work"
SAME_WORK_HOW = (
    "theirs decides nothing; it writes the same rows, hash chain and ECDSA signatures, gathered by"
    " as many callers, set-based by the bare driver"
)

CPU_HOW = (
    "user and system time of this process, which depends less than a rate does on what else the"
    " machine does; PostgreSQL's own is not in it"
)


@dataclass(frozen=True, slots=True)
class Case:
    """How many sign at once, and in how many releases of one account."""

    callers: int
    releases: int
    #: By backend, the ratio to the statements by hand that is to be reached.
    goals: dict[str, float]

    def __str__(self) -> str:
        what = "hot release" if self.releases == 1 else f"{self.releases} releases"
        return f"{what}, {self.callers} callers"


CASES = (
    Case(FEW_CALLERS, 1, {"SQLite": 3.2, "PostgreSQL": 6}),
    Case(MANY_CALLERS, 1, {"SQLite": 4, "PostgreSQL": 8}),
    Case(FEW_CALLERS, RELEASES, {"SQLite": 2, "PostgreSQL": 2.3}),
)
SAME_WORK_GOAL = Goal(0.6)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of one side has measured."""

    #: Signatures a second.
    rate: float
    #: CPU time of this process for each signature.
    cpu_microseconds: float


#: By side, a sample of each counted round.
Samples = dict[str, list[Sample]]


def run(rounds: int) -> Iterator[Comparison]:
    """Measure signatures a second, and the CPU time of each."""
    for backend in BACKENDS:
        samples = _measure(backend, rounds)
        yield from (_beside_by_hand(case, backend, samples) for case in CASES)
        for case in CASES:
            if case.releases == 1:
                yield from _beside_same_work(case, backend, samples)
        yield _sustained(backend)


def _beside_by_hand(case: Case, backend: str, samples: Samples) -> Comparison:
    return Comparison(
        title=f"engine's sign, {case}, {backend}",
        unit="signatures/s",
        ours=[sample.rate for sample in samples[f"engine, {case}"]],
        other="the statements by hand",
        theirs=[sample.rate for sample in samples[f"by hand, {case}"]],
        goal=Goal(case.goals[backend]),
        note=BY_HAND_HOW if case == CASES[0] else "",
    )


def _beside_same_work(case: Case, backend: str, samples: Samples) -> Iterator[Comparison]:
    ours, theirs = samples[f"engine, {case}"], samples[f"same work, {case}"]
    yield Comparison(
        title=f"engine's sign, {case}, {backend}",
        unit="signatures/s",
        ours=[sample.rate for sample in ours],
        other=SAME_WORK,
        theirs=[sample.rate for sample in theirs],
        goal=SAME_WORK_GOAL,
        note=SAME_WORK_HOW if case == CASES[0] else "",
    )
    yield Comparison(
        title=f"engine's sign, {case}, {backend}: CPU a signature",
        unit="µs",
        ours=[sample.cpu_microseconds for sample in ours],
        other=SAME_WORK,
        theirs=[sample.cpu_microseconds for sample in theirs],
        note=CPU_HOW if case == CASES[0] else "",
    )


def _measure(backend: str, rounds: int) -> Samples:
    """Measure each side in a database of its own, and check at the end what they have stored."""
    with databases(backend) as new_database:
        url = new_database()
        signing = signing_world(url, KeypairAlgorithm.ECDSA_P256, RELEASES)
        urls = {side: new_database(url) for side in ("engine", "by hand", "same work")}
        with ExitStack() as stack:
            sides = _sides(stack, urls, signing)
            samples = by_turns(rounds, {name: partial(_sample, run) for name, run in sides.items()})
        assert check_signatures(urls["engine"], signing)
        assert check_signatures(urls["same work"], signing)
        assert check_counts(urls["by hand"], signing)
    return samples


def _sample(run: Run) -> Sample:
    began, cpu = time.perf_counter(), time.process_time()
    rate = run()
    signatures = rate * (time.perf_counter() - began)
    return Sample(rate, (time.process_time() - cpu) / signatures * 1e6)


def _sides(stack: ExitStack, urls: dict[str, str], signing: Signing) -> dict[str, Run]:
    """Return what measures the rate of each side in each case."""
    rate = _engine_rate(stack, urls["engine"])
    floor = group_commit(stack, urls["same work"], signing)
    sides: dict[str, Run] = {}
    for case in CASES:
        part = signing.hot if case.releases == 1 else signing
        sides[f"engine, {case}"] = partial(rate, part, case.callers, SECONDS)
        sides[f"by hand, {case}"] = partial(by_hand, urls["by hand"], part, case.callers, SECONDS)
        if case.releases == 1:
            sides[f"same work, {case}"] = partial(floor, case.callers, SECONDS)
    return sides


def _sustained(backend: str) -> Comparison:
    """Sign in tables that were empty a minute ago, neither analyzed nor vacuumed since."""
    with empty_database(backend) as url, ExitStack() as stack:
        signing = signing_world(url, KeypairAlgorithm.ECDSA_P256)
        rate = _engine_rate(stack, url)
        rates = [rate(signing, FEW_CALLERS, STRETCH_SECONDS) for _ in range(STRETCHES)]
    return Comparison(
        title=f"engine's sign, {FEW_CALLERS} callers, after"
        f" {STRETCH_SECONDS * STRETCHES:g} s, {backend}",
        unit="signatures/s",
        ours=rates[-COMPARED:],
        other=f"the first {STRETCH_SECONDS * COMPARED:g} s of them",
        theirs=rates[:COMPARED],
        goal=Goal(0.8),
    )


def _engine_rate(stack: ExitStack, url: str) -> Callable[[Signing, int, float], float]:
    """Start an engine with the loop of a server; return what measures its signatures a second."""
    runtime = stack.enter_context(production_runtime(url))
    loop = stack.enter_context(event_loop())

    def rate(signing: Signing, callers: int, seconds: float) -> float:
        return loop.run(_rate(runtime.gate, signing, callers, seconds))

    return rate


async def _rate(service: SigningService, signing: Signing, callers: int, seconds: float) -> float:
    """Sign with so many callers, one signature a call, each with every keypair in turn."""
    began = time.perf_counter()

    async def call(number: int) -> int:
        signatures = 0
        for keypair_id in cycle(_from_place(signing.keypair_ids, number, callers)):
            if time.perf_counter() >= began + seconds:
                break
            request = SignRequest(keypair_id=keypair_id, digest=os.urandom(32))
            (outcome,) = await service.sign(signing.principal, keypair_id, [request])
            assert isinstance(outcome, Made), outcome
            signatures += 1
        return signatures

    numbers = await asyncio.gather(*(call(number) for number in range(callers)))
    return sum(numbers) / (time.perf_counter() - began)


def _from_place(items: Sequence[UUID], number: int, callers: int) -> list[UUID]:
    first = number * len(items) // callers
    return [*items[first:], *items[:first]]
