"""What the dashboard keeps in memory while events arrive, in Chromium, with 10,000 releases."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from api.demo.environment import DemoEnvironment, stage
from api.graphql.ids import from_global, to_global
from benchmarks.comparison import Comparison, Goal
from benchmarks.data.synthetic_data import SyntheticData, insert
from engine.persistence.db.database import normal_url
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState
from tests.support.chromium import CHROMIUM
from tests.support.node import run_node

RELEASES = 10_000
INSERT_ATTEMPTS = 20
#: Minutes of events for each round that is asked for: the usual five take ten minutes.
MINUTES_A_ROUND = 2
DANA = "dana@example.com"
#: What is counted: name, unit, and how many of what was measured are one of the unit.
COUNTS = (("heapBytes", "MiB", 2**20), ("nodes", "DOM nodes", 1), ("listeners", "listeners", 1))
GOAL = Goal(1.1, "at most")
CREATE = """
mutation ($input: CreateReleaseInput!) {
  result: createRelease(input: $input) { release { id } errors { message } }
}
"""
CLOSE = """
mutation ($input: CloseReleaseInput!) {
  result: closeRelease(input: $input) { release { id } errors { message } }
}
"""


def run(rounds: int) -> Iterator[Comparison]:
    """Compare each page in the last third of the minutes with its first third."""
    if CHROMIUM is None:
        print("dashboard: Chromium is not installed")
        return
    with stage() as demo:
        _fill(demo)
        tokens = json.dumps(demo.cast.tokens)
        minutes = str(rounds * MINUTES_A_ROUND)
        arguments = (CHROMIUM, demo.url, demo.mailbox_url, tokens, minutes)
        measured = json.loads(run_node("dashboard-memory.mjs", *arguments))
    yield from _rows(measured)


def _rows(measured: dict[str, Any]) -> Iterator[Comparison]:
    series = measured["series"]
    third = max(1, len(series) // 3)
    note = f"{measured['signatures']} signatures and {measured['releases']} releases meanwhile"
    for page in series[0]:
        for name, unit, size in COUNTS:
            figures = [minute[page][name] / size for minute in series]
            yield Comparison(
                title=f"dashboard, {page}, by the minute",
                unit=unit,
                ours=figures[-third:],
                other="its first minutes",
                theirs=figures[:third],
                goal=GOAL,
                note=note,
            )


def _fill(demo: DemoEnvironment) -> None:
    """Write the releases before those of the run: copies of one that Dana requests and closes."""
    now = datetime.now(UTC)
    created = _command(
        demo,
        CREATE,
        name="Earlier",
        type="ONLINE",
        teamId=to_global("Team", demo.cast.team_id),
        keypairIds=[to_global("Keypair", demo.cast.keypairs["falcon-nightly"])],
        startsAt=now.isoformat(),
        endsAt=(now + timedelta(hours=1)).isoformat(),
        maxSignatures=1,
    )
    _command(demo, CLOSE, id=created)
    model = from_global(created, "Release")
    copies = SyntheticData(model=model, number=RELEASES, minutes_apart=-5)
    url = f"sqlite:///{demo.folder / 'countersign.db'}"
    _await_mails(url)
    for attempt in Retrying(
        retry=retry_if_exception_type(OperationalError),  # the server wrote in between
        stop=stop_after_attempt(INSERT_ATTEMPTS),
        reraise=True,
    ):
        with attempt:
            insert(url, copies)


def _await_mails(url: str) -> None:
    """Wait until the model's mails are sent, whose copies would be sent as well."""
    engine = sa.create_engine(normal_url(url))
    open_deliveries = sa.select(sa.func.count()).where(deliveries.c.state == DeliveryState.QUEUED)
    with engine.connect() as connection:
        while connection.execute(open_deliveries).scalar_one():
            connection.rollback()
            time.sleep(0.2)
    engine.dispose()


def _command(demo: DemoEnvironment, mutation: str, **values: Any) -> str:
    """Run a mutation as Dana; returns the id of its release."""
    answer = httpx2.post(
        f"{demo.url}/graphql",
        json={"query": mutation, "variables": {"input": values}},
        headers={"Authorization": f"Bearer {demo.cast.tokens[DANA]}"},
        trust_env=False,
    ).json()
    result = answer["data"]["result"]
    assert result["errors"] == [], result
    return str(result["release"]["id"])
