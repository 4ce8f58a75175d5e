"""Signing over HTTP: one by one against bare Strawberry that answers a constant; and batches."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from api.graphql.ids import to_global
from benchmarks.clients.graphql_http import RequestTemplate, rate
from benchmarks.comparison import Comparison, Goal, Run, by_turns
from benchmarks.data.signing_world import Signing, signing_world
from benchmarks.environment import servers
from benchmarks.environment.databases import BACKENDS, empty_database
from engine.model.algorithms import KeypairAlgorithm

CONNECTIONS = 32
SECONDS = 3.0
RELEASES = 100
BATCH = 1000
BATCH_GOALS = {"SQLite": 8500, "PostgreSQL": 6500}
SIGN = """mutation ($input: SignInput!) { sign(input: $input) {
  signature { id value } errors { code } } }"""
SIGN_BATCH = """mutation ($input: SignBatchInput!) { signBatch(input: $input) {
  outcomes { signature { value } } errors { code } } }"""


#: Processes over one database.
PROCESSES = (1, 2)
FLOOR = "bare Strawberry answering a constant"
HOW = (
    f"{CONNECTIONS} kept connections of one client for {SECONDS:g} s, each walks through the"
    " releases; with two processes half of them ask each, of the floor's too"
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is signed in, and by how many processes."""

    releases: int
    processes: int

    def __str__(self) -> str:
        what = "a hot release" if self.releases == 1 else f"{self.releases} releases"
        return what if self.processes == 1 else f"{what}, {self.processes} processes"


CASES = [Case(releases, processes) for processes in PROCESSES for releases in (1, RELEASES)]


def run(rounds: int) -> Iterator[Comparison]:
    """Signatures a second."""
    for backend in BACKENDS:
        yield from _one_by_one(backend, rounds)
        yield _batches(backend, rounds)


def _one_by_one(backend: str, rounds: int) -> Iterator[Comparison]:
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(backend))
        signing = signing_world(url, KeypairAlgorithm.ECDSA_P256, RELEASES)
        figures = by_turns(rounds, _sides(stack, url, signing))
    for case in CASES:
        # Processes of the floor share nothing, ours a release's row: the goal is for one.
        yield Comparison(
            title=f"sign over HTTP, {case}, {backend}",
            unit="signatures/s",
            ours=figures[str(case)],
            other=FLOOR if case.processes == 1 else f"{FLOOR}, {case.processes} processes",
            theirs=figures[f"{FLOOR} {case.processes}"],
            goal=Goal(0.6) if case.processes == 1 else None,
            note=HOW if case == CASES[0] else "",
        )


def _sides(stack: ExitStack, url: str, signing: Signing) -> dict[str, Run]:
    """Countersign in every case, and the floor with as many processes."""
    ours = [stack.enter_context(servers.countersign(url)).url for _ in range(max(PROCESSES))]
    floors = [
        stack.enter_context(servers.bare_strawberry("bare_sign")).url for _ in range(max(PROCESSES))
    ]
    asked = {str(case): _questions(_part(signing, case), ours[: case.processes]) for case in CASES}
    asked |= {f"{FLOOR} {n}": _questions(signing.hot, floors[:n]) for n in PROCESSES}
    _check(asked)
    return {
        name: partial(rate, questions, CONNECTIONS, SECONDS) for name, questions in asked.items()
    }


def _part(signing: Signing, case: Case) -> Signing:
    return signing.hot if case.releases == 1 else signing


def _check(asked: dict[str, list[RequestTemplate]]) -> None:
    """Everybody signs, or says so."""
    for questions in asked.values():
        for question in questions:
            answer = question.answer()["sign"]
            assert answer["signature"]["value"], answer


def _batches(backend: str, rounds: int) -> Comparison:
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(backend))
        signing = signing_world(url, KeypairAlgorithm.ED25519)
        server = stack.enter_context(servers.countersign(url))
        items = [{"digest": b64encode(os.urandom(32)).decode()} for _ in range(BATCH)]
        keypair = to_global("Keypair", signing.keypair_ids[0])
        asked = {"input": {"keypairId": keypair, "items": items}}
        question = RequestTemplate(f"{server.url}/graphql", SIGN_BATCH, signing.token, asked)
        answer = question.answer()["signBatch"]
        assert all(outcome["signature"]["value"] for outcome in answer["outcomes"]), answer
        figures = by_turns(rounds, {"ours": partial(question.rate, 1, SECONDS)})["ours"]
    return Comparison(
        title=f"signBatch of {BATCH} Ed25519 over HTTP, {backend}",
        unit="signatures/s",
        ours=[figure * BATCH for figure in figures],
        goal=Goal(BATCH_GOALS[backend], of="figure"),
    )


def _questions(signing: Signing, urls: list[str]) -> list[RequestTemplate]:
    """A signature with every keypair, of every server."""
    digest = b64encode(os.urandom(32)).decode()
    return [
        RequestTemplate(
            f"{url}/graphql",
            SIGN,
            signing.token,
            {"input": {"keypairId": to_global("Keypair", keypair_id), "digest": digest}},
        )
        for url in urls
        for keypair_id in signing.keypair_ids
    ]
