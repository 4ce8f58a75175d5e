"""A list of 50 releases over HTTP, against bare Strawberry from memory and against PostGraphile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from benchmarks.clients.graphql_http import RequestTemplate, rate
from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.data import synthetic_data
from benchmarks.data.people import new_account, token_of
from benchmarks.environment import servers
from benchmarks.environment.databases import BACKENDS, empty_database
from benchmarks.environment.production import production_runtime
from benchmarks.latency import latency_rows
from benchmarks.list_parts import TIMES, WHOLE, Parts, with_the_rest
from engine.model.principal import Principal

RELEASES = 50
CONNECTIONS = 6
SECONDS = 3.0
GOALS = {"SQLite": 2.5, "PostgreSQL": 2}
SCALARS = (
    "id name version note category type status startsAt endsAt maxSignatures signaturesUsed"
    " createdAt"
)
QUERY = f"""{{ releases(first: {RELEASES}) {{ edges {{ node {{ {SCALARS}
  team {{ id name }} keypairs {{ id alias }}
  approval {{ required decisions {{ verdict decidedAt approver {{ id name }} }} }}
}} }} }} }}"""
#: The same in PostGraphile's words.
TABLES = f"""{{ allReleases(first: {RELEASES}, orderBy: STARTS_AT_DESC) {{ edges {{ node {{
  {SCALARS} requiredApprovals
  teamByTeamId {{ id name }}
  releaseKeypairsByReleaseId {{ nodes {{ keypairByKeypairId {{ id alias }} }} }}
  decisionsByReleaseId {{ nodes {{ verdict decidedAt userByApproverId {{ id name }} }} }}
}} }} }} }}"""
FLOOR = "bare Strawberry from memory, without authorization"
HOW = (
    f"{RELEASES} releases of 12 scalars, team, 2 keypairs and 2 decisions each;"
    f" {CONNECTIONS} kept connections of one client for {SECONDS:g} s"
)
PARTS = (
    f"{TIMES} one after the other; all but the whole of it in one process, where nothing else runs"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Measure lists a second, the latency of one connection, and what the time goes into."""
    with ExitStack() as stack:
        floor = stack.enter_context(servers.bare_strawberry())
        sides, parts = {"floor": RequestTemplate(f"{floor.url}/graphql", QUERY)}, {}
        for backend in BACKENDS:
            url = stack.enter_context(empty_database(backend))
            principal, token = _fill(url)
            server = stack.enter_context(servers.countersign(url, "--no-worker"))
            sides[backend] = RequestTemplate(f"{server.url}/graphql", QUERY, token)
            runtime = stack.enter_context(production_runtime(url))
            parts[backend] = Parts(runtime, principal, sides[backend])
            if backend == "PostgreSQL":
                peer = stack.enter_context(servers.postgraphile(url))
                sides["PostGraphile"] = RequestTemplate(f"{peer.url}/graphql", TABLES)
        for question in sides.values():
            _check(question)
        rates = {
            name: partial(rate, [question], CONNECTIONS, SECONDS)
            for name, question in sides.items()
        }
        yield from _rates(by_turns(rounds, rates))
        for backend in BACKENDS:
            title, question = f"list, {backend}", sides[backend]
            yield from latency_rows(rounds, title, [question], {FLOOR: sides["floor"]})
            yield from _parts(backend, with_the_rest(by_turns(rounds, parts[backend].sides())))


def _rates(figures: dict[str, list[float]]) -> Iterator[Comparison]:
    for backend in BACKENDS:
        yield Comparison(
            title=f"list, {backend}",
            unit="lists/s",
            ours=figures[backend],
            other=FLOOR,
            theirs=figures["floor"],
            goal=Goal(GOALS[backend]),
            note=HOW,
        )
    yield Comparison(
        title="list, PostgreSQL, beside PostGraphile",
        unit="lists/s",
        ours=figures["PostgreSQL"],
        other="PostGraphile 5 on the same tables, without authorization",
        theirs=figures["PostGraphile"],
        goal=Goal(1),
        note=HOW,
    )


def _parts(backend: str, milliseconds: dict[str, list[float]]) -> Iterator[Comparison]:
    for name, spent in milliseconds.items():
        note = PARTS if name == WHOLE else ""
        yield Comparison(
            title=f"a list's time, {backend}: {name}", unit="ms", ours=spent, note=note
        )


def _fill(url: str) -> tuple[Principal, str]:
    """Write approved releases; return a user who sees them, and a token of that user."""
    world = new_account(url, datetime.now(UTC))
    keypairs = frozenset({world.things["vault"], world.things["spare"]})
    note = "The one that everybody waits for."
    model = world.approved(keypair_ids=keypairs, note=note)
    copies = synthetic_data.SyntheticData(
        model=model, number=RELEASES - 1, minutes_apart=1, own_keypairs=True
    )
    synthetic_data.insert(url, copies)
    return world.principal("dev"), token_of(world, "dev")


def _check(question: RequestTemplate) -> None:
    """Check that the answer is complete."""
    (releases,) = question.answer().values()
    assert len(releases["edges"]) == RELEASES
    for edge in releases["edges"]:
        node = str(edge["node"])
        assert node.count("'alias'") == node.count("'decidedAt'") == 2, node
