"""`releaseEvents` over real WebSockets: nothing missed, nothing twice, and only while allowed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from api.graphql.subscriptions.cursors import cursor_of
from engine.persistence.store.ledger import GENESIS
from tests.support.people import Installation, install
from tests.support.running import COUNTERSIGN, serving, settings
from tests.support.waiting import WAIT_LIMIT_SECONDS

#: Each starts servers of its own.
pytestmark = pytest.mark.long

EVENTS = """subscription ($after: String) { releaseEvents(after: $after) {
  cursor tag release { name status } entry { position } } }"""

#: As good as never looks by itself whether there is news: it has to be told.
_PROGRAM = """
from api.cli.main import app
from api.graphql.subscriptions import following
following.POLL_SECONDS = 600
app()
"""
PATIENT = [sys.executable, "-c", _PROGRAM]


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    return install(settings(database_url), tmp_path)


@asynccontextmanager
async def subscriber(
    url: str, token: str, **variables: Any
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Follows the events over graphql-transport-ws."""
    address = url.replace("http", "ws") + "/graphql"
    async with connect(address, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        params = {"Authorization": f"Bearer {token}"}
        await _send(socket, type="connection_init", payload=params)
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        operation = {"query": EVENTS, "variables": variables}
        await _send(socket, id="1", type="subscribe", payload=operation)
        yield _messages(socket)


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def _messages(socket: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    async for text in socket:
        yield json.loads(text)


async def next_event(
    messages: AsyncIterator[dict[str, Any]], seconds: float = WAIT_LIMIT_SECONDS
) -> dict[str, Any]:
    message = await asyncio.wait_for(anext(messages), seconds)
    assert message["type"] == "next", message
    event: dict[str, Any] = message["payload"]["data"]["releaseEvents"]
    return event


@pytest.mark.timeout(120)
async def test_it_resumes_after_a_lost_connection_with_nothing_missed_and_nothing_twice(
    installation: Installation,
) -> None:
    with serving(installation.environment, installation.folder) as server:
        dev = installation.token("dev")
        cursor = installation.event_cursor(server.url, "dev")
        async with subscriber(server.url, dev, after=cursor) as messages:
            release = installation.request(server.url, "dev")
            first = await next_event(messages)
        assert (first["tag"], first["release"]["status"]) == ("release:requested", "PENDING")
        installation.approve(server.url, "ann", release)
        installation.approve(server.url, "bob", release)
        async with subscriber(server.url, dev, after=first["cursor"]) as messages:
            missed = [await next_event(messages) for _ in range(4)]
        assert [event["tag"] for event in missed] == [
            "release:approval:recorded",
            "release:approval:recorded",
            "release:approved",
            "release:opened",
        ]
        positions = [event["entry"]["position"] for event in (first, *missed)]
        assert positions == sorted(set(positions))


@pytest.mark.timeout(120)
async def test_what_happens_while_a_subscription_is_set_up_is_not_missed(
    installation: Installation,
) -> None:
    with serving(installation.environment, installation.folder) as server:
        cursor = installation.event_cursor(server.url, "dev")
        installation.request(server.url, "dev")
        async with subscriber(server.url, installation.token("dev"), after=cursor) as messages:
            event = await next_event(messages)
        assert event["tag"] == "release:requested"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("lose", "code"),
    [
        (Installation.revoke, "UNAUTHENTICATED"),
        (Installation.deactivate, "UNAUTHENTICATED"),
        (Installation.take_roles, "FORBIDDEN"),
    ],
)
async def test_what_is_lost_ends_it(
    installation: Installation, lose: Callable[[Installation, str, str], None], code: str
) -> None:
    with serving(installation.environment, installation.folder) as server:
        dev = installation.token("dev")
        installation.request(server.url, "dev")
        async with subscriber(server.url, dev, after=cursor_of(0, GENESIS)) as messages:
            await next_event(messages)
            await asyncio.to_thread(lose, installation, server.url, "dev")
            message = await asyncio.wait_for(anext(messages), WAIT_LIMIT_SECONDS)
        (error,) = message["payload"]["errors"]
        assert error["extensions"]["code"] == code


@pytest.mark.timeout(120)
async def test_somebody_elses_releases_are_not_followed(installation: Installation) -> None:
    with serving(installation.environment, installation.folder) as server:
        cursor = installation.event_cursor(server.url, "eve")
        async with subscriber(server.url, installation.token("eve"), after=cursor) as messages:
            installation.request(server.url, "dev")
            with pytest.raises(TimeoutError):
                await next_event(messages, seconds=2)


@pytest.mark.timeout(120)
async def test_a_change_through_one_process_arrives_at_the_others_subscriber(
    installation: Installation, database_url: str
) -> None:
    here, folder, dev = installation.environment, installation.folder, installation.token("dev")
    told_at_once = database_url.startswith("postgresql")
    program = PATIENT if told_at_once else COUNTERSIGN
    with (
        serving(here, folder) as one,
        serving(here, folder, "--no-worker", program=program) as other,
    ):
        release = installation.request(one.url, "dev")
        async with subscriber(other.url, dev, after=cursor_of(0, GENESIS)) as messages:
            assert (await next_event(messages))["tag"] == "release:requested"
            for name in ("ann", "bob"):
                await asyncio.sleep(0.5)  # until it waits again
                installation.approve(one.url, name, release)
                event = await next_event(messages)
                assert event["tag"] == "release:approval:recorded"
