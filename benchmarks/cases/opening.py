"""Windows that open in the same second: who sees it how soon, and how soon the mails are sent."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import uvloop
from sqlalchemy import Engine

from benchmarks.clients.graphql_subscription import following, openings
from benchmarks.comparison import Comparison, Goal
from benchmarks.data import synthetic_data
from benchmarks.data.people import approved_in_teams, new_account, token_of
from benchmarks.environment import servers, smtp_sink
from benchmarks.environment.databases import BACKENDS, empty_database
from benchmarks.floors.mail_loop import CONNECTIONS, hand_in
from benchmarks.latency import PERCENTILES, percentiles
from engine.model.vocabulary import Status
from engine.persistence.db.database import normal_url
from engine.persistence.store import tables as t
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState, MessageKind

TEAMS = 20
SIZES = (1_000, 10_000)
SEEN = "seen, p99"
#: Counted rounds at most, where each takes minutes.
ROUNDS = {10_000: 2}
#: Seconds until the windows open, once they are all written.
AHEAD = 4
MAILS = 3
#: Seconds between two looks at how many mails are queued.
LOOK = 0.05
SENDER = "countersign@example.com"
SENT, LOOPED = "mails sent", "mails sent by a loop"
#: The loop's figure beside one of ours.
LOOP = {f"{SENT}, {place}": f"{LOOPED}, {place}" for place in PERCENTILES}
#: By number of windows, backend and figure.
GOALS = {
    (1_000, "SQLite", SEEN): Goal(1, "at most", "figure"),
    (1_000, "PostgreSQL", SEEN): Goal(1, "at most", "figure"),
    (10_000, "SQLite", SEEN): Goal(4, "at most", "figure"),
    (10_000, "PostgreSQL", SEEN): Goal(5, "at most", "figure"),
    (1_000, "SQLite", f"{SENT}, p99"): Goal(2.5, "at most"),
    (1_000, "PostgreSQL", f"{SENT}, p99"): Goal(2.5, "at most"),
}
HOW = (
    "from starts_at, one `countersign serve`, a subscriber of releaseEvents and a mail server;"
    f" {TEAMS} teams, {MAILS} mails a window; queued: when another connection to the database sees"
    f" them, which looks every {LOOK:g} s; sent: when the mail server has taken them; theirs: as"
    f" many ready-made mails over {CONNECTIONS} connections, from the start of the loop"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Measure seconds since the windows' start."""
    for backend in BACKENDS:
        for number in SIZES:
            figures = _measured(backend, number, min(rounds, ROUNDS.get(number, rounds)))
            for name, ours in figures.items():
                if name in LOOP.values():
                    continue
                loop = LOOP.get(name)
                yield Comparison(
                    title=f"{number:,} windows open, {backend}: {name}",
                    unit="s",
                    ours=ours,
                    other=f"a loop of {CONNECTIONS} aiosmtplib connections" if loop else None,
                    theirs=figures[loop] if loop else [],
                    goal=GOALS.get((number, backend, name)),
                    note=HOW if name == SEEN else "",
                )


def _measured(backend: str, number: int, rounds: int) -> dict[str, list[float]]:
    """Measure the windows and the loop by turns."""
    figures: dict[str, list[float]] = defaultdict(list)
    with (
        empty_database(backend) as url,
        tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder,
        servers.sink(Path(folder)) as port,
    ):
        token = _fill(url, number)
        windows = Windows(sa.create_engine(normal_url(url)), number, Mailbox(Path(folder), port))
        smtp = f"smtp://127.0.0.1:{port}?tls=none"
        with servers.countersign(url, COUNTERSIGN_SMTP_URL=smtp) as server:
            for turn in range(rounds + 1):
                seconds = asyncio.run(windows.opened(server.url, token))
                seconds |= windows.mailbox.looped(number * MAILS)
                for name, value in seconds.items():
                    if turn:
                        figures[name].append(value)
    return figures


