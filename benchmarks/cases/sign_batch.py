"""Batches of signatures over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.clients.graphql_http import rate
from benchmarks.clients.sign_requests import batch_request
from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.data.signing_world import signing_world
from benchmarks.environment import servers
from benchmarks.environment.databases import BACKENDS, empty_database
from engine.model.algorithms import KeypairAlgorithm

BATCH = 1000
SECONDS = 3.0
GOALS = {"SQLite": 8500, "PostgreSQL": 6500}
HOW = f"one connection that sends one batch after the other for {SECONDS:g} s"


def run(rounds: int) -> Iterator[Comparison]:
    """Measure signatures a second."""
    for backend in BACKENDS:
        with empty_database(backend) as url:
            signing = signing_world(url, KeypairAlgorithm.ED25519)
            with servers.countersign(url) as server:
                question = batch_request(signing, server.url, BATCH)
                answer = question.answer()["signBatch"]
                assert all(outcome["signature"]["value"] for outcome in answer["outcomes"]), answer
                batches = by_turns(rounds, {"ours": partial(rate, [question], 1, SECONDS)})
        yield Comparison(
            title=f"signBatch of {BATCH} Ed25519 over HTTP, {backend}",
            unit="signatures/s",
            ours=[figure * BATCH for figure in batches["ours"]],
            goal=Goal(GOALS[backend], of="figure"),
            note=HOW,
        )
