"""Mixed traffic while servers, workers and the database are killed; then every invariant.

    python -m tests.acceptance.soak --minutes 10

Two servers and two workers on a PostgreSQL of its own, or with --database sqlite on a file. Exits
with 1 if anything is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa

from api.demo.browser import Form
from api.graphql.ids import from_global
from api.graphql.subscriptions.cursors import cursor_of
from engine.model.vocabulary import SignatureState
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import GENESIS
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState
from tests.support.callers import SIGN, Caller, Crowd, gather_crowd, release_input
from tests.support.databases import BACKENDS
from tests.support.invariants import ClientAnswers, Finding, describe, findings, table
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.running import COUNTERSIGN, free_port, init, settings
from tests.support.smtp_server import Inbox, smtp_server
from tests.support.waiting import until

KEYPAIRS, ONLINE = 6, 2
#: Seconds of a release's window.
WINDOW = 15
#: Seconds in which all must have settled in the end.
PATIENCE = 120
#: What must have been answered at least once, or nothing is shown.
TRAFFIC = ("releases", "batches", "pages read")
#: Seconds a killed server has to be back before the next is killed.
COMEBACK = 15
SIGN_BATCH = """mutation ($input: SignBatchInput!) { signBatch(input: $input) {
  outcomes { signature { id value } errors { code } } errors { code } } }"""
LIST = "{ releases(first: 20) { edges { node { name status signaturesUsed team { name } } } } }"
INBOX = "{ approvalInbox(first: 20) { edges { node { name approval { remaining } } } } }"
FOLLOW = "subscription ($after: String) { releaseEvents(after: $after) { cursor tag } }"
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

    def print_logs(self) -> None:
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
    client_answers: ClientAnswers = field(default_factory=ClientAnswers)
    seen: Counter[str] = field(default_factory=Counter)

    async def ask(
        self, name: str, query: str, keys: Sequence[str] = (), **variables: Any
    ) -> dict[str, Any] | None:
        """The answer of whichever server, asked again until there is one; None at the end."""
        while not self.stop.is_set():
            with suppress(httpx2.HTTPError, AssertionError, ValueError):
                async with httpx2.AsyncClient(base_url=self.fleet.url, timeout=15) as client:
                    data = await Caller(client, self.crowd.tokens[name]).ask(query, **variables)
                    codes = {e["code"] for p in data.values() for e in p.get("errors", ())}
                    if "OVERLOADED" not in codes:
                        self.seen.update(codes)
                        return dict(data)
            self.client_answers.cut_off.update(keys)
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
            input_ = release_input(
                self.crowd,
                keypair,
                random.randint(3, 25),
                name=name,
                startsAt=begins.isoformat(),
                endsAt=(begins + timedelta(seconds=WINDOW)).isoformat(),
            )
            payload = await self.change("dev", "createRelease", input_, "release { id }")
            if payload is None or payload["release"] is None:
                await asyncio.sleep(1)
                continue
            self.seen["releases"] += 1
            release = payload["release"]["id"]
            noted = {"id": release, "revision": 1, "note": f"Of {name}."}
            await asyncio.gather(
                self.by_mail("ann", name),
                self.approve("bob", release),
                self.change("dev", "updateRelease", noted),
            )
            await asyncio.gather(*(self.sign(keypair, f"{name}-{n}") for n in range(30)))
            if random.random() < 0.3:
                await self.change("dev", "closeRelease", {"id": release})
            elif random.random() < 0.1:
                await self.change("ann", "stopRelease", {"id": release, "reason": "A test."})

    async def approve(self, name: str, release: str) -> None:
        """Over the API; sometimes a rejection."""
        verb = "rejectRelease" if random.random() < 0.1 else "approveRelease"
        await self.change(name, verb, {"id": release, "revision": 1, "comment": "A test."})

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
        await asyncio.sleep(random.uniform(0, WINDOW / 2))
        input_ = {"keypairId": keypair, "digest": _digest(), "idempotencyKey": key}
        answer = await self.ask("dev", SIGN, [key], input=input_)
        if answer is not None:
            self._hear(key, answer["sign"])

    async def online(self, keypair: str) -> None:
        """Batches that no release counts."""
        number = 0
        while not self.stop.is_set():
            number += 1
            keys = [f"{keypair}-{number}-{n}" for n in range(5)]
            items = [{"digest": _digest(), "idempotencyKey": key} for key in keys]
            input_ = {"keypairId": keypair, "items": items}
            answer = await self.ask("dev", SIGN_BATCH, keys, input=input_)
            outcomes = answer["signBatch"]["outcomes"] if answer is not None else []
            for key, outcome in zip(keys, outcomes, strict=False):
                self._hear(key, outcome)
            self.seen["batches"] += len(outcomes) > 0
            await asyncio.sleep(random.uniform(0.1, 0.6))

    def _hear(self, key: str, outcome: dict[str, Any]) -> None:
        signature = outcome["signature"]
        codes = {error["code"] for error in outcome["errors"]}
        if signature is not None:
            value = b64decode(signature["value"])
            self.client_answers.received[from_global(signature["id"], "Signature", "id")] = value
        elif "OVERLOADED" in codes:
            self.client_answers.cut_off.add(key)
        elif "SIGNER_FAILED" in codes:
            self.client_answers.nothing_used.add(key)

    async def reads(self) -> None:
        """A list and an inbox, as a page that somebody leaves open asks for them."""
        while not self.stop.is_set():
            for name, query in (("dev", LIST), ("ann", INBOX)):
                answer = await self.ask(name, query)
                self.seen["pages read"] += answer is not None
            await asyncio.sleep(random.uniform(0.2, 1))

    async def follow(self) -> None:
        """From the first event on; connected again, from the last one received."""
        after = cursor_of(0, GENESIS)
        headers = {"Authorization": f"Bearer {self.crowd.tokens['ann']}"}
        headers |= {"Accept": "text/event-stream"}
        while True:
            operation = {"query": FOLLOW, "variables": {"after": after}}
            with suppress(httpx2.HTTPError, ValueError):
                async with (
                    httpx2.AsyncClient(base_url=self.fleet.url, timeout=20) as client,
                    client.stream("POST", "/graphql", json=operation, headers=headers) as answer,
                ):
                    async for line in answer.aiter_lines():
                        event_body = (
                            json.loads(line[6:] or "null") if line.startswith("data: ") else {}
                        )
                        if event := ((event_body or {}).get("data") or {}).get("releaseEvents"):
                            after = event["cursor"]
                            position = urlsafe_b64decode(after)[:8]
                            self.client_answers.followed.append(int.from_bytes(position, "big"))
            self.seen["followed again"] += 1
            await asyncio.sleep(0.3)

    async def faults(self, server: PostgresServer | None) -> None:
        """Somebody is killed every few seconds; each fifth time it is the database."""
        while not self.stop.is_set():
            await asyncio.sleep(random.uniform(1.5, 4))
            if server is not None and random.random() < 0.2:
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


async def soak(seconds: float, backend: str = "postgresql") -> list[Finding]:
    """So long, and then what is found."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, server, url = Path(name), None, f"sqlite:///{name}/here.db"
        if backend == "postgresql":
            server = stack.enter_context(running_postgres(stoppable=True))
            url = server.create_database()
        async with smtp_server() as inbox:
            with _fleet(url, inbox, folder) as fleet:
                admin = await asyncio.to_thread(init, fleet.environment, folder)
                fleet.start()
                run = Soak(fleet, await _crowd(fleet, admin["token"]), inbox)
                following = asyncio.create_task(run.follow())
                await _traffic(run, server, seconds)
                print(describe(run.seen))  # noqa: T201 - a command line
                database = Database(url)
                stack.callback(database.dispose)
                # What the dead had claimed comes back when its lease has lapsed.
                await asyncio.to_thread(fleet.kill)
                fleet.start()
                await _settled(database)
                await _caught_up(database, run.client_answers)
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                return _found(database, run)


