"""Serves an application in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def background_server(
    app: ASGIApp, host: str, port: int, sockets: list[socket.socket] | None = None
) -> Iterator[None]:
    """Serve while the block lasts.

    Args:
        app: What is served.
        host: Where to listen.
        port: The same.
        sockets: Sockets which listen there already; without them they are opened.
    """
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError(f"nothing could be served on port {port}")
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
