"""One client that asks over a few connections at once, kept open; cheap beside what it asks."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A GraphQL operation, and where it is sent."""

    url: str
    query: str
    token: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    #: What is in every answer that is no refusal.
    proof: bytes = b'{"data":'

    def request(self) -> bytes:
        """Return the whole request as it goes over the wire."""
        body = json.dumps({"query": self.query, "variables": self.variables}).encode()
        parts = urlsplit(self.url)
        lines = [
            f"POST {parts.path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Content-Type: application/json",
            "Accept: application/json",
            f"Content-Length: {len(body)}",
        ]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        return "\r\n".join([*lines, "", ""]).encode() + body

    def answer(self) -> Any:
        """Send it once; errors are raised."""
        answer = json.loads(asyncio.run(self._once()))
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def _once(self) -> bytes:
        async with _Connection(self.url) as connection:
            return await connection.ask(self.request())


#: What one connection asks, over and over; all of one server.
Walk = Sequence[RequestTemplate]


@dataclass(frozen=True, slots=True)
class Load:
    """What became of a load."""

    #: By connection, the seconds that each of its answers took.
    latencies: list[list[float]]
    seconds: float

    @property
    def answers(self) -> int:
        """The number of answers."""
        return sum(map(len, self.latencies))

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def rate(questions: Sequence[RequestTemplate], connections: int, seconds: float) -> float:
    """Return the answers a second of so many connections that walk through the questions."""
    return load(walks(questions, connections), seconds).rate


def load(by_connection: Sequence[Walk], seconds: float) -> Load:
    """Ask for so many seconds, each walk over a connection of its own."""
    return asyncio.run(_load(by_connection, seconds))


def seconds(questions: Sequence[RequestTemplate]) -> float:
    """Return how long one answer takes, one question after the other over one connection."""
    return asyncio.run(_seconds(questions))


def walks(questions: Sequence[RequestTemplate], connections: int) -> list[list[RequestTemplate]]:
    """Give each connection one of the servers that are asked, and a place of its own to begin."""
    servers: dict[str, list[RequestTemplate]] = {}
    for question in questions:
        servers.setdefault(question.url, []).append(question)
    by_server = list(servers.values())
    by_connection = []
    for number in range(connections):
        walk = by_server[number % len(by_server)]
        first = number * len(walk) // connections
        by_connection.append(walk[first:] + walk[:first])
    return by_connection


async def _load(by_connection: Sequence[Walk], seconds: float) -> Load:
    prepared = [(walk, [question.request() for question in walk]) for walk in by_connection]
    began = time.perf_counter()

    async def ask(walk: Walk, requests: list[bytes]) -> list[float]:
        latencies = []
        async with _Connection(walk[0].url) as connection:
            for request, question in itertools.cycle(zip(requests, walk, strict=True)):
                sent = time.perf_counter()
                if sent >= began + seconds:
                    break
                body = await connection.ask(request)
                assert question.proof in body, body
                latencies.append(time.perf_counter() - sent)
        return latencies

    latencies = await asyncio.gather(*(ask(walk, requests) for walk, requests in prepared))
    return Load(latencies, time.perf_counter() - began)


async def _seconds(questions: Sequence[RequestTemplate]) -> float:
    requests = [question.request() for question in questions]
    async with _Connection(questions[0].url) as connection:
        began = time.perf_counter()
        for request in requests:
            await connection.ask(request)
        return (time.perf_counter() - began) / len(requests)


class _Connection:
    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._host, self._port = where.hostname, where.port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None, head
        body = await self._reader.readexactly(int(length[1]))
        assert head.startswith(b"HTTP/1.1 200"), body
        return body
