"""A list of 50 releases over HTTP, against bare Strawberry from memory and against PostGraphile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from benchmarks import crowd, servers
from benchmarks.asking import Question
from benchmarks.comparing import Comparison, Goal, by_turns
from benchmarks.databases import BACKENDS, empty_database
from benchmarks.people import new_account, token_of

RELEASES = 50
CONNECTIONS = 6
SECONDS = 3.0
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
HOW = (
    f"{RELEASES} releases of 12 scalars, team, 2 keypairs and 2 decisions each;"
    f" {CONNECTIONS} kept connections of one client for {SECONDS:g} s"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Lists a second."""
    with ExitStack() as stack:
        sides = {"floor": Question(_enter_floor(stack), QUERY)}
        for backend in BACKENDS:
            url = stack.enter_context(empty_database(backend))
            token = _fill(url)
            server = stack.enter_context(servers.countersign(url, "--no-worker"))
            sides[backend] = Question(f"{server.url}/graphql", QUERY, token)
            if backend == "PostgreSQL":
                peer = stack.enter_context(servers.postgraphile(url))
                sides["PostGraphile"] = Question(f"{peer.url}/graphql", TABLES)
        for question in sides.values():
            _check(question)
        rates = {
            name: partial(question.rate, CONNECTIONS, SECONDS) for name, question in sides.items()
        }
        figures = by_turns(rounds, rates)
    for backend in BACKENDS:
        yield Comparison(
            title=f"list, {backend}",
            unit="lists/s",
            ours=figures[backend],
            other="bare Strawberry from memory, without authorization",
            theirs=figures["floor"],
            goal=Goal(ratio=1.4),
            note=HOW,
        )
    yield Comparison(
        title="list, PostgreSQL, beside PostGraphile",
        unit="lists/s",
        ours=figures["PostgreSQL"],
        other="PostGraphile 5 on the same tables, without authorization",
        theirs=figures["PostGraphile"],
        note=HOW,
    )


def _enter_floor(stack: ExitStack) -> str:
    return f"{stack.enter_context(servers.bare_strawberry()).url}/graphql"


def _fill(url: str) -> str:
    """Approved releases; answers the token of one who sees them."""
    world = new_account(url, datetime.now(UTC))
    keypairs = frozenset({world.things["vault"], world.things["spare"]})
    note = "The one that everybody waits for."
    model = world.approved(keypair_ids=keypairs, note=note)
    copies = crowd.Crowd(model=model, number=RELEASES - 1, minutes_apart=1, own_keypairs=True)
    crowd.insert(url, copies)
    return token_of(world, "dev")


def _check(question: Question) -> None:
    """Everybody answers the whole of it."""
    (releases,) = question.answer().values()
    assert len(releases["edges"]) == RELEASES
    for edge in releases["edges"]:
        found = str(edge["node"])
        assert found.count("'alias'") == found.count("'decidedAt'") == 2, found
