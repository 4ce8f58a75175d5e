"""GraphQL operations over HTTP, sent again where that does no harm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Self

import httpx2

from countersign.connection import wire
from countersign.connection.credentials import Credential, Credentials
from countersign.connection.retry import RetryLimits
from countersign.connection.user_agent import user_agent
from countersign.errors import NotSignedInError, TransientError
from countersign.operations.operation import Operation

#: The server takes up to 20 seconds for an operation, and a signer may be slow.
TIMEOUT = httpx2.Timeout(60.0, connect=10.0)
#: How long an operation is sent again before it fails.
RETRY_SECONDS = 60.0
#: The same for a program that a tool waits for, until a server has answered it once: nothing has
#: begun that would be lost, and the URL may be wrong.
START_SECONDS = 10.0


class Connection:
    """A connection for programs without an event loop. Any number of threads may share it.

    Until the server has answered once, a name that cannot be resolved is looked up again for a
    short time only.
    """

    def __init__(
        self, server: str, credentials: Credentials, *, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self.server = server
        self.credentials = credentials
        self._limits = RetryLimits(retry_seconds, retry_seconds)
        self.http = httpx2.Client(
            base_url=server, timeout=TIMEOUT, headers={"User-Agent": user_agent()}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self.http.close()

    def run(self, operation: Operation, **variables: Any) -> dict[str, Any]:
        """Run an operation and return its data.

        Raises:
            ClientError: It failed, also when it was sent again.
        """
        plan = self._limits.plan(is_repeatable=operation.is_repeatable)
        while True:
            try:
                return self.run_once(operation, variables)
            except TransientError as error:
                time.sleep(plan.delay_after(error))

    def change(self, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
        """Run a mutation with its input and return its payload.

        Raises:
            RefusedError: The server refused, and nothing has changed.
            ClientError: It failed.
        """
        plan = self._limits.plan(is_repeatable=operation.is_repeatable)
        while True:
            try:
                return wire.payload_of(self.run_once(operation, {"input": values}))
            except TransientError as error:
                time.sleep(plan.delay_after(error))

    def pages(self, operation: Operation, **variables: Any) -> Iterator[dict[str, Any]]:
        """Yield every row of a list, whose query has the variable `after`."""
        after: str | None = None
        while True:
            (page,) = self.run(operation, **variables, after=after).values()
            yield from (edge["node"] for edge in page["edges"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def run_once(self, operation: Operation, variables: dict[str, Any]) -> dict[str, Any]:
        """Run an operation without sending it again when it fails."""
        credential = self.credentials.current()
        try:
            return self._send(credential, operation, variables)
        except NotSignedInError:
            if not self.credentials.renew(credential):
                raise
            return self._send(self.credentials.current(), operation, variables)

    def _send(
        self, credential: Credential, operation: Operation, variables: dict[str, Any]
    ) -> dict[str, Any]:
        headers, body = wire.headers_of(credential.secret), wire.body_of(operation, variables)
        try:
            response = self.http.post(wire.PATH, headers=headers, json=body)
        except httpx2.TransportError as error:
            raise wire.unreachable(self.server, error) from error
        with credential.explained():
            data = wire.data_of(response)
        self._limits.has_answered = True
        return data


class AsyncConnection:
    """A connection for programs with an event loop.

    Until the server has answered once, an operation is sent again for a short time only.
    """

    def __init__(
        self, server: str, credentials: Credentials, *, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self.server = server
        self.credentials = credentials
        self._limits = RetryLimits(retry_seconds, min(retry_seconds, START_SECONDS))
        self.http = httpx2.AsyncClient(
            base_url=server, timeout=TIMEOUT, headers={"User-Agent": user_agent()}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections to the server."""
        await self.http.aclose()

    async def run(self, operation: Operation, **variables: Any) -> dict[str, Any]:
        """Run an operation and return its data, as `Connection.run` does."""
        plan = self._limits.plan(is_repeatable=operation.is_repeatable)
        while True:
            try:
                return await self.run_once(operation, variables)
            except TransientError as error:
                await asyncio.sleep(plan.delay_after(error))

    async def change(self, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
        """Run a mutation with its input and return its payload, as `Connection.change` does."""
        plan = self._limits.plan(is_repeatable=operation.is_repeatable)
        while True:
            try:
                return wire.payload_of(await self.run_once(operation, {"input": values}))
            except TransientError as error:
                await asyncio.sleep(plan.delay_after(error))

    async def run_once(self, operation: Operation, variables: dict[str, Any]) -> dict[str, Any]:
        """Run an operation without sending it again when it fails."""
        # Looking a credential up may ask a keyring or another service.
        credential = await asyncio.to_thread(self.credentials.current)
        try:
            return await self._send(credential, operation, variables)
        except NotSignedInError:
            if not await asyncio.to_thread(self.credentials.renew, credential):
                raise
            return await self._send(self.credentials.current(), operation, variables)

    async def _send(
        self, credential: Credential, operation: Operation, variables: dict[str, Any]
    ) -> dict[str, Any]:
        headers, body = wire.headers_of(credential.secret), wire.body_of(operation, variables)
        try:
            response = await self.http.post(wire.PATH, headers=headers, json=body)
        except httpx2.TransportError as error:
            raise wire.unreachable(self.server, error) from error
        with credential.explained():
            data = wire.data_of(response)
        self._limits.has_answered = True
        return data
