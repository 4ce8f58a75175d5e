"""A real HTTP server on a real socket, told how to answer; it verifies what it gets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: str

    def verified_by(self, secret: str) -> Any:
        """What it says, if this secret signed it; raises otherwise."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What it took, and how it answers: a status for each path, or worse."""

    requests: list[Received] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    #: Paths at which it never answers, hangs up, or answers without end.
    hanging: set[str] = field(default_factory=set)
    dropping: set[str] = field(default_factory=set)
    endless: set[str] = field(default_factory=set)
    connections: int = 0
    sent: int = 0
    port: int = 0

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [one for one in self.requests if one.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        assert method == "POST"
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        # Values keep their letter case where it matters.
        values = dict(line.split(": ", 1) for line in head[1:] if line)
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        self.requests.append(Received(path, {k.lower(): v for k, v in values.items()}, body))
        if path in self.hanging:
            await asyncio.sleep(3600)
        if path in self.dropping:
            return False
        if path in self.endless:
            await self._answer_without_end(writer)
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        status = self.status.get(path, 204)
        length = "" if status == 204 else "Content-Length: 2\r\n"
        content = "" if status == 204 else "ok"
        writer.write(f"HTTP/1.1 {status} So\r\n{length}{more}\r\n{content}".encode())
        await writer.drain()
        return True

    async def _answer_without_end(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            self.sent += 1024
            await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver behind a free port, for as long as the block lasts."""
    receiver = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(receiver.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
