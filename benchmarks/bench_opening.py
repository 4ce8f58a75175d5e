"""Windows that open in the same second: who sees it how soon, and how soon the mails are sent."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import sqlalchemy as sa
from sqlalchemy import Engine

from benchmarks import crowd, servers
from benchmarks.comparing import Comparison, Goal
from benchmarks.databases import BACKENDS, empty_database
from benchmarks.following import following, openings
from benchmarks.people import approved_in_teams, new_account, token_of
from engine.persistence import tables as t
from engine.persistence.database import normal_url
from engine.vocabulary import Status
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState, Kind

TEAMS = 20
#: Windows, and under how many seconds 99 of 100 are to be seen open.
SIZES = {1_000: 1.0, 10_000: 5.0}
#: Seconds until the windows open, once they are all written.
AHEAD = 4
#: Three mails a window: for more than this it is not waited until all are sent.
SENT_AT_MOST = 1_000
HOW = (
    "from starts_at, one `countersign serve`, a subscriber of releaseEvents and a mail server;"
    f" {TEAMS} teams, 3 mails a window"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Seconds since the windows' start."""
    for backend in BACKENDS:
        for number, limit in SIZES.items():
            figures = _measured(backend, number, rounds)
            for name, told in figures.items():
                aimed = Goal(ratio=limit, bound="under") if name == "seen, p99" else None
                title = f"{number:,} windows open, {backend}: {name}"
                note = HOW if name == "seen, p99" else ""
                yield Comparison(title=title, unit="s", ours=told, goal=aimed, note=note)


def _measured(backend: str, number: int, rounds: int) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = defaultdict(list)
    with empty_database(backend) as url, servers.sink() as port:
        token = _fill(url, number)
        windows = Windows(sa.create_engine(normal_url(url)), number)
        with servers.countersign(
            url, COUNTERSIGN_SMTP_URL=f"smtp://127.0.0.1:{port}?tls=none"
        ) as server:
            for turn in range(rounds + 1):
                told = asyncio.run(windows.opened(server.url, token))
                for name, seconds in told.items():
                    if turn:
                        figures[name].append(seconds)
    return figures


def _fill(url: str, number: int) -> str:
    """Approved releases; answers an administrator's token."""
    world = new_account(url, datetime.now(UTC))
    models = approved_in_teams(world, TEAMS)
    d = deliveries
    with world.system.database.writing() as connection:
        connection.execute(d.update().values(state=DeliveryState.SENT, settled_at=d.c.created_at))
        connection.commit()
    copies = number // TEAMS - 1
    crowd.insert(
        url,
        *(
            crowd.Crowd(model=model, number=copies, series=series, own_keypairs=True)
            for series, model in enumerate(models)
        ),
    )
    return token_of(world, "admin")


@dataclass(frozen=True, slots=True)
class Windows:
    """Approved releases whose windows can be put where they are wanted, again and again."""

    engine: Engine
    number: int

    async def opened(self, url: str, token: str) -> dict[str, float]:
        """Open them all at once; how long everything took."""
        async with following(url, token) as socket:
            start = datetime.now(UTC) + timedelta(seconds=AHEAD)
            self._put(start)
            late = start.timestamp() - time.time()
            assert late > 0, "the windows were not written in time"
            seen = [at - start.timestamp() for at in await openings(socket, self.number)]
        told = _percentiles("seen", seen)
        with_sent = self.number <= SENT_AT_MOST
        if with_sent:
            await self._until_sent()
        with self.engine.begin() as connection:
            d = deliveries.c
            rows = connection.execute(
                sa.select(d.created_at, d.settled_at).where(d.kind == Kind.OPENED)
            ).all()
        told |= _percentiles("mails queued", [(row[0] - start).total_seconds() for row in rows])
        if with_sent:
            told |= _percentiles("mails sent", [(row[1] - start).total_seconds() for row in rows])
        return told

    def _put(self, start: datetime) -> None:
        r = t.releases
        with self.engine.begin() as connection:
            connection.execute(deliveries.delete().where(deliveries.c.kind == Kind.OPENED))
            connection.execute(
                r.update().values(
                    status=Status.APPROVED,
                    status_since=r.c.created_at,
                    opened_at=None,
                    starts_at=start,
                    ends_at=start + timedelta(days=3),
                )
            )

    async def _until_sent(self) -> None:
        d = deliveries.c
        query = sa.select(sa.func.count()).where(d.state == DeliveryState.QUEUED)
        while True:
            with self.engine.begin() as connection:
                if not connection.execute(query).scalar_one():
                    return
            await asyncio.sleep(0.2)


def _percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100)
    return {f"{name}, p50": cuts[49], f"{name}, p99": cuts[98]}
