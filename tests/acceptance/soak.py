"""Mixed traffic while servers, workers and the database are killed; then every invariant.

    python -m tests.acceptance.soak --minutes 10

Two servers and two workers on a PostgreSQL of its own. Exits with 1 if anything is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import sqlalchemy as sa

from api.demo.browser import Form
from api.graphql.ids import from_global
from engine.persistence.clock import DatabaseClock
from engine.persistence.database import Database
from engine.vocabulary import SignatureState
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState
from tests.notifications.smtp_server import Inbox, smtp_server
from tests.support.callers import SIGN, Caller, Crowd, gather_crowd, release_input
from tests.support.invariants import Finding, describe, findings, table
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.running import COUNTERSIGN, free_port, init, settings

KEYPAIRS = 6
#: Seconds of a release's window.
WINDOW = 15
#: Seconds in which all must have settled in the end.
PATIENCE = 120
#: Seconds a killed server has to be back before the next is killed.
COMEBACK = 15
LINK = re.compile(r"https?://\S+(/decide/\S+)")


@dataclass
class Fleet:
    """Two servers, two workers; killed, they are started again."""

    environment: dict[str, str]
    folder: Path
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Whoever does not run."""
        words = {
            f"server {port}": ["serve", "--no-worker", "--port", str(port)] for port in self.ports
        }
        for name, said in (words | {"worker 1": ["worker"], "worker 2": ["worker"]}).items():
            if name not in self.processes or self.processes[name].poll() is not None:
                with (self.folder / f"{name}.log").open("ab") as log:
                    self.processes[name] = subprocess.Popen(
                        [*COUNTERSIGN, *said], env=self.environment, cwd=self.folder, stderr=log
                    )

    def kill(self, *names: str) -> None:
        """As the kernel would: -9."""
        for name in names or tuple(self.processes):
            self.processes[name].kill()
            self.processes[name].wait()

    def tell(self) -> None:
        """The end of each log."""
        for name in self.processes:
            text = (self.folder / f"{name}.log").read_text(errors="replace")
            print(f"--- {name}\n{text[-3000:]}")  # noqa: T201 - a command line

    @property
    def url(self) -> str:
        """One of the servers'."""
        return f"http://127.0.0.1:{random.choice(self.ports)}"


@dataclass
class Soak:
    """What is under way, and what came of it."""

    fleet: Fleet
    crowd: Crowd
    inbox: Inbox
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    received: dict[UUID, bytes] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    async def ask(self, name: str, query: str, **variables: Any) -> dict[str, Any] | None:
        """The answer of whichever server, asked again until there is one; None at the end."""
        while not self.stop.is_set():
            with suppress(httpx2.HTTPError, AssertionError, ValueError):
                async with httpx2.AsyncClient(base_url=self.fleet.url, timeout=15) as client:
                    data = await Caller(client, self.crowd.tokens[name]).ask(query, **variables)
                    codes = {e["code"] for payload in data.values() for e in payload["errors"]}
                    if "OVERLOADED" not in codes:
                        self.seen.update(codes)
                        return dict(data)
            self.seen["asked again"] += 1
            await asyncio.sleep(random.uniform(0.1, 0.5))
        return None

    async def change(self, name: str, mutation: str, input_: dict[str, Any], what: str = "") -> Any:
        """One mutation's payload, or None at the end."""
        kind = mutation[0].upper() + mutation[1:] + "Input"
        selected = f"{{ {mutation}(input: $input) {{ {what} errors {{ code }} }} }}"
        query = f"mutation ($input: {kind}!) {selected}"
        answer = await self.ask(name, query, input=input_)
        return answer[mutation] if answer is not None else None

    async def releases(self, keypair: str) -> None:
        """One release after the other on one keypair, for as long as the soak lasts."""
        number = 0
        while not self.stop.is_set():
            number += 1
            name = f"R{self.crowd.keypairs.index(keypair)}x{number}x"
            begins = datetime.now(UTC) + timedelta(seconds=random.uniform(-1, 1))
            asked = release_input(
                self.crowd,
                keypair,
                random.randint(3, 25),
                name=name,
                startsAt=begins.isoformat(),
                endsAt=(begins + timedelta(seconds=WINDOW)).isoformat(),
            )
            made = await self.change("dev", "createRelease", asked, "release { id }")
            if made is None or made["release"] is None:
                await asyncio.sleep(1)
                continue
            self.seen["releases"] += 1
            release = made["release"]["id"]
            await asyncio.gather(self.by_mail("ann", name), self.approve("bob", release))
            await asyncio.gather(*(self.sign(keypair, f"{name}-{n}") for n in range(30)))
            if random.random() < 0.3:
                await self.change("dev", "closeRelease", {"id": release})
            elif random.random() < 0.1:
                await self.change("ann", "stopRelease", {"id": release, "reason": "A test."})

    async def approve(self, name: str, release: str) -> None:
        """Over the API; sometimes a rejection."""
        verb = "rejectRelease" if random.random() < 0.1 else "approveRelease"
        await self.change(name, verb, {"id": release, "revision": 1})

    async def by_mail(self, name: str, release: str) -> None:
        """From the link in the mail, if it comes while the window lasts."""
        ends = time.monotonic() + WINDOW
        while time.monotonic() < ends and not self.stop.is_set():
            for mail in reversed(self.inbox.to(name)):
                body = mail.get_body(("plain",))
                text = body.get_content() if body is not None else ""
                link = LINK.search(text) if release in text else None
                if link is not None:
                    with suppress(httpx2.HTTPError):
                        self.seen[f"mail link {await self._decide(link[1])}"] += 1
                        return
            await asyncio.sleep(0.2)

    async def _decide(self, path: str) -> int:
        async with httpx2.AsyncClient(base_url=self.fleet.url, timeout=15) as client:
            page, form = await client.get(path), Form()
            form.feed(page.text)
            if not form.fields:
                return page.status_code
            filled = form.fields | {"verdict": "APPROVE", "comment": "By mail."}
            return (await client.post(path, data=filled)).status_code

    async def sign(self, keypair: str, key: str) -> None:
        """One signature; the same key until there is an answer."""
        digest = b64encode(random.randbytes(32)).decode()
        await asyncio.sleep(random.uniform(0, WINDOW / 2))
        asked = {"keypairId": keypair, "digest": digest, "idempotencyKey": key}
        answer = await self.ask("dev", SIGN, input=asked)
        made = answer["sign"]["signature"] if answer is not None else None
        if made is not None:
            self.received[from_global(made["id"], "Signature", "id")] = b64decode(made["value"])

    async def faults(self, server: PostgresServer) -> None:
        """Somebody is killed every few seconds; each fifth time it is the database."""
        while not self.stop.is_set():
            await asyncio.sleep(random.uniform(1.5, 4))
            if random.random() < 0.2:
                self.seen["database stopped"] += 1
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(random.uniform(0.2, 2))
                await asyncio.to_thread(server.start)
            else:
                name = random.choice(list(self.fleet.processes))
                self.seen[f"{name.split()[0]} killed"] += 1
                await asyncio.to_thread(self.fleet.kill, name)
            self.fleet.start()
            await self._comeback()

    async def _comeback(self) -> None:
        """Where nobody ever answers there is nothing to break."""
        ends = time.monotonic() + COMEBACK
        while time.monotonic() < ends and not self.stop.is_set():
            with suppress(AssertionError):
                await _ready(self.fleet, within=1)
                return


