"""The agent's three ways to run: for a command, for a session, and for one connection."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from countersign.agent.gpg.assuan import GpgAgent
from countersign.agent.gpg.home import write_gnupg_home
from countersign.agent.notices import Notify, notify_process
from countersign.agent.p11.connection import TokenServer
from countersign.agent.signing_keys import KeySigner
from countersign.agent.sockets import Peer, ServeClient, listening, private_folder, sole_agent_of
from countersign.agent.ssh.agent import SshAgent
from countersign.agent.tool_environment import ToolFiles, command_environment
from countersign.terminal import note_failure, print_text

#: Says to a client's person why there is no signature.
NotifyPeer = Callable[[Peer], Notify]
#: Answers a client in the protocol of its socket.
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Notify], Awaitable[None]]
#: What a shell answers for a command that was ended by a signal, without its number.
SIGNAL_STATUS = 128
NOT_RUN_STATUS = 127


@asynccontextmanager
async def offering(
    signer: KeySigner, files: ToolFiles, notify_peer: NotifyPeer
) -> AsyncIterator[None]:
    """Offer the keys on the sockets in a folder until the block ends.

    Raises:
        ClientError: The server does not say which keys there are.
    """
    protocols: dict[Path, Serve] = {
        files.pkcs11_socket: TokenServer(signer).serve,
        files.ssh_socket: SshAgent(signer).serve,
        files.gpg_socket: GpgAgent(signer).serve,
    }
    files.write()
    write_gnupg_home(files.gnupg_home, await signer.keys())
    async with AsyncExitStack() as sockets:
        for path, serve in protocols.items():
            await sockets.enter_async_context(listening(path, _with_notices(serve, notify_peer)))
        yield


def _with_notices(serve: Serve, notify_peer: NotifyPeer) -> ServeClient:
    async def serve_client(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer
    ) -> None:
        await serve(reader, writer, notify_peer(peer))

    return serve_client


def _on_stderr_of(peer: Peer) -> Notify:
    return notify_process(peer.process_id)


async def run_command(
    signer: KeySigner, command: Sequence[str], notify: Notify = note_failure
) -> int:
    """Run a command that signs through the agent, and return its exit status.

    It has sockets of its own in a private folder, which goes when the command ends.
    """
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        files = ToolFiles(Path(folder))
        async with offering(signer, files, lambda _peer: notify):
            return await _run(command, command_environment(os.environ, files))


async def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    loop = asyncio.get_running_loop()
    signals: asyncio.Queue[int] = asyncio.Queue()
    # A terminal sends Ctrl-C to the command as well, which decides what to do.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, signals.put_nowait, number)
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        note_failure("NOT_RUN", f"{command[0]} cannot be run: {error.strerror}.")
        return NOT_RUN_STATUS
    passing_on = asyncio.create_task(_pass_on(signals, process))
    status = await process.wait()
    passing_on.cancel()
    return status if status >= 0 else SIGNAL_STATUS - status


async def _pass_on(signals: asyncio.Queue[int], process: asyncio.subprocess.Process) -> None:
    while True:
        process.send_signal(await signals.get())


async def serve_session(signer: KeySigner) -> None:
    """Offer the keys in the user's runtime folder until the process is told to end.

    Raises:
        ClientError: An agent does so already, or the server does not say which keys there are.
    """
    folder = private_folder(_runtime_folder() / "countersign")
    files = ToolFiles(folder)
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    async with AsyncExitStack() as session:
        session.enter_context(sole_agent_of(folder))
        await session.enter_async_context(offering(signer, files, _on_stderr_of))
        for name, value in files.variables(os.environ).items():
            print_text(f"export {name}={shlex.quote(value)}")
        await ending.wait()


def _runtime_folder() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")


async def serve_stdio(signer: KeySigner) -> None:
    """Answer the one client at the other end of standard input and output."""
    reader, writer = await _standard_streams()
    await TokenServer(signer).serve(reader, writer, note_failure)


async def _standard_streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Standard input and output: the same socket where p11-kit started this, pipes by ssh."""
    if stat.S_ISSOCK(os.fstat(sys.stdin.fileno()).st_mode):
        return await asyncio.open_connection(sock=socket.socket(fileno=os.dup(sys.stdin.fileno())))
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await loop.connect_read_pipe(lambda: protocol, sys.stdin.buffer)
    transport, writer_protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, sys.stdout.buffer
    )
    return reader, asyncio.StreamWriter(transport, writer_protocol, reader, loop)
