"""Sockets that only their user can reach, and the clients behind them."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from countersign.errors import ClientError

#: Process, user and group of the other side of a socket.
_CREDENTIALS = struct.Struct("3i")
#: How many tools may be connected at a time.
MAX_CLIENTS = 256

logger = logging.getLogger("countersign.agent")


@dataclass(frozen=True, slots=True)
class Peer:
    """The process on the other side of a socket, and the user who runs it."""

    process_id: int
    user_id: int


#: Answers one client until it is gone.
ServeClient = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Peer], Awaitable[None]]


def peer_of(writer: asyncio.StreamWriter) -> Peer:
    """Return who is on the other side of a socket, as the kernel says."""
    connection = writer.get_extra_info("socket")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process_id, user_id, _group_id = _CREDENTIALS.unpack(raw)
    return Peer(process_id, user_id)


def private_folder(path: Path) -> Path:
    """Return a folder that only this user can enter; it is made if there is none.

    Raises:
        PermissionError: It belongs to somebody else, or others can enter it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or path.is_symlink():
        raise PermissionError(f"{path} has to belong to you alone (mode 0700), and does not.")
    return path


@contextmanager
def sole_agent_of(folder: Path) -> Iterator[None]:
    """Let one agent at a time have its sockets in a folder, until the block ends.

    The lock goes with the process that holds it, however that ends, so that sockets which are found
    under the lock have been left behind.

    Raises:
        ClientError: The sockets there are those of another agent, which runs.
    """
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise _already_served(folder, lock.read()) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _already_served(folder: Path, process_id: str) -> ClientError:
    message = (
        f"Another agent, process {process_id}, has its sockets in {folder}. Use the variables that"
        " it printed, end it first, or run one command with `countersign agent exec`."
    )
    return ClientError("ALREADY_SERVED", message)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _bound_socket(path: Path) -> socket.socket:
    """A socket that only this user can connect to, in the place of one that was left behind."""
    _remove(path)
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    path.chmod(0o600)
    return bound


@asynccontextmanager
async def listening(path: Path, serve: ServeClient) -> AsyncIterator[None]:
    """Listen on a socket of mode 0600 until the block ends; other users' clients are dropped."""
    free_slots = asyncio.Semaphore(MAX_CLIENTS)
    clients: set[asyncio.Task[None]] = set()

    async def serve_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            peer = peer_of(writer)
            if peer.user_id != os.getuid():
                logger.warning("client_of_other_user user=%s", peer.user_id)
                return
            async with free_slots:
                await serve(reader, writer, peer)
        finally:
            writer.close()

    def start_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.create_task(serve_client(reader, writer))
        clients.add(client)
        client.add_done_callback(clients.discard)

    server = await asyncio.start_unix_server(start_client, sock=_bound_socket(path))
    try:
        yield
    finally:
        server.close()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        _remove(path)
