"""The relay empties an outbox, against a bare loop of connections that sends the same mails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import uvloop

from api.worker.build import PER_RECIPIENT
from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.data import synthetic_data
from benchmarks.data.people import LINK_KEY, approved_in_teams, new_account
from benchmarks.environment import servers
from benchmarks.environment.databases import BACKENDS, empty_database
from benchmarks.floors.mail_loop import CONNECTIONS, hand_in
from engine.concurrency.executor import Executor
from engine.persistence.db.clock import DatabaseClock
from engine.persistence.db.database import Database
from engine.system import System
from notifications.channels.base import Outgoing
from notifications.channels.mime import Mail
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.tables import deliveries
from notifications.vocabulary import EMAIL, DeliveryState, MessageKind

TEAMS = 20
#: Of each release three people are told that it is approved.
COPIES = 33
MAILS = TEAMS * (COPIES + 1) * 3
SENDER = "Countersign <countersign@example.com>"
PUBLIC_URL = "https://countersign.example.com"
HOW = (
    f"{MAILS} mails to {TEAMS * 3} people; ours claimed from the outbox, written in text and HTML,"
    f" sent and settled; theirs ready-made bytes; both over {CONNECTIONS} connections to one sink,"
    " in a process of its own"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Measure mails a second."""
    for backend in BACKENDS:
        with empty_database(backend) as url, servers.sink() as port:
            box = _fill(url, port)
            figures = by_turns(rounds, {"ours": box.relayed, "theirs": box.looped})
        yield Comparison(
            title=f"mails relayed, {backend}",
            unit="mails/s",
            ours=figures["ours"],
            other=f"a loop of {CONNECTIONS} aiosmtplib connections",
            theirs=figures["theirs"],
            goal=Goal(0.5),
            note=HOW,
        )


class CountingChannel(SmtpChannel):
    """Keeps the mails that it sends, and sets an event after so many."""

    def __init__(self, url: str, mails: int) -> None:
        super().__init__(url, SENDER, connections=CONNECTIONS)
        self.prepared: list[Mail] = []
        self.done = asyncio.Event()
        self._left = mails

    def prepare(self, outgoing: Outgoing) -> Mail:
        mail = super().prepare(outgoing)
        self.prepared.append(mail)
        return mail

    async def send(self, mail: Mail) -> None:
        await super().send(mail)
        self._left -= 1
        if not self._left:
            self.done.set()


@dataclass(slots=True)
class Outbox:
    """The same mails, to be sent again and again."""

    system: System
    port: int
    #: Ready-made, once the relay has sent them.
    mails: list[Mail] = field(default_factory=list)

    def relayed(self) -> float:
        """Return the mails a second of Countersign."""
        self._queue()
        return MAILS / _run(self._relay())

    def looped(self) -> float:
        """Return the mails a second of the loop."""
        return MAILS / _run(self._loop())

    def _queue(self) -> None:
        d = deliveries
        is_measured = d.c.kind == MessageKind.APPROVED
        with self.system.database.writing() as connection:
            others = d.update().where(~is_measured)
            connection.execute(others.values(state=DeliveryState.SENT, settled_at=d.c.created_at))
            again = {"state": DeliveryState.QUEUED, "attempts": 0, "settled_at": None}
            connection.execute(
                d.update().where(is_measured).values(**again, next_attempt_at=d.c.created_at)
            )
            connection.commit()

    async def _relay(self) -> None:
        url = f"smtp://127.0.0.1:{self.port}?tls=none"
        channel = CountingChannel(url, MAILS)
        relay = Relay(
            self.system,
            Executor(self.system.database),
            channel,
            MessageRenderer(PUBLIC_URL),
            LINK_KEY,
            PUBLIC_URL,
            per_recipient=PER_RECIPIENT[EMAIL],
        )
        await relay.run(channel.done)
        self.mails = channel.prepared
        with self.system.database.reading() as connection:
            left = sa.select(sa.func.count()).where(deliveries.c.state != DeliveryState.SENT)
            assert connection.execute(left).scalar_one() == 0, "everything is settled"

    async def _loop(self) -> None:
        assert len(self.mails) == MAILS
        await hand_in(self.port, SENDER, [(mail.recipient, mail.content) for mail in self.mails])


def _run(work: Coroutine[Any, Any, None]) -> float:
    """Return how many seconds it takes."""
    began = time.perf_counter()
    uvloop.run(work)
    return time.perf_counter() - began


def _fill(url: str, port: int) -> Outbox:
    world = new_account(url, datetime.now(UTC))
    models = approved_in_teams(world, TEAMS)
    copies = [
        synthetic_data.SyntheticData(model=model, number=COPIES, series=series, own_keypairs=True)
        for series, model in enumerate(models)
    ]
    synthetic_data.insert(url, *copies)
    system = System(database=Database(url), clock=DatabaseClock(), signers={})
    return Outbox(system, port)
