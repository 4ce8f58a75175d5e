"""No body keeps a server waiting, and none fills it."""

from __future__ import annotations

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from api.web.http.bodies import IncompleteError, TooLargeError, TooSlowError, body_of, form_of


def request(*pieces: bytes, ends: bool = True, is_left: bool = False) -> Request:
    """A request whose body comes in pieces, and then ends, is awaited for ever, or is left."""
    waiting: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        if is_left:
            return {"type": "http.disconnect"}
        if not ends:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_a_body_has_a_size_and_a_time() -> None:
    assert await body_of(request(b"ab", b"cd"), most=4) == b"abcd"
    with pytest.raises(TooLargeError) as large:
        await body_of(request(b"ab", b"cde", ends=False), most=4)
    assert large.value.size == 5
    with pytest.raises(TooSlowError):
        await body_of(request(b"ab", ends=False), most=4, seconds=0.01)
    with pytest.raises(IncompleteError):
        await body_of(request(b"ab", is_left=True), most=4)


async def test_a_form_is_refused_with_a_status() -> None:
    assert await form_of(request(b"a=b"), most=4) == b"a=b"
    unusable = (
        (request(b"abcde"), 413),
        (request(b"ab", ends=False), 408),
        (request(b"ab", is_left=True), 400),
    )
    for sent, status in unusable:
        with pytest.raises(HTTPException) as refused:
            await form_of(sent, most=4, seconds=0.01)
        assert refused.value.status_code == status
