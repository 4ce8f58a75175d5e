"""One approval job, through Countersign's engine and through other people's products."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from benchmarks.comparison import Comparison, Goal, Run, by_turns
from benchmarks.data.people import approve, new_account
from benchmarks.environment.databases import BACKENDS, databases
from benchmarks.environment.production import production_system
from benchmarks.peers import python
from engine.commands.releases.withdraw_release import WithdrawRelease
from tests.support.world import World

JOBS = 100
#: Each with its script, and how much quicker Countersign is to be.
PEERS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "django-viewflow": ("viewflow_flow.py", {"SQLite": 3.5, "PostgreSQL": 2.2}),
    "DBOS": ("dbos_workflow.py", {"SQLite": 3, "PostgreSQL": 3}),
    "SpiffWorkflow, saved as JSON": ("spiff_bpmn.py", {"SQLite": 1, "PostgreSQL": 1}),
    "django-fsm-2": ("django_fsm_model.py", {"SQLite": 1, "PostgreSQL": 1}),
    "SQLAlchemy Core by hand": ("sqlalchemy_core.py", {}),
}
HOW = (
    f"requested, approved by two, 5 mails queued; {JOBS} jobs one after the other (DBOS on"
    " PostgreSQL: 8 at once, which is quicker); ours as a server has it, with permissions, rules,"
    " ledger, links, webhooks, wake-ups and the database's clock"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Jobs a second, on both databases."""
    for backend in BACKENDS:
        with databases(backend) as new_database:
            url = new_database()
            world = new_account(url, datetime.now(UTC))
            with production_system(url) as world.system:
                sides: dict[str, Run] = {"Countersign": partial(_ours, world)}
                for name, (script, _) in PEERS.items():
                    sides[name] = partial(_theirs, script, new_database)
                figures = by_turns(rounds, sides)
        first = next(iter(PEERS))
        for name, (_, goals) in PEERS.items():
            yield Comparison(
                title=f"approval job, {backend}",
                unit="jobs/s",
                ours=figures["Countersign"],
                other=name,
                theirs=figures[name],
                goal=Goal(goals[backend]) if goals else None,
                note=HOW if name == first else "",
            )


def _ours(world: World) -> float:
    seconds = 0.0
    for number in range(JOBS):
        began = time.perf_counter()
        release_id = world.request(name=f"Falcon 1.{number}")
        approve(world, release_id, "ann", "bob")
        seconds += time.perf_counter() - began
        # It gives back its name and its keypair, for the next.
        world.do("dev", WithdrawRelease(release_id=release_id))
    return JOBS / seconds


def _theirs(script: str, new_database: Callable[[], str]) -> float:
    return float(python.run(f"approval/{script}", new_database(), str(JOBS)))
