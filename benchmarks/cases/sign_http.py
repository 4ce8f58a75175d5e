"""Signing over HTTP, one by one, against bare Strawberry that answers a constant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from benchmarks.clients.graphql_http import rate
from benchmarks.clients.sign_requests import FLOOR, sign_requests
from benchmarks.comparison import Comparison, Goal, Run, by_turns
from benchmarks.data.signing_world import Signing, signing_world
from benchmarks.environment import servers
from benchmarks.environment.databases import BACKENDS, empty_database
from benchmarks.floors.signature_check import check_signatures
from benchmarks.latency import latency_rows
from engine.model.algorithms import KeypairAlgorithm

SECONDS = 2.0
RELEASES = 100
FEW_CONNECTIONS, MANY_CONNECTIONS = 32, 128
#: Processes over one database.
MAX_PROCESSES = 2
HOW = (
    f"kept connections of one client for {SECONDS:g} s, each walks through the releases, all of"
    " one account; with two processes half of them ask each, of the floor's too"
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is signed in, by how many processes, and for how many connections."""

    releases: int
    processes: int = 1
    connections: int = FEW_CONNECTIONS
    #: By backend. Processes of the floor share nothing, Countersign's an account: no goal.
    goals: tuple[tuple[str, Goal], ...] = ()

    def __str__(self) -> str:
        what = "a hot release" if self.releases == 1 else f"{self.releases} releases"
        processes = "" if self.processes == 1 else f", {self.processes} processes"
        return f"{what}, {self.connections} connections{processes}"

    @property
    def floor(self) -> str:
        """The side that it is compared with."""
        return f"{FLOOR}, {self.connections} connections, {self.processes} processes"


CASES = (
    Case(1, goals=(("SQLite", Goal(0.85)), ("PostgreSQL", Goal(0.6)))),
    Case(1, connections=MANY_CONNECTIONS),
    Case(RELEASES, goals=(("SQLite", Goal(0.65)), ("PostgreSQL", Goal(0.4)))),
    Case(1, processes=2),
    Case(RELEASES, processes=2),
)


def run(rounds: int) -> Iterator[Comparison]:
    """Measure signatures a second, and the latency of one connection."""
    for backend in BACKENDS:
        with ExitStack() as stack:
            url = stack.enter_context(empty_database(backend))
            signing = signing_world(url, KeypairAlgorithm.ECDSA_P256, RELEASES)
            ours = _start(stack, url)
            floors = [
                stack.enter_context(servers.bare_strawberry("bare_sign")).url
                for _ in range(MAX_PROCESSES)
            ]
            figures = by_turns(rounds, _sides(signing, ours, floors))
            yield from (_row(case, backend, figures) for case in CASES)
            yield from latency_rows(
                rounds,
                f"sign over HTTP, {backend}",
                sign_requests(signing.hot, ours[:1]),
                {FLOOR: sign_requests(signing.hot, floors[:1])[0]},
            )
            assert check_signatures(url, signing)


def _start(stack: ExitStack, url: str) -> list[str]:
    return [stack.enter_context(servers.countersign(url)).url for _ in range(MAX_PROCESSES)]


def _sides(signing: Signing, ours: list[str], floors: list[str]) -> dict[str, Run]:
    """Each case, and the floor with as many processes and connections."""
    sides: dict[str, Run] = {}
    for case in CASES:
        part = signing.hot if case.releases == 1 else signing
        questions = sign_requests(part, ours[: case.processes])
        sides[str(case)] = partial(rate, questions, case.connections, SECONDS)
        constant = sign_requests(signing.hot, floors[: case.processes])
        sides[case.floor] = partial(rate, constant, case.connections, SECONDS)
    return sides


def _row(case: Case, backend: str, figures: dict[str, list[float]]) -> Comparison:
    return Comparison(
        title=f"sign over HTTP, {case}, {backend}",
        unit="signatures/s",
        ours=figures[str(case)],
        other=FLOOR if case.processes == 1 else f"{FLOOR}, {case.processes} processes",
        theirs=figures[case.floor],
        goal=dict(case.goals).get(backend),
        note=HOW if case == CASES[0] else "",
    )