async def _traffic(run: Soak, server: PostgresServer | None, seconds: float) -> None:
    under_way = [run.releases(keypair) for keypair in run.crowd.keypairs]
    under_way += [run.online(keypair) for keypair in run.crowd.online]
    tasks = [asyncio.create_task(c) for c in (*under_way, run.reads(), run.faults(server))]
    await asyncio.sleep(seconds)
    run.stop.set()
    await asyncio.gather(*tasks)


def _found(database: Database, run: Soak) -> list[Finding]:
    arrived = [mail["Message-ID"].strip("<>").split("@")[0] for _, mail in run.inbox.mails]
    with database.reading() as connection:
        found = list(findings(connection, run.client_answers, arrived))
    silent = [kind for kind in TRAFFIC if not run.seen[kind]]
    found.append(Finding("traffic of every kind", len(silent), ", ".join(silent)))
    if any(finding.faults for finding in found):
        run.fleet.print_logs()
    return found


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
        online = [f"online {number}" for number in range(ONLINE)]
        return await gather_crowd(admin, fleet.environment, fleet.folder, *aliases, online=online)


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


async def _caught_up(database: Database, client_answers: ClientAnswers) -> None:
    """Until the subscriber was told of the last entry, or there is no hope."""
    entries = t.ledger_entries
    last = sa.select(sa.func.max(entries.c.position)).where(entries.c.release_id.is_not(None))
    with database.reading() as connection:
        newest = connection.execute(last).scalar_one()
    with suppress(AssertionError):
        await asyncio.to_thread(until, lambda: newest in client_answers.followed[-1:], COMEBACK)


def _digest() -> str:
    return b64encode(random.randbytes(32)).decode()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=BACKENDS, default="postgresql")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whoever was started is taken along
    print(f"seed {arguments.seed}")  # noqa: T201 - a command line
    found = asyncio.run(soak(arguments.minutes * 60, arguments.database))
    print(table(found))  # noqa: T201 - a command line
    return int(any(finding.faults for finding in found))


if __name__ == "__main__":
    sys.exit(main())
