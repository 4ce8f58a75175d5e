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

    def request(self) -> bytes:
        """The whole of it, as it goes over the wire."""
        body = json.dumps({"query": self.query, "variables": self.variables}).encode()
        where = urlsplit(self.url)
        lines = [
            f"POST {where.path} HTTP/1.1",
            f"Host: {where.netloc}",
            "Content-Type: application/json",
            "Accept: application/json",
            f"Content-Length: {len(body)}",
        ]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        return "\r\n".join([*lines, "", ""]).encode() + body

    def answer(self) -> Any:
        """Asked once; errors are raised."""
        answer = json.loads(asyncio.run(self._once()))
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def rate(self, connections: int, seconds: float) -> float:
        """Answers in a second."""
        return rate([self], connections, seconds)

    async def _once(self) -> bytes:
        async with _Connection(self.url) as connection:
            return await connection.ask(self.request())


def seconds(questions: Sequence[RequestTemplate]) -> float:
    """How long one answer takes, one question after the other over one connection."""
    return asyncio.run(_seconds(questions))


def rate(questions: Sequence[RequestTemplate], connections: int, seconds: float) -> float:
    """Answers in a second, of so many connections that walk through the questions in turn.

    Each has a server of those that are asked, and begins at a place of its own.
    """
    return asyncio.run(_rate(_walks(questions, connections), seconds))


def _walks(questions: Sequence[RequestTemplate], connections: int) -> list[list[RequestTemplate]]:
    """What each connection asks, over and over."""
    servers: dict[str, list[RequestTemplate]] = {}
    for question in questions:
        servers.setdefault(question.url, []).append(question)
    shares = list(servers.values())
    walks = []
    for number in range(connections):
        share = shares[number % len(shares)]
        begin = number * len(share) // connections
        walks.append(share[begin:] + share[:begin])
    return walks


async def _seconds(questions: Sequence[RequestTemplate]) -> float:
    requests = [question.request() for question in questions]
    async with _Connection(questions[0].url) as connection:
        began = time.perf_counter()
        for request in requests:
            await connection.ask(request)
        return (time.perf_counter() - began) / len(requests)


async def _rate(walks: Sequence[Sequence[RequestTemplate]], seconds: float) -> float:
    asked = [(walk[0].url, [question.request() for question in walk]) for walk in walks]
    began = time.perf_counter()

    async def ask(url: str, requests: list[bytes]) -> int:
        answered = 0
        async with _Connection(url) as connection:
            for request in itertools.cycle(requests):
                if time.perf_counter() >= began + seconds:
                    break
                await connection.ask(request)
                answered += 1
        return answered

    answered = await asyncio.gather(*(ask(url, requests) for url, requests in asked))
    return sum(answered) / (time.perf_counter() - began)


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
