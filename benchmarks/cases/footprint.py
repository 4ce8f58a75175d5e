"""Memory, and seconds until it serves: the default service against the floor of the list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.comparison import Comparison
from benchmarks.data.people import new_account
from benchmarks.environment import servers
from benchmarks.environment.databases import empty_database
from tests.support.running import Server

FLOOR = "bare Strawberry"
HOW = "one process on SQLite with its worker, against a schema of one query; before any request"
Serving = Callable[[], AbstractContextManager[Server]]


def run(rounds: int) -> Iterator[Comparison]:
    """By turns, each in a new process."""
    with empty_database("SQLite") as url:
        new_account(url, datetime.now(UTC)).system.database.dispose()
        sides: dict[str, Serving] = {
            "Countersign": partial(servers.countersign, url),
            FLOOR: servers.bare_strawberry,
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for number in range(rounds + 1):
            for name, serving in sides.items():
                figures = _measured(serving)
                if number:
                    found[name].append(figures)
    for place, (title, unit) in enumerate((("memory, RSS", "MiB"), ("start-up", "s"))):
        yield Comparison(
            title=title,
            unit=unit,
            ours=[figures[place] for figures in found["Countersign"]],
            other=FLOOR,
            theirs=[figures[place] for figures in found[FLOOR]],
            note=HOW,
        )


def _measured(serving: Serving) -> tuple[float, float]:
    """MiB, and seconds from the command until it is ready."""
    began = time.perf_counter()
    with serving() as server:
        seconds = time.perf_counter() - began
        return _resident(server.process.pid), seconds


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024
