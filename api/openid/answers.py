"""HTTP requests to an OpenID provider, with a limit for everything that it can send."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import dataclass
from typing import Any

import httpx2

from api.openid.errors import ProviderError

#: Seconds for one whole answer, however slowly its parts arrive.
ANSWER_SECONDS = 10.0
#: Bytes of one answer, before and after decompression.
ANSWER_BYTES = 1024 * 1024
#: Content codings that are decompressed here, where the result can be limited.
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_WINDOW_BITS = 47  # zlib finds out itself whether it is gzip or zlib


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the provider."""

    url: str
    status: int
    content_type: str
    location: str | None
    #: The JSON object; None where the body is anything else.
    document: dict[str, Any] | None

    @property
    def is_success(self) -> bool:
        """Return whether the status says that the request succeeded."""
        return 200 <= self.status < 300

    def facts(self) -> dict[str, object]:
        """Return what the log says about the response."""
        facts: dict[str, object] = {"url": self.url, "status": self.status}
        if self.location is not None:
            return facts | {"location": self.location}
        return facts if self.document is not None else facts | {"content_type": self.content_type}


class _TooLargeError(Exception):
    """A response, or what it decompresses to, is larger than allowed."""


async def fetch_document(
    url: str, what: str, *, transport: httpx2.AsyncBaseTransport | None = None
) -> dict[str, Any]:
    """Return a JSON object that the provider publishes.

    Args:
        url: Where it is.
        what: What the log calls it, with an article and a capital letter.
        transport: How to connect; it is closed afterwards. None: as the environment says.

    Raises:
        ProviderError: There is no such object.
    """
    answer = await ask(url, what, transport=transport)
    if not answer.is_success:
        raise ProviderError(f"{what} could not be fetched.", answer.facts())
    if answer.document is None:
        raise ProviderError(f"{what} is no JSON object.", answer.facts())
    return answer.document


async def ask(
    url: str,
    what: str,
    *,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Answer:
    """Send a GET, or a POST if there is a form; redirects are not followed.

    Raises:
        ProviderError: There was no answer in time, or too large a one.
    """
    sent = {"Accept": "application/json", "Accept-Encoding": "identity"} | (headers or {})
    try:
        client = httpx2.AsyncClient(timeout=None, transport=transport)
        async with asyncio.timeout(ANSWER_SECONDS), client:
            method = "GET" if form is None else "POST"
            async with client.stream(method, url, data=form, headers=sent) as response:
                body = _decoded(response, await _received(response))
    except _TooLargeError as error:
        raise ProviderError(
            f"{what} is too large.", {"url": url, "expected": f"at most {ANSWER_BYTES} bytes"}
        ) from error
    except Exception as error:  # whatever the library makes of a foreign answer
        raise ProviderError(
            f"{what} could not be fetched.",
            {"url": url, "exception": type(error).__name__},
            may_be_outdated=True,
        ) from error
    return Answer(
        url=url,
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        location=response.headers.get("location"),
        document=_object(body),
    )


async def _received(response: httpx2.Response) -> bytes:
    received = bytearray()
    async for part in response.aiter_raw():
        received += part
        if len(received) > ANSWER_BYTES:
            raise _TooLargeError
    return bytes(received)


def _decoded(response: httpx2.Response, body: bytes) -> bytes:
    """Return the body without its content coding; one with an unknown coding as it is."""
    if response.headers.get("content-encoding", "").strip().lower() not in _CODINGS:
        return body
    decoded = zlib.decompressobj(_WINDOW_BITS).decompress(body, ANSWER_BYTES + 1)
    if len(decoded) > ANSWER_BYTES:
        raise _TooLargeError
    return decoded


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
