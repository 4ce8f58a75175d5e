"""What is asked most, of a small account and of one that has been used for years."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import cycle, islice
from random import Random

from benchmarks.clients.graphql_http import RequestTemplate, seconds
from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.data.history import HistoryQuestions, write_history
from benchmarks.environment import servers
from benchmarks.environment.databases import BACKENDS, empty_database

SIZES = (1_000, 20_000)
#: Takes some ten minutes and gigabytes more; asked for by this variable.
LARGEST_SIZE = 200_000
FULL = "COUNTERSIGN_BENCH_FULL"
TIMES = 40
#: Which release, keypair or page is asked for, as shares of the whole: for every size the same,
#: and others in every round.
SHARES = tuple(Random(6).random() for _ in range(240))
HOW = (
    f"{TIMES} one after the other over one connection, each of another release, keypair or page,"
    " in every size at the same shares of it; deep: in the oldest tenth; 10 signatures and 17"
    " ledger entries a release"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Measure milliseconds a question, the sizes by turns."""
    sizes = (*SIZES, LARGEST_SIZE) if os.environ.get(FULL) else SIZES
    for backend in BACKENDS:
        with ExitStack() as stack:
            questions = {size: _served(stack, backend, size) for size in sizes}
            for name in questions[sizes[0]]:
                sides = {
                    str(size): partial(_milliseconds, cycle(questions[size][name]))
                    for size in sizes
                }
                figures = by_turns(rounds, sides)
                for size in sizes[1:]:
                    yield Comparison(
                        title=f"{name} of {size:,} releases, {backend}",
                        unit="ms",
                        ours=figures[str(size)],
                        other=f"of {sizes[0]:,}",
                        theirs=figures[str(sizes[0])],
                        goal=Goal(1.1, "at most"),
                        note=HOW if name == "sign" else "",
                    )


def _served(stack: ExitStack, backend: str, size: int) -> dict[str, list[RequestTemplate]]:
    url = stack.enter_context(empty_database(backend))
    history = write_history(url, size)
    server = stack.enter_context(servers.countersign(url, "--no-worker"))
    questions = HistoryQuestions(history, f"{server.url}/graphql").by_name(SHARES)
    for same_kind in questions.values():
        _check(same_kind[0])
    return questions


def _check(question: RequestTemplate) -> None:
    """Check that it is answered, and not by a refusal or nothing."""
    (answer,) = question.answer().values()
    assert answer and not answer.get("errors"), answer


def _milliseconds(questions: Iterator[RequestTemplate]) -> float:
    return seconds(list(islice(questions, TIMES))) * 1000
