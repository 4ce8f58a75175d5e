"""A proxy on this machine that cuts connections before the answer has gone through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK_BYTES = 65536


class CuttingProxy:
    """Forwards connections; of the first ones it loses the answer after some bytes.

    Args:
        target_port: Where the server listens.
        cuts: For each connection from the first on, after how many bytes of the answer it is cut.
            All further connections are forwarded whole.
    """

    def __init__(self, target_port: int, cuts: list[int]) -> None:
        self._target = ("127.0.0.1", target_port)
        self._cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            limit = self._cuts[self.connections] if self.connections < len(self._cuts) else None
            self.connections += 1
            threading.Thread(target=self._forward, args=(client, limit), daemon=True).start()

    def _forward(self, client: socket.socket, limit: int | None) -> None:
        with client, socket.create_connection(self._target) as server:
            up = threading.Thread(target=_copy, args=(client, server, None), daemon=True)
            up.start()
            _copy(server, client, limit)
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            up.join()

    def close(self) -> None:
        """Accept no further connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _copy(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    copied = 0
    with suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            copied += len(chunk)
            if limit is not None and copied > limit:
                return
            target.sendall(chunk)


@contextmanager
def cutting_proxy(target_port: int, cuts: list[int]) -> Iterator[CuttingProxy]:
    """A proxy until the block ends."""
    proxy = CuttingProxy(target_port, cuts)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
