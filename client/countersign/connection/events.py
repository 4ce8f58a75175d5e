"""Subscriptions as server-sent events, over as many connections as it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2

from countersign.connection import wire
from countersign.connection.credentials import Credential
from countersign.connection.graphql import Connection
from countersign.connection.retry import MAX_DELAY_SECONDS
from countersign.errors import NotSignedInError, RefusedError, TransientError
from countersign.operations.operation import Operation

#: A stream that says nothing for this long, not even that it lives, is taken for dead.
SILENCE_SECONDS = 30.0
RECONNECT_SECONDS = 0.5


class EventStream:
    """What happens, from now on and until the caller stops asking.

    Iterating yields each event as the subscription's field has it, and None whenever the caller
    should look for itself: when a connection was made, and every few seconds while nothing happens.
    After a lost connection the stream resumes at its cursor, so that no event is missed.

    Args:
        connection: The server.
        operation: A subscription with the variable `after`, whose field has a `cursor`.
        variables: Its other variables.
    """

    def __init__(self, connection: Connection, operation: Operation, **variables: Any) -> None:
        self._connection = connection
        self._operation = operation
        self._variables = variables
        self._cursor: str | None = None
        #: How long the stream may be silent before None is yielded.
        self.silence_seconds = SILENCE_SECONDS

    def __iter__(self) -> Iterator[dict[str, Any] | None]:
        delay_seconds = RECONNECT_SECONDS
        while True:
            credential = self._connection.credentials.current()
            try:
                with credential.explained():
                    for event in self._connect(credential):
                        delay_seconds = RECONNECT_SECONDS
                        yield event
            except httpx2.ReadTimeout:
                yield None
                continue
            except NotSignedInError:
                if not self._connection.credentials.renew(credential):
                    raise
            except RefusedError:
                # A restored backup has not all events that were followed: begin anew.
                if self._cursor is None:
                    raise
                self._cursor = None
                yield None
            except httpx2.TransportError as error:
                self._require_passing(error)
                yield None
            except TransientError:
                yield None
            time.sleep(delay_seconds)
            delay_seconds = min(2 * delay_seconds, MAX_DELAY_SECONDS)

    def _require_passing(self, error: httpx2.TransportError) -> None:
        """Raise what a failure of the network means, unless it may pass."""
        failure = wire.unreachable(self._connection.server, error)
        if not isinstance(failure, TransientError):
            raise failure from error

    def _connect(self, credential: Credential) -> Iterator[dict[str, Any] | None]:
        """Yield what one connection brings, until it ends."""
        headers = wire.headers_of(credential.secret) | {"Accept": "text/event-stream"}
        body = wire.body_of(self._operation, {**self._variables, "after": self._cursor})
        timeout = httpx2.Timeout(10.0, read=self.silence_seconds)
        with self._connection.http.stream(
            "POST", wire.PATH, headers=headers, json=body, timeout=timeout
        ) as response:
            if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                response.read()
                wire.data_of(response)
                return
            yield None
            data = ""
            for line in response.iter_lines():
                if line.startswith("data:"):
                    data = line.removeprefix("data:")
                elif line.startswith(":"):
                    yield None
                elif not line and data:
                    # Only now the event is whole: a proxy may end a connection within a line.
                    yield self._read(data)
                    data = ""

    def _read(self, text: str) -> dict[str, Any]:
        (event,) = wire.data_in(json.loads(text)).values()
        self._cursor = event["cursor"]
        return dict(event)
