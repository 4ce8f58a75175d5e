"""A client that follows `releaseEvents` over graphql-transport-ws."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect

SUBSCRIPTION = "subscription { releaseEvents { tag release { id status } } }"


@asynccontextmanager
async def following(url: str, token: str) -> AsyncIterator[ClientConnection]:
    """Subscribed, as far as the server has heard."""
    where = url.replace("http:", "ws:") + "/graphql"
    async with connect(where, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        payload = {"Authorization": f"Bearer {token}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        asked = {"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIPTION}}
        await socket.send(json.dumps(asked))
        await asyncio.sleep(0.5)  # nothing tells that it has begun
        yield socket


async def openings(socket: ClientConnection, number: int) -> list[float]:
    """When each of so many releases was seen to be in progress, in seconds since the epoch."""
    seen: dict[str, float] = {}
    while len(seen) < number:
        message = json.loads(await socket.recv())
        assert message["type"] == "next", message
        event = message["payload"]["data"]["releaseEvents"]
        if event["release"]["status"] == "IN_PROGRESS":
            seen.setdefault(event["release"]["id"], time.time())
    return list(seen.values())
