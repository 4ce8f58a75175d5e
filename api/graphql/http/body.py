"""A request's body: of bounded size, and JSON that can be read."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from cross_web import StarletteRequestAdapter
from starlette.requests import ClientDisconnect, Request

from api.graphql.http.refused import RefusedError
from api.graphql.limits.refusal import LIMIT_EXCEEDED

#: Lists and objects inside of each other, in a body.
DEEPEST = 64


class Body(StarletteRequestAdapter):
    """Reads no more than it may."""

    def __init__(self, request: Request, most: int) -> None:
        super().__init__(request)
        self._most = most

    async def get_body(self) -> bytes:
        """The body; refuses one that is too large, whatever its header said."""
        read = bytearray()
        try:
            async for piece in self._request.stream():
                read += piece
                if len(read) > self._most:
                    self._refuse(len(read))
        except ClientDisconnect as gone:
            raise RefusedError(400, "BAD_REQUEST", "The body ended too soon.") from gone
        return bytes(read)

    def _refuse(self, size: int) -> NoReturn:
        message = f"The body is too large: {size} bytes or more, {self._most} are allowed."
        limit = {"limit": "body_bytes", "allowed": self._most, "asked": size}
        raise RefusedError(413, LIMIT_EXCEEDED, message, **limit)


def read_json(data: str | bytes) -> Any:
    """The value; refuses what cannot be read, is too deep, or holds what is no text."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "BAD_REQUEST", "This is not JSON that can be read.") from error
    # Only an escape can make half a character.
    _check(value, look_at_text="\\u" in text)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check(value: Any, *, look_at_text: bool) -> None:
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth > DEEPEST:
                _too_deep(depth)
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            waiting.extend((part, depth + 1) for part in parts)
        elif look_at_text and isinstance(value, str):
            _check_text(value)


def _too_deep(depth: int) -> NoReturn:
    message = f"Too deep JSON: {depth} levels or more, {DEEPEST} are allowed."
    limit = {"limit": "json_depth", "allowed": DEEPEST, "asked": depth}
    raise RefusedError(400, LIMIT_EXCEEDED, message, **limit)


def _check_text(text: str) -> None:
    # It has no UTF-8, so it could be neither stored nor answered.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RefusedError(400, "BAD_REQUEST", "Text has half of a character in it.") from error