def _fill(url: str, number: int) -> str:
    """Write approved releases; return an administrator's token."""
    world = new_account(url, datetime.now(UTC))
    models, token = approved_in_teams(world, TEAMS), token_of(world, "admin")
    d = deliveries
    with world.system.database.writing() as connection:
        connection.execute(d.update().values(state=DeliveryState.SENT, settled_at=d.c.created_at))
        connection.commit()
    copies = number // TEAMS - 1
    synthetic_data.insert(
        url,
        *(
            synthetic_data.SyntheticData(
                model=model, number=copies, series=series, own_keypairs=True
            )
            for series, model in enumerate(models)
        ),
    )
    return token


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mails that the mail server has received."""

    folder: Path
    port: int

    def empty(self) -> None:
        """Forget the mails of the round before."""
        os.truncate(self.folder / smtp_sink.ARRIVALS, 0)

    def delays(self, mails: int, began: float) -> list[float]:
        """Return the seconds until each of so many mails was received."""
        arrivals = smtp_sink.arrivals(self.folder)
        assert len(arrivals) == mails, f"{len(arrivals)} mails were received, not {mails}"
        return [instant - began for instant in arrivals]

    def looped(self, mails: int) -> dict[str, float]:
        """Send as many mails like the first one without Countersign; return the percentiles."""
        self.empty()
        mail = (self.folder / smtp_sink.FIRST).read_bytes()
        began = time.time()
        uvloop.run(hand_in(self.port, SENDER, [("ann@example.com", mail)] * mails))
        return _percentiles(LOOPED, self.delays(mails, began))


@dataclass(frozen=True, slots=True)
class Windows:
    """Approved releases whose windows can be moved, again and again."""

    engine: Engine
    number: int
    mailbox: Mailbox

    async def opened(self, url: str, token: str) -> dict[str, float]:
        """Open them all at once; return the percentiles of how long everything took."""
        self._clear()
        async with following(url, token) as socket:
            start = datetime.now(UTC) + timedelta(seconds=AHEAD)
            self._put(start)
            began = start.timestamp()
            assert began > time.time(), "the windows were not written in time"
            queued = asyncio.create_task(asyncio.to_thread(self._queued, began))
            seen = [at - began for at in await openings(socket, self.number)]
        delays = _percentiles("seen", seen) | _percentiles("mails queued", await queued)
        await self._until_settled()
        return delays | _percentiles(SENT, self.mailbox.delays(self.number * MAILS, began))

    def _clear(self) -> None:
        """Delete what is left of the round before."""
        self.mailbox.empty()
        with self.engine.begin() as connection:
            connection.execute(deliveries.delete().where(deliveries.c.kind == MessageKind.OPENED))

    def _put(self, start: datetime) -> None:
        r = t.releases
        with self.engine.begin() as connection:
            connection.execute(
                r.update().values(
                    status=Status.APPROVED,
                    status_since=r.c.created_at,
                    opened_at=None,
                    starts_at=start,
                    ends_at=start + timedelta(days=3),
                )
            )

    def _queued(self, began: float) -> list[float]:
        """Seconds from then until each mail is committed: a row's own instant is before that."""
        counting = sa.select(sa.func.count()).where(deliveries.c.kind == MessageKind.OPENED)
        seen: list[float] = []
        while len(seen) < self.number * MAILS:
            with self.engine.connect() as connection:
                count = connection.execute(counting).scalar_one()
            seen += [time.time() - began] * (count - len(seen))
            time.sleep(LOOK)
        return seen

    async def _until_settled(self) -> None:
        d = deliveries.c
        query = sa.select(sa.func.count()).where(d.state == DeliveryState.QUEUED)
        while True:
            with self.engine.begin() as connection:
                if not connection.execute(query).scalar_one():
                    return
            await asyncio.sleep(0.2)


def _percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    return {f"{name}, {place}": value for place, value in percentiles(seconds).items()}
