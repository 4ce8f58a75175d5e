"""`/metrics` for Prometheus, at an address of its own.

Not beside the pages: a proxy in front of those would show everybody how much an account signs. And
a worker has no pages, but has numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server


@contextmanager
def exposed(registry: CollectorRegistry, address: str | None) -> Iterator[int | None]:
    """Serve the registry while the block lasts; answers the port, None without an address."""
    if address is None:
        yield None
        return
    host, _, port = address.rpartition(":")
    server, thread = start_http_server(int(port), host.strip("[]"), registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
