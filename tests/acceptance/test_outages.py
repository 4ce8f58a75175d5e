"""What is away is told quickly and found again; what ends finishes what it has begun.

COUNTERSIGN_OUTAGE_SECONDS makes the outage of the database longer than the everyday one.
"""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import sqlalchemy as sa
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from engine.commands.administration.users import CreateUser
from engine.commands.command import execute
from engine.model.principal import Principal
from engine.persistence.db.database import Database, normal_url
from engine.persistence.db.pg_notify import psycopg_url
from engine.persistence.store import tables as t
from engine.system import System
from notifications.outbox.outbox import Outbox
from notifications.tables import deliveries
from tests.support.callers import Caller, Crowd, gather_crowd, open_release, release_input
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.running import init, serving, settings, working
from tests.support.smtp_server import smtp_server
from tests.support.waiting import WAIT_LIMIT_SECONDS

OUTAGE = float(os.environ.get("COUNTERSIGN_OUTAGE_SECONDS", "3"))
NOTE = "mutation ($input: UpdateReleaseInput!) { updateRelease(input: $input) { errors { code } } }"
STATUS = "query ($id: ID!) { release(id: $id) { status } }"

pytestmark = [pytest.mark.long, pytest.mark.timeout(120 + 2 * OUTAGE)]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test's own, to be stopped."""
    with running_postgres(stoppable=True) as found:
        yield found


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.create_database()


