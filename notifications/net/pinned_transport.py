"""A transport of the HTTP client that connects to checked addresses only."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import httpcore2
import httpx2

from notifications.net.pinned_backend import PinnedBackend


class _Body(httpx2.AsyncByteStream):
    """The body of a response, as the client wants it."""

    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts of the body."""
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        """End the response, whether or not all of it was read."""
        await self._response.aclose()


class PinnedTransport(httpx2.AsyncBaseTransport):
    """Connects to the very addresses that were looked up and checked; uses no proxy."""

    def __init__(self, backend: PinnedBackend, ssl_context: ssl.SSLContext | None = None) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or ssl.create_default_context(), network_backend=backend
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return its response with the body still to be read."""
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
        )
        response = await self._pool.handle_async_request(sent)
        return httpx2.Response(response.status, headers=response.headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()
