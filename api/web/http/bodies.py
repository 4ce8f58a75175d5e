"""Reads bodies of requests with a limit of size and of time."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

#: Seconds a body may take to arrive.
SLOWEST = 15.0


class TooLargeError(Exception):
    """The body has more bytes than are allowed."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes or more")
        self.size = size


class TooSlowError(Exception):
    """The body did not arrive in time."""


class IncompleteError(Exception):
    """The client went away before all of the body had arrived."""


async def body_of(request: Request, most: int, seconds: float = SLOWEST) -> bytes:
    """Return the body, whatever its header says of its size.

    Raises:
        TooLargeError: It has too many bytes.
        TooSlowError: It does not arrive in time.
        IncompleteError: The client goes away before its end.
    """
    read = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                read += piece
                if len(read) > most:
                    raise TooLargeError(len(read))
    except TimeoutError as error:
        raise TooSlowError from error
    except ClientDisconnect as error:
        raise IncompleteError from error
    return bytes(read)


async def form_of(request: Request, most: int, seconds: float = SLOWEST) -> bytes:
    """Return the body of a form; raises HTTPException if it is too large, too slow or cut off."""
    try:
        return await body_of(request, most, seconds)
    except TooLargeError as error:
        raise HTTPException(413) from error
    except TooSlowError as error:
        raise HTTPException(408) from error
    except IncompleteError as error:
        raise HTTPException(400) from error
