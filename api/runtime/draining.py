"""Lets a server shut down gracefully: it finishes requests in flight and refuses new ones."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.http.paths import path_below_mount

#: After how many seconds clients should try again: by then another process answers.
RETRY_AFTER_SECONDS = 2
#: The close code of a WebSocket for "going away".
GOING_AWAY = 1001
_SENTENCE = "This server is ending. Send it again: another one answers."


class Draining:
    """Middleware that refuses new requests once `ending` is set."""

    def __init__(self, app: ASGIApp, *, ending: asyncio.Event, in_flight: InFlight) -> None:
        self._app = app
        self._ending = ending
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the application, or refuse it while the process shuts down."""
        if scope["type"] == "lifespan" or path_below_mount(scope) == "/healthz":
            await self._app(scope, receive, send)
        elif self._ending.is_set():
            await _refuse(scope, receive, send)
        else:
            with self._in_flight:
                if scope["type"] == "websocket":
                    await self._serve_websocket(scope, receive, send)
                else:
                    await self._app(scope, receive, send)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket, and close it at shutdown so that its client connects elsewhere."""
        ending = asyncio.create_task(self._ending.wait())
        closed = False

        async def received() -> Message:
            nonlocal closed
            coming = asyncio.ensure_future(receive())
            try:
                await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    return coming.result()
            finally:
                coming.cancel()
            if not closed:
                closed = True
                with suppress(Exception):  # the client may have left
                    await send({"type": "websocket.close", "code": GOING_AWAY})
            return {"type": "websocket.disconnect", "code": GOING_AWAY}

        async def sent(message: Message) -> None:
            if not closed:
                await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            ending.cancel()


class InFlight:
    """Counts requests that have begun and not finished."""

    def __init__(self) -> None:
        self._number = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def __enter__(self) -> None:
        self._number += 1
        self._idle.clear()

    def __exit__(self, *_: object) -> None:
        self._number -= 1
        if not self._number:
            self._idle.set()

    async def finished(self, seconds: float) -> None:
        """Wait until no request is in flight, for at most `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": GOING_AWAY})
        return
    error = {
        "message": _SENTENCE,
        "extensions": {"code": "ENDING", "retryAfter": RETRY_AFTER_SECONDS},
    }
    headers = {
        "Retry-After": str(RETRY_AFTER_SECONDS),
        "Connection": "close",
        "Cache-Control": "no-store",
    }
    await JSONResponse({"errors": [error]}, 503, headers)(scope, receive, send)
