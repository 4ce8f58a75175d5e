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
    """Subscribe; give the connection once the server is likely to have begun."""
    where = url.replace("http:", "ws:") + "/graphql"
    async with connect(where, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        payload = {"Authorization": f"Bearer {token}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        subscribe = {"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIPTION}}
        await socket.send(json.dumps(subscribe))
        await asyncio.sleep(0.5)  # the protocol has no message that it has begun
        yield socket


async def openings(socket: ClientConnection, number: int) -> list[float]:
    """Return when each of so many releases was seen in progress, in seconds since the epoch."""
    seen: dict[str, float] = {}
    while len(seen) < number:
        message = json.loads(await socket.recv())
        assert message["type"] == "next", message
        event = message["payload"]["data"]["releaseEvents"]
        if event["release"]["status"] == "IN_PROGRESS":
            seen.setdefault(event["release"]["id"], time.time())
    return list(seen.values())
