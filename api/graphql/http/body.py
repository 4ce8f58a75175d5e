"""A request's body: within its limits, and JSON that can be read."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from cross_web import StarletteRequestAdapter
from starlette.requests import Request

from api.graphql.limits.config import Limits
from api.graphql.limits.errors import LIMIT_EXCEEDED, TIMED_OUT
from api.graphql.limits.literals import DIGITS, digits_of
from api.web.http.bodies import IncompleteError, TooLargeError, TooSlowError, body_of
from api.web.http.refusals import RefusedError

#: Levels of lists and objects inside of each other, in a body.
MAX_JSON_DEPTH = 64


class Body(StarletteRequestAdapter):
    """Reads a body within its limits of size and time, once for each request."""

    def __init__(self, request: Request, limits: Limits) -> None:
        super().__init__(request)
        self._limits = limits

    async def get_body(self) -> bytes:
        """Return the body; refuses one that is too large, too slow or incomplete."""
        limits, state = self._limits, self._request.state
        if hasattr(state, "body"):
            return bytes(state.body)
        try:
            state.body = await body_of(self._request, limits.body_bytes, limits.body_seconds)
        except IncompleteError as gone:
            raise RefusedError(400, "BAD_REQUEST", "The body ended too soon.") from gone
        except TooLargeError as large:
            raise _too_large(large.size, limits.body_bytes) from large
        except TooSlowError as slow:
            raise _too_slow(limits.body_seconds) from slow
        return bytes(state.body)


def _too_large(size: int, most: int) -> RefusedError:
    message = f"The body is too large: {size} bytes or more, {most} are allowed."
    limit = {"limit": "body_bytes", "allowed": most, "actual": size}
    return RefusedError(413, LIMIT_EXCEEDED, message, **limit)


def _too_slow(seconds: float) -> RefusedError:
    message = f"The body took more than {seconds:g} s to arrive. Nothing was done."
    limit = {"limit": "body_seconds", "allowed": seconds}
    return RefusedError(408, TIMED_OUT, message, **limit)


def read_message(text: str | bytes, most: int) -> Any:
    """Return a WebSocket's message as JSON; its size is limited like that of a body."""
    size = len(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
    if size > most:
        message = f"The message is too large: {size} bytes, {most} are allowed."
        raise RefusedError(413, LIMIT_EXCEEDED, message)
    return read_json(text)


def read_json(data: str | bytes) -> Any:
    """Return JSON's value; refuses malformed JSON, too deep nesting and invalid Unicode."""
    try:
        # Some programs begin with a byte order mark, which a reader may ignore (RFC 8259, 8.1).
        text = (data.decode("utf-8") if isinstance(data, bytes) else data).removeprefix("\ufeff")
        value = json.loads(text, parse_constant=_no_constant, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "BAD_REQUEST", "This is not JSON that can be read.") from error
    # Only an escape can make half a character.
    _check(value, look_at_text="\\u" in text)
    return value


def _integer(text: str) -> int:
    digits = digits_of(text)
    if digits > DIGITS:
        message = f"Too long an integer: {digits} digits, {DIGITS} are allowed."
        limit = {"limit": "digits", "allowed": DIGITS, "actual": digits}
        raise RefusedError(400, LIMIT_EXCEEDED, message, **limit)
    return int(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check(value: Any, *, look_at_text: bool) -> None:
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth > MAX_JSON_DEPTH:
                _too_deep(depth)
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            waiting.extend((part, depth + 1) for part in parts)
        elif look_at_text and isinstance(value, str):
            _check_text(value)


def _too_deep(depth: int) -> NoReturn:
    message = f"Too deep JSON: {depth} levels or more, {MAX_JSON_DEPTH} are allowed."
    limit = {"limit": "json_depth", "allowed": MAX_JSON_DEPTH, "actual": depth}
    raise RefusedError(400, LIMIT_EXCEEDED, message, **limit)


def _check_text(text: str) -> None:
    # It has no UTF-8, so it could be neither stored nor answered.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RefusedError(400, "BAD_REQUEST", "Text has half of a character in it.") from error