async def soak(seconds: float) -> list[Finding]:
    """So long, and then what is found."""
    with running_postgres(stoppable=True) as server, tempfile.TemporaryDirectory() as name:
        url, folder = server.create_database(), Path(name)
        async with smtp_server() as inbox:
            with _fleet(url, inbox, folder) as fleet:
                admin = await asyncio.to_thread(init, fleet.environment, folder)
                fleet.start()
                crowd = await _crowd(fleet, admin["token"])
                run = Soak(fleet, crowd, inbox)
                tasks = [asyncio.create_task(run.releases(k)) for k in crowd.keypairs]
                tasks.append(asyncio.create_task(run.faults(server)))
                await asyncio.sleep(seconds)
                run.stop.set()
                await asyncio.gather(*tasks)
                print(describe(run.seen))  # noqa: T201 - a command line
                database = Database(url)
                try:
                    # What the dead had claimed is due at once, to not wait for a lease to lapse.
                    await asyncio.to_thread(fleet.kill)
                    await asyncio.to_thread(_lapse, database)
                    fleet.start()
                    await _settled(database)
                    arrived = [
                        mail["Message-ID"].strip("<>").split("@")[0] for _, mail in inbox.mails
                    ]
                    with database.reading() as connection:
                        found = list(findings(connection, run.received, arrived))
                    if any(finding.faults for finding in found):
                        fleet.tell()
                    return found
                finally:
                    database.dispose()


@contextmanager
def _fleet(url: str, inbox: Inbox, folder: Path) -> Iterator[Fleet]:
    more = {
        "COUNTERSIGN_SMTP_URL": inbox.url,
        "COUNTERSIGN_RESERVATION_SECONDS": "5",
        "COUNTERSIGN_GRAPHQL_RATE": "0",
    }
    fleet = Fleet(settings(url, **more), folder)
    try:
        yield fleet
    finally:
        fleet.kill()


async def _ready(fleet: Fleet, *, within: float) -> None:
    deadline = time.monotonic() + within
    for port in fleet.ports:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            while True:
                with suppress(httpx2.HTTPError):
                    if (await client.get("/readyz")).status_code == 200:
                        break
                assert time.monotonic() < deadline, "the servers did not become ready"
                await asyncio.sleep(0.2)


async def _crowd(fleet: Fleet, token: str) -> Crowd:
    await _ready(fleet, within=PATIENCE)
    aliases = [f"key {number}" for number in range(KEYPAIRS)]
    async with httpx2.AsyncClient(base_url=fleet.url, timeout=30) as client:
        admin = Caller(client, token)
        return await gather_crowd(admin, fleet.environment, fleet.folder, *aliases)


def _lapse(database: Database) -> None:
    d = deliveries
    with database.writing() as connection:
        now = DatabaseClock().now(connection)
        queued = d.update().where(d.c.state == DeliveryState.QUEUED)
        connection.execute(queued.values(next_attempt_at=now))
        connection.commit()


async def _settled(database: Database) -> None:
    """Until the mail is out, the last window has closed and the last reservation lapsed."""
    d, s, r = deliveries, sa.table("signatures", sa.column("state")), sa.table("releases")
    open_ = sa.column("status").in_(["PENDING", "APPROVED", "IN_PROGRESS"])
    waiting = (
        sa.select(sa.func.count()).select_from(d).where(d.c.state == DeliveryState.QUEUED),
        sa.select(sa.func.count()).select_from(s).where(s.c.state == SignatureState.RESERVED),
        sa.select(sa.func.count()).select_from(r).where(open_),
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with database.reading() as connection:
            if not any(connection.execute(query).scalar_one() for query in waiting):
                return
        await asyncio.sleep(0.3)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    told = parser.parse_args()
    random.seed(told.seed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whoever was started is taken along
    print(f"seed {told.seed}")  # noqa: T201 - a command line
    found = asyncio.run(soak(told.minutes * 60))
    print(table(found))  # noqa: T201 - a command line
    return int(any(finding.faults for finding in found))


if __name__ == "__main__":
    sys.exit(main())
