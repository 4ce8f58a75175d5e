"""Answers as server-sent events: a stream for one operation, "distinct connections mode"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from api.graphql.http import answers
from api.graphql.strawberry_compat import SSETransport


class Events(SSETransport):
    """For those who would rather have events than JSON."""

    headers: ClassVar[Mapping[str, str]] = {
        **SSETransport.headers,
        **answers.HEADERS,
        "Cache-Control": "no-store, no-transform",
    }

    def accepts(self, accept: str) -> bool:
        """Clients that take both are answered in JSON, which keeps its HTTP status."""
        return answers.prefers_events(accept)


class EventStream(StreamingResponse):
    """Ends when the server does, short of `complete`: so clients come back, and resume."""

    def __init__(
        self, pieces: AsyncIterator[str], headers: Mapping[str, str], ending: asyncio.Event
    ) -> None:
        super().__init__(pieces, headers=headers)
        self._ending = ending
        self._whole = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the operation is complete, the client is gone, or the server ends."""

        async def sent(message: Message) -> None:
            self._whole = message["type"] == "http.response.body" and not message["more_body"]
            await send(message)

        await super().__call__(scope, receive, sent)
        if self._ending.is_set() and not self._whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def listen_for_disconnect(self, receive: Receive) -> None:
        """Whoever goes first."""
        gone = asyncio.create_task(super().listen_for_disconnect(receive))
        ended = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait({gone, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            ended.cancel()
