"""The end of a server, without harm: what is under way is finished, and nothing new begun."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Seconds after which to ask again: by then another process answers.
RETRY = 2
#: "Going away", of a websocket.
GOING_AWAY = 1001
_SENTENCE = "This server is ending. Send it again: another one answers."


class Draining:
    """A middleware; once `ending` is set it lets nothing new in."""

    def __init__(self, app: ASGIApp, *, ending: asyncio.Event, under_way: InFlight) -> None:
        self._app = app
        self._ending = ending
        self._under_way = under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, until the end."""
        if scope["type"] == "lifespan" or scope["path"].endswith("/healthz"):
            await self._app(scope, receive, send)
        elif self._ending.is_set():
            await _refuse(scope, receive, send)
        else:
            with self._under_way:
                if scope["type"] == "websocket":
                    await self._follow(scope, receive, send)
                else:
                    await self._app(scope, receive, send)

    async def _follow(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A websocket would last for ever: at the end its client is sent to another server."""
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
                with suppress(Exception):  # it may be gone by itself
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
    """Counts what was begun and is not finished."""

    def __init__(self) -> None:
        self._number = 0
        self._none = asyncio.Event()
        self._none.set()

    def __enter__(self) -> None:
        self._number += 1
        self._none.clear()

    def __exit__(self, *_: object) -> None:
        self._number -= 1
        if not self._number:
            self._none.set()

    async def finished(self, seconds: float) -> None:
        """Until nothing is under way, or the time is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._none.wait(), seconds)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": GOING_AWAY})
        return
    error = {"message": _SENTENCE, "extensions": {"code": "ENDING", "retryAfter": RETRY}}
    headers = {"Retry-After": str(RETRY), "Connection": "close", "Cache-Control": "no-store"}
    await JSONResponse({"errors": [error]}, 503, headers)(scope, receive, send)
