"""Counts the connections of a server by client, and says whether one more is let in.

Where a limit is reached, idle connections give way to new ones, the longest idle one first.
"""

from __future__ import annotations

import resource
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from engine.logs.log_throttle import LogThrottle

log = structlog.get_logger("countersign.connections")

#: File descriptors that are not for connections of clients: the standard streams, listeners, logs,
#: connections to mail servers and webhooks; and for each connection to the database, which on
#: SQLite are three files.
RESERVED_FILES = 80
FILES_OF_DATABASE_CONNECTION = 3
FEWEST_CONNECTIONS = 16
#: Of all connections one client has at most this share, so that there are some for others.
LARGEST_SHARE = 0.75

_SERVER_FULL = "This server has as many connections as it can hold. Try again shortly."
_CLIENT_FULL = (
    "There are too many connections from your address. Close some; behind a proxy"
    " COUNTERSIGN_CONNECTIONS_PER_CLIENT is what the proxy may hold for everybody."
)


class IdleConnection(Protocol):
    """A connection whose client has no request under way."""

    def give_way(self) -> bool:
        """Count it down and close it; returns False where it would stay open for its client."""


@dataclass(slots=True)
class ConnectionLimits:
    """Counts the open connections, WebSockets included, and says whether one more is let in."""

    total: int
    per_client: int
    #: Seconds from the beginning of a request until its headers are there.
    header_seconds: float
    #: So long a refused connection waits for its client to send a request, and then to close it:
    #: the answer to a request that was not read would be lost when the connection is reset.
    refused_seconds: float = 5.0
    #: A connection is ended when its client reads nothing of what is there for it in such a time.
    unread_seconds: float = 30.0
    _open: Counter[str] = field(default_factory=Counter)
    _refused: LogThrottle = field(default_factory=LogThrottle)
    #: The client of each idle connection, the longest idle one first.
    _idle: dict[IdleConnection, str] = field(default_factory=dict)
    #: Refused connections that wait for their clients.
    waiting: int = 0

    def admit(self, network: str) -> str | None:
        """Count a connection of this client; or say why it is not let in, and count nothing."""
        fault = self._fault(network)
        if fault is not None and self._end_idle(network if fault is _CLIENT_FULL else None):
            fault = self._fault(network)
        if fault is None:
            self._open[network] += 1
            return None
        _, not_logged = self._refused.admit(fault)
        if not_logged is not None:
            log.warning("connection_refused", client=network, reason=fault, not_logged=not_logged)
        return fault

    def release(self, network: str) -> None:
        """Count down a connection that has ended."""
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]

    def add_idle(self, connection: IdleConnection, network: str) -> None:
        """Note that a connection of this client is idle from now on."""
        self._idle[connection] = network

    def discard_idle(self, connection: IdleConnection) -> None:
        """Note that a connection is not idle, or has ended."""
        self._idle.pop(connection, None)

    def held(self) -> dict[str, int]:
        """Return how many connections each client has now."""
        return dict(self._open)

    def _fault(self, network: str) -> str | None:
        if self._open[network] >= self.per_client:
            return _CLIENT_FULL
        return _SERVER_FULL if self._open.total() >= self.total else None

    def _end_idle(self, network: str | None) -> bool:
        """End the longest idle connection of a client, or of all; returns whether there is one."""
        for connection, owner in self._idle.items():
            if (network is None or owner == network) and connection.give_way():
                self.discard_idle(connection)
                return True
        return False


def connection_limits(
    *, total: int, per_client: int, header_seconds: float, pool_size: int
) -> ConnectionLimits:
    """Return the limits of the settings, lowered to what file descriptors of the process allow."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    reserved = RESERVED_FILES + FILES_OF_DATABASE_CONNECTION * (pool_size + 1)
    allowed = total
    if soft != resource.RLIM_INFINITY:
        allowed = max(FEWEST_CONNECTIONS, min(total, soft - reserved))
    if allowed < total:
        log.warning("fewer_connections_than_set", connections=allowed, file_descriptors=soft)
    share = max(1, int(allowed * LARGEST_SHARE))
    return ConnectionLimits(allowed, min(per_client, share), header_seconds)
