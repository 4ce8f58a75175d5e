"""The least that an authenticated request asks, against the least of bare Strawberry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from benchmarks.clients.graphql_http import RequestTemplate, load, walks
from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.data.people import new_account, token_of
from benchmarks.environment import servers
from benchmarks.environment.databases import BACKENDS, empty_database
from benchmarks.environment.processes import cpu_seconds
from benchmarks.latency import latency_rows
from tests.support.running import Server

CONNECTIONS = 6
SECONDS = 3.0
VIEWER = "{ viewer { user { id } } }"
TYPENAME = "{ __typename }"
FLOOR = f"bare Strawberry, {TYPENAME}"
GOAL = Goal(4, "at most")
HOW = (
    f"user and system time of the server's process, {CONNECTIONS} kept connections for"
    f" {SECONDS:g} s; PostgreSQL's own is not in it"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Measure microseconds of CPU time a request, and the latency of one connection."""
    for backend in BACKENDS:
        with ExitStack() as stack:
            url = stack.enter_context(empty_database(backend))
            world = new_account(url, datetime.now(UTC))
            token = token_of(world, "dev")
            world.system.database.dispose()
            server = stack.enter_context(servers.countersign(url, "--no-worker"))
            floor = stack.enter_context(servers.bare_strawberry())
            proof = b'"viewer":{"user":{"id":"'
            ours = RequestTemplate(f"{server.url}/graphql", VIEWER, token, proof=proof)
            theirs = RequestTemplate(f"{floor.url}/graphql", TYPENAME)
            sides = {
                "ours": partial(_cpu_microseconds, server, ours),
                "theirs": partial(_cpu_microseconds, floor, theirs),
            }
            figures = by_turns(rounds, sides)
            yield Comparison(
                title=f"{VIEWER}, CPU a request, {backend}",
                unit="µs",
                ours=figures["ours"],
                other=FLOOR,
                theirs=figures["theirs"],
                goal=GOAL,
                note=HOW,
            )
            yield from latency_rows(rounds, f"{VIEWER}, {backend}", [ours], {FLOOR: theirs})


def _cpu_microseconds(server: Server, question: RequestTemplate) -> float:
    before = cpu_seconds(server.process.pid)
    answers = load(walks([question], CONNECTIONS), SECONDS).answers
    return (cpu_seconds(server.process.pid) - before) / answers * 1e6
