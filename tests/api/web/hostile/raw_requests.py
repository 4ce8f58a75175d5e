"""Sends requests to an application as bytes, so that they need not be what a client would send."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import ASGIApp

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A request as a server hands it on: the path decoded, everything else as it arrived."""

    method: str
    path: str
    query: bytes = b""
    headers: Pairs = ()
    body: bytes = b""
    #: Whether the client stays until its body has arrived.
    is_whole: bool = True

    def messages(self) -> Iterator[dict[str, Any]]:
        """The body in two pieces, or its first piece alone."""
        half = len(self.body) // 2
        yield {"type": "http.request", "body": self.body[:half], "more_body": True}
        if self.is_whole:
            yield {"type": "http.request", "body": self.body[half:], "more_body": False}
        while True:
            yield {"type": "http.disconnect"}

    def scope(self, client: str) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "https",
            "method": self.method,
            "path": self.path,
            "raw_path": quote(self.path).encode("ascii"),
            "root_path": "",
            "query_string": self.query,
            "headers": list(self.headers),
            "client": (client, 50000),
            "server": ("127.0.0.1", 8000),
            "extensions": {},
        }


@dataclass(slots=True)
class RawAnswer:
    """What came back, for as long as the client listened."""

    status: int = 0
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    @property
    def headers(self) -> Headers:
        return Headers(raw=self.fields)


async def ask(app: ASGIApp, request: RawRequest, client: str) -> RawAnswer:
    """Send a request from an address; what the application raises is raised."""
    answer, messages = RawAnswer(), request.messages()

    async def receive() -> Any:
        return next(messages)

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.fields = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(request.scope(client), receive, send)
    return answer
