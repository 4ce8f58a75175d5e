"""Bodies of requests: of bounded size, and there within a bounded time."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request

#: Seconds a body may take to arrive.
SLOWEST = 15.0


class TooLargeError(Exception):
    """More bytes than there may be."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes or more")
        self.size = size


class TooSlowError(Exception):
    """It did not arrive in time."""


async def body_of(request: Request, most: int, seconds: float = SLOWEST) -> bytes:
    """The body, whatever its header said of its size. Raises TooLargeError and TooSlowError."""
    read = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                read += piece
                if len(read) > most:
                    raise TooLargeError(len(read))
    except TimeoutError as error:
        raise TooSlowError from error
    return bytes(read)


async def form_of(request: Request, most: int, seconds: float = SLOWEST) -> bytes:
    """A page's body; HTTPException for what is too much or too slow."""
    try:
        return await body_of(request, most, seconds)
    except TooLargeError as error:
        raise HTTPException(413) from error
    except TooSlowError as error:
        raise HTTPException(408) from error
