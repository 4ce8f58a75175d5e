"""A page that a development proxy serves, in a real browser: its requests and its WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from api.web.http.origin import BRIEFLY
from tests.support.chromium import Chromium, chromium
from tests.support.served_site import ADMIN, served_site

WHO = "{ viewer { user { email } } }"
FETCH = """fetch("/graphql", {method: "POST", headers: {"Content-Type": "application/json"},
  body: JSON.stringify({query: QUERY})})
  .then(async answer => JSON.stringify([answer.status, await answer.json()]))"""
SOCKET = """new Promise(resolve => {
  const socket = new WebSocket(`ws://${location.host}/graphql`, "graphql-transport-ws");
  socket.onopen = () => socket.send(JSON.stringify({type: "connection_init"}));
  socket.onclose = event => resolve(JSON.stringify({code: event.code, reason: event.reason}));
  socket.onmessage = event => {
    const message = JSON.parse(event.data);
    if (message.type === "connection_ack")
      socket.send(JSON.stringify({id: "1", type: "subscribe", payload: {query: QUERY}}));
    else resolve(event.data);
  };
})"""


@asynccontextmanager
async def proxied(target: int, *, changes_host: bool) -> AsyncIterator[int]:
    """Passes everything on to a port, with its own name as the host or with the target's."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []
    own = 0

    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if changes_host:
                    data = data.replace(b"Host: 127.0.0.1:%d" % own, b"Host: 127.0.0.1:%d" % target)
                sink.write(data)
                await sink.drain()
        sink.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target)
        writers.extend((writer, up_writer))
        for pair in ((reader, up_writer), (up_reader, writer)):
            task = asyncio.create_task(pass_on(*pair))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    own = server.sockets[0].getsockname()[1]
    try:
        yield own
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def ask(page: Chromium, script: str) -> Any:
    return json.loads(await page.do(script.replace("QUERY", json.dumps(WHO))))


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_page_and_its_socket_are_signed_in_or_refused_together(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        served_site(database_url, tmp_path) as site,
        chromium(tmp_path / "desk") as desk,
        proxied(site.port, changes_host=False) as faithful,
        proxied(site.port, changes_host=True) as changing,
    ):
        await site.sign_in(desk)
        # Our page lets no script talk to anybody; a dashboard would.
        await desk.call("Page.setBypassCSP", enabled=True)
        admin = {"data": {"viewer": {"user": {"email": ADMIN}}}}

        await desk.open(f"http://127.0.0.1:{faithful}/sign-in")
        assert await ask(desk, FETCH) == [200, admin]
        assert (await ask(desk, SOCKET))["payload"] == admin

        await desk.open(f"http://127.0.0.1:{changing}/sign-in")
        status, answer = await ask(desk, FETCH)
        (error,) = answer["errors"]
        assert (status, error["extensions"]["code"]) == (403, "FOREIGN_ORIGIN")
        assert f"(http://127.0.0.1:{changing})" in error["message"]
        assert await ask(desk, SOCKET) == {"code": 4403, "reason": BRIEFLY}
