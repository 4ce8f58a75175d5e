"""Gives every request an id, a span of the trace, a count, and optionally a log line."""

from __future__ import annotations

import random
import re
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.observability.meter import Meter
from api.observability.tracing import span_of_request
from api.web.http.paths import path_below_mount

log = structlog.get_logger("countersign.requests")

HEADER = "X-Request-ID"
EVENTS = "text/event-stream"
#: What an id from outside may look like: nothing that could forge a line of a log.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
#: The first part of a path, and the face behind it. Paths are not written: links have tokens.
_FACES = {
    "graphql": "graphql",
    "decide": "decide",
    "sign-in": "sign-in",
    "sign-out": "sign-in",
    "device": "sign-in",
    "oauth": "oauth",
    "scim": "scim",
    "assets": "dashboard",
    "downloads": "downloads",
    "healthz": "health",
    "readyz": "health",
}


@dataclass(slots=True)
class Answered:
    """What is known of a response once it has begun."""

    status: int = 500
    streams: bool = False


class ObservedRequests:
    """Middleware that observes every request; the outermost one."""

    def __init__(self, app: ASGIApp, *, meter: Meter, log_requests: bool) -> None:
        self._app = app
        self._meter = meter
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the application, and observe it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        id_, started, answered = request_id(scope), time.perf_counter(), Answered()
        face = face_of(scope)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[HEADER] = id_
                answered.status = message["status"]
                answered.streams = headers.get("content-type", "").startswith(EVENTS)
            await send(message)

        span: Any = nullcontext()
        if self._meter.tracer is not None:
            span = span_of_request(self._meter.tracer, scope, face, id_)
        with structlog.contextvars.bound_contextvars(request_id=id_), span:
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                self._count(scope, face, answered, time.perf_counter() - started)

    def _count(self, scope: Scope, face: str, answered: Answered, seconds: float) -> None:
        if scope["type"] != "http":  # a websocket lasts as long as somebody listens
            return
        # So does a stream of events.
        self._meter.answered(face, answered.status, None if answered.streams else seconds)
        if self._log_requests:
            log.info(
                "request",
                face=face,
                method=scope["method"],
                status=answered.status,
                milliseconds=round(seconds * 1000, 1),
            )


def face_of(scope: Scope) -> str:
    """Return the part of the application that a path belongs to, as a label of metrics."""
    return _FACES.get(path_below_mount(scope).strip("/").partition("/")[0], "other")


def request_id(scope: Scope) -> str:
    """Return the caller's id of the request if it is well formed, otherwise a new one."""
    request_header = Headers(scope=scope).get(HEADER, "")
    if _ID.fullmatch(request_header):
        return request_header
    # It proves nothing. To ask the system for it would give other threads the interpreter.
    return f"{random.getrandbits(64):016x}"
