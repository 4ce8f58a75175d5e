"""Other people's clients follow releases at a running server: an event, the rest, the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from tests.support.databases import Templates
from tests.support.node import running_node
from tests.support.people import Installation, install
from tests.support.running import serving, settings
from tests.support.waiting import WAIT_LIMIT_SECONDS

# The first that uses node installs what the lock file pins.
pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

EVENTS = """subscription ($after: String) { releaseEvents(after: $after) {
  cursor tag release { name status } entry { position } } }"""
#: What follows on a request whose window is open.
DECIDED = ["release:approval:recorded", "release:approval:recorded", "release:approved"]
OPENED = "release:opened"


@pytest.fixture
def installation(templates: Templates, tmp_path: Path) -> Iterator[Installation]:
    with templates.fresh("sqlite") as url:
        yield install(settings(url), tmp_path)


@asynccontextmanager
async def following(url: str, token: str) -> AsyncIterator[AsyncClientSession]:
    """Python's gql, over graphql-transport-ws."""
    transport = WebsocketsTransport(
        url=url.replace("http", "ws") + "/graphql",
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        init_payload={"Authorization": f"Bearer {token}"},
    )
    async with Client(transport=transport) as session:
        yield session


def followed(session: AsyncClientSession, after: str | None = None) -> AsyncIterator[Any]:
    return session.subscribe(GraphQLRequest(EVENTS, variable_values={"after": after}))


async def next_one(events: AsyncIterator[Any]) -> dict[str, Any]:
    event: dict[str, Any] = (await asyncio.wait_for(anext(events), WAIT_LIMIT_SECONDS))[
        "releaseEvents"
    ]
    return event


async def test_gql_follows_resumes_and_is_ended(installation: Installation) -> None:
    here = installation
    with serving(here.environment, here.folder) as server:
        cursor = here.event_cursor(server.url, "dev")
        async with following(server.url, here.token("dev")) as session:
            events = followed(session, cursor)
            release = await asyncio.to_thread(here.request, server.url, "dev")
            seen = await next_one(events)
        assert seen["tag"] == "release:requested"
        assert seen["release"] == {"name": "Falcon 1.0", "status": "PENDING"}

        for name in ("ann", "bob"):
            here.approve(server.url, name, release)
        async with following(server.url, here.token("dev")) as session:
            events = followed(session, seen["cursor"])
            missed = [await next_one(events) for _ in (*DECIDED, OPENED)]
            assert [event["tag"] for event in missed] == [*DECIDED, OPENED]

            await asyncio.to_thread(here.revoke, server.url, "dev")
            with pytest.raises(TransportQueryError, match="UNAUTHENTICATED"):
                await next_one(events)


def test_a_server_that_is_told_to_end_does_not_wait_for_who_follows(
    installation: Installation,
) -> None:
    headers = {
        "Accept": "text/event-stream",
        "Authorization": f"Bearer {installation.token('dev')}",
    }
    with (
        serving(installation.environment, installation.folder) as server,
        httpx2.stream(
            "POST", f"{server.url}/graphql", headers=headers, json={"query": EVENTS}
        ) as answer,
    ):
        server.process.terminate()
        assert server.process.wait(timeout=WAIT_LIMIT_SECONDS) == 0
        assert "".join(answer.iter_text()) == ""


@contextmanager
def told_by(client: str, url: str, token: str, *after: str) -> Iterator[Iterator[dict[str, Any]]]:
    """What a JavaScript client tells, line by line."""
    with running_node("subscribe.mjs", client, f"{url}/graphql", token, *after) as lines:
        events = (json.loads(line) for line in lines)
        assert next(events) == {"subscribing": True}
        yield events


@pytest.mark.parametrize("client", ["graphql-ws", "graphql-sse"])
def test_javascript_follows_resumes_and_is_ended(installation: Installation, client: str) -> None:
    here = installation
    with serving(here.environment, here.folder) as server:
        cursor = here.event_cursor(server.url, "dev")
        with told_by(client, server.url, here.token("dev"), cursor) as events:
            release = here.request(server.url, "dev")
            first = next(events)
        assert first["tag"] == "release:requested"
        assert first["release"] == {"name": "Falcon 1.0", "status": "PENDING"}

        for name in ("ann", "bob"):
            here.approve(server.url, name, release)
        with told_by(client, server.url, here.token("dev"), first["cursor"]) as events:
            missed = [next(events) for _ in (*DECIDED, OPENED)]
            assert [event["tag"] for event in missed] == [*DECIDED, OPENED]

            here.revoke(server.url, "dev")
            (error,) = next(events)["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
            assert next(events) == {"complete": True}