async def ask_as_dev(
    client: httpx2.AsyncClient, crowd: Crowd, query: str, **variables: Any
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {crowd.tokens['dev']}"}
    body = {"query": query, "variables": variables}
    return await client.post("/graphql", json=body, headers=headers)


def note(release: str, revision: int = 1) -> dict[str, Any]:
    return {"id": release, "revision": revision, "note": f"noted after {revision}"}


async def until(what: str, look: Any) -> None:
    deadline = time.monotonic() + WAIT_LIMIT_SECONDS
    while not await look():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


async def test_a_database_that_is_stopped_is_told_quickly_and_found_again(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    environment = settings(url)
    admin = init(environment, tmp_path)["token"]
    with serving(environment, tmp_path) as served:
        async with httpx2.AsyncClient(base_url=served.url, timeout=30) as client:
            crowd = await gather_crowd(Caller(client, admin), environment, tmp_path, "a", "b")
            release = await open_release(client, crowd, 5)
            opens = datetime.now(UTC) + timedelta(seconds=OUTAGE / 2)
            input_ = release_input(
                crowd, crowd.keypairs[1], 5, name="Next", startsAt=opens.isoformat()
            )
            dev = Caller(client, crowd.tokens["dev"])
            following = (await dev.change("createRelease", input_, "release { id }"))["release"]
            for name in ("ann", "bob"):
                decision = {"id": following["id"], "revision": 1}
                caller = Caller(client, crowd.tokens[name])
                await caller.change("approveRelease", decision, "release { id }")

            server.stop()
            ends = time.monotonic() + OUTAGE
            seen = []
            while time.monotonic() < ends:
                asked_at_once = [ask_as_dev(client, crowd, STATUS, id=release) for _ in range(20)]
                seen += await asyncio.gather(*asked_at_once)
                assert (await client.get("/readyz")).status_code == 503
                assert (await client.get("/healthz")).status_code == 200
                await asyncio.sleep(0.1)
            server.start()

            assert {answer.status_code for answer in seen} == {503}
            codes = {answer.json()["errors"][0]["extensions"]["code"] for answer in seen}
            assert codes == {"OVERLOADED"}
            assert all("Retry-After" in answer.headers for answer in seen)

            async def ready() -> bool:
                return (await client.get("/readyz")).status_code == 200

            async def opened() -> bool:
                # Of the tables, where only the worker's own steps show.
                with psycopg.connect(psycopg_url(normal_url(url))) as connection:
                    query = "SELECT count(*) FROM releases WHERE status = 'IN_PROGRESS'"
                    return connection.execute(query).fetchone() == (2,)

            async def listening() -> bool:
                with psycopg.connect(psycopg_url(normal_url(url))) as connection:
                    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
                    return connection.execute(query).fetchone() == (1,)

            await until("ready again", ready)
            answers = await asyncio.gather(
                *(ask_as_dev(client, crowd, STATUS, id=release) for _ in range(20))
            )
            assert {answer.status_code for answer in answers} == {200}
            await until("the worker came back", opened)
            await until("LISTEN came back", listening)


async def test_a_database_that_is_frozen_is_told_in_time(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    environment = settings(url)
    admin = {"Authorization": f"Bearer {init(environment, tmp_path)['token']}"}
    with serving(environment, tmp_path) as served:
        async with httpx2.AsyncClient(base_url=served.url, timeout=60) as client:

            async def ask() -> int:
                body = {"query": "{ viewer { user { name } } }"}
                return (await client.post("/graphql", json=body, headers=admin)).status_code

            async def show_page() -> int:
                return (await client.get(f"/decide/{0:032}.{0:043}")).status_code

            assert await ask() == 200
            with server.frozen():
                calls = asyncio.gather(show_page(), *(ask() for _ in range(10)))
                assert (await client.get("/healthz")).status_code == 200
                assert (await client.get("/readyz")).status_code == 503
                page, *seen = await calls
            assert set(seen) == {503}
            assert page >= 500

            async def answered() -> bool:
                return await ask() == 200

            await until("answered again", answered)


async def test_a_sqlite_file_that_somebody_locks_is_told_within_the_limit(tmp_path: Path) -> None:
    environment = settings(f"sqlite:///{tmp_path}/here.db")
    admin = init(environment, tmp_path)["token"]
    with serving(environment, tmp_path, "--no-worker") as served:
        async with httpx2.AsyncClient(base_url=served.url, timeout=30) as client:
            crowd = await gather_crowd(Caller(client, admin), environment, tmp_path, "vault")
            release = await open_release(client, crowd, 5)
            other = sqlite3.connect(tmp_path / "here.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            changed = await ask_as_dev(client, crowd, NOTE, input=note(release))
            assert changed.json()["data"]["updateRelease"]["errors"] == [{"code": "OVERLOADED"}]
            read = await ask_as_dev(client, crowd, STATUS, id=release)
            assert read.json()["data"]["release"]["status"] == "IN_PROGRESS"
            other.rollback()
            other.close()
            changed = await ask_as_dev(client, crowd, NOTE, input=note(release))
            assert changed.json()["data"]["updateRelease"]["errors"] == []


async def test_told_to_end_it_finishes_what_is_under_way_and_refuses_what_comes(
    url: str, tmp_path: Path
) -> None:
    environment = settings(url)
    admin = init(environment, tmp_path)["token"]
    with ExitStack() as stack:
        served = stack.enter_context(serving(environment, tmp_path, "--no-worker"))
        async with httpx2.AsyncClient(base_url=served.url, timeout=30) as client:
            crowd = await gather_crowd(Caller(client, admin), environment, tmp_path, "vault")
            release = await open_release(client, crowd, 5)
            holder = stack.enter_context(psycopg.connect(psycopg_url(normal_url(url))))
            holder.execute("SELECT 1 FROM releases FOR UPDATE")
            under_way = asyncio.create_task(ask_as_dev(client, crowd, NOTE, input=note(release)))
            address = served.url.replace("http:", "ws:") + "/graphql"
            async with connect(address, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
                await asyncio.sleep(1)
                served.process.send_signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed) as closed:
                    await asyncio.wait_for(socket.recv(), WAIT_LIMIT_SECONDS)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1001

            refused = await ask_as_dev(client, crowd, STATUS, id=release)
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == "2"
            assert (await client.get("/readyz")).status_code == 503
            assert not under_way.done()

            holder.rollback()
            answer = await under_way
            assert answer.json()["data"]["updateRelease"]["errors"] == []
        assert served.process.wait(timeout=WAIT_LIMIT_SECONDS) == 0


@pytest.mark.parametrize("hangs", ["a request", "the collector of traces"])
async def test_it_ends_in_time_whatever_hangs(url: str, tmp_path: Path, hangs: str) -> None:
    environment = settings(url, COUNTERSIGN_SHUTDOWN_SECONDS="3")
    if hangs == "the collector of traces":
        address = "http://127.0.0.1:9"
        environment |= {"COUNTERSIGN_TRACES": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": address}
    admin = init(environment, tmp_path)["token"]
    with ExitStack() as stack:
        served = stack.enter_context(serving(environment, tmp_path, "--no-worker"))
        async with httpx2.AsyncClient(base_url=served.url, timeout=30) as client:
            crowd = await gather_crowd(Caller(client, admin), environment, tmp_path, "vault")
            release = await open_release(client, crowd, 5)
            holder = stack.enter_context(psycopg.connect(psycopg_url(normal_url(url))))
            if hangs == "a request":
                holder.execute("SELECT 1 FROM releases FOR UPDATE")
                waits = asyncio.create_task(ask_as_dev(client, crowd, NOTE, input=note(release)))
                await asyncio.sleep(0.5)
            served.process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(served.process.wait, WAIT_LIMIT_SECONDS)
            if hangs == "a request":
                (cut_off,) = await asyncio.gather(waits, return_exceptions=True)
                is_told = isinstance(cut_off, httpx2.Response) and cut_off.status_code >= 500
                assert is_told or isinstance(cut_off, httpx2.HTTPError)
            else:
                assert code == 0


async def test_a_worker_whose_mail_server_hangs_settles_what_was_sent_and_ends_well(
    tmp_path: Path,
) -> None:
    async with smtp_server() as inbox:
        inbox.hanging.add("admin@example.com")
        environment = settings(
            f"sqlite:///{tmp_path}/here.db",
            COUNTERSIGN_SMTP_URL=inbox.url,
            COUNTERSIGN_SHUTDOWN_SECONDS="4",
        )
        await asyncio.to_thread(init, environment, tmp_path)
        database = Database(environment["COUNTERSIGN_DATABASE_URL"])
        _tell_administrators(database, "ann", "bob")
        with working(environment, tmp_path) as worker:

            async def taken() -> bool:
                assert worker.poll() is None
                return len(inbox.mails) >= 2

            await until("others have their mail", taken)
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait, 15) == 0
        with database.reading() as connection:
            query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
            states = {row[0].value: row[1] for row in connection.execute(query)}
        database.dispose()
        assert states["SENT"] == len(inbox.mails)
        assert states["QUEUED"] >= 1


def _tell_administrators(database: Database, *names: str) -> None:
    """Each new one is told to those there are."""
    with database.reading() as connection:
        admin = connection.execute(sa.select(t.users)).one()
    system = System(database=database, event_handlers=(Outbox(bytes(32)),))
    principal = Principal(account_id=admin.account_id, user_id=admin.id)
    for name in names:
        command = CreateUser(email=f"{name}@example.com", name=name, roles=("ADMIN",))
        execute(system, principal, command)
