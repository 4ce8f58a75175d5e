"""What is asked most, of a small account and of one that has been used for years."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from benchmarks import servers
from benchmarks.asking import Question
from benchmarks.comparing import Comparison, Goal, by_turns
from benchmarks.databases import BACKENDS, empty_database
from benchmarks.history import questions, write_history

SIZES = (1_000, 20_000)
#: Takes some ten minutes and gigabytes more; asked for by this variable.
LARGEST = 200_000
FULL = "COUNTERSIGN_BENCH_FULL"
TIMES = 40
HOW = "one after the other over one connection; 10 signatures and 17 ledger entries a release"


def run(rounds: int) -> Iterator[Comparison]:
    """Milliseconds a question, the sizes by turns."""
    sizes = (*SIZES, LARGEST) if os.environ.get(FULL) else SIZES
    for backend in BACKENDS:
        with ExitStack() as stack:
            asked = {size: _served(stack, backend, size) for size in sizes}
            for name in asked[sizes[0]]:
                sides = {str(size): partial(_milliseconds, asked[size][name]) for size in sizes}
                figures = by_turns(rounds, sides)
                for size in sizes[1:]:
                    yield Comparison(
                        title=f"{name} of {size:,} releases, {backend}",
                        unit="ms",
                        ours=figures[str(size)],
                        other=f"of {sizes[0]:,}",
                        theirs=figures[str(sizes[0])],
                        goal=Goal(ratio=1.3, bound="under"),
                        note=HOW if name == "sign" else "",
                    )


def _served(stack: ExitStack, backend: str, size: int) -> dict[str, Question]:
    url = stack.enter_context(empty_database(backend))
    history = write_history(url, size)
    server = stack.enter_context(servers.countersign(url, "--no-worker"))
    asked = questions(history, f"{server.url}/graphql")
    for question in asked.values():
        question.answer()
    return asked


def _milliseconds(question: Question) -> float:
    return question.seconds(TIMES) * 1000
