"""Memory, and seconds until it serves: the default service against the floor of the list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial

from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.data.people import new_account
from benchmarks.environment import servers
from benchmarks.environment.databases import empty_database
from benchmarks.environment.processes import proportional_mib, resident_mib
from tests.support.running import Server

FLOOR = "bare Strawberry"
HOW = "one process on SQLite with its worker, against a schema of one query; before any request"
#: `serve --processes` of these two numbers differ by one process that serves.
FEWER, MORE = 2, 3
#: Until each of several processes has started, not only the first that answers.
SETTLE_SECONDS = 1.5
FURTHER_HOW = (
    f"`serve --processes {MORE}` less `--processes {FEWER}` by Linux's proportional set size, which"
    " counts what processes share once; before any request"
)
#: Rows: name, unit and goal.
FIGURES = (
    ("memory, RSS", "MiB", Goal(100, "at most", "figure")),
    ("start-up", "s", Goal(1, "at most", "figure")),
)
FURTHER_GOAL = Goal(45, "at most", "figure")
Serving = Callable[[], AbstractContextManager[Server]]


def run(rounds: int) -> Iterator[Comparison]:
    """Measure by turns, each time a new process."""
    with empty_database("SQLite") as url:
        new_account(url, datetime.now(UTC)).system.database.dispose()
        serving = partial(servers.countersign, url)
        figures = by_turns(
            rounds,
            {
                "ours": partial(_measure, serving),
                "floor": partial(_measure, servers.bare_strawberry),
            },
        )
        further = by_turns(rounds, {"ours": partial(_further_process, url)})["ours"]
    for place, (title, unit, goal) in enumerate(FIGURES):
        yield Comparison(
            title=title,
            unit=unit,
            ours=[figure[place] for figure in figures["ours"]],
            other=FLOOR,
            theirs=[figure[place] for figure in figures["floor"]],
            goal=goal,
            note=HOW,
        )
    yield Comparison(
        title="memory, a further process",
        unit="MiB",
        ours=further,
        goal=FURTHER_GOAL,
        note=FURTHER_HOW,
    )


def _measure(serving: Serving) -> tuple[float, float]:
    """Return MiB, and seconds from the command until it is ready."""
    began = time.perf_counter()
    with serving() as server:
        seconds = time.perf_counter() - began
        return resident_mib(server.process.pid), seconds


def _further_process(url: str) -> float:
    """Return how many MiB one more process adds to those that there are."""
    return _mib_of_processes(url, MORE) - _mib_of_processes(url, FEWER)


def _mib_of_processes(url: str, number: int) -> float:
    with servers.countersign(url, "--processes", str(number)) as server:
        time.sleep(SETTLE_SECONDS)
        return proportional_mib(server.process.pid)
