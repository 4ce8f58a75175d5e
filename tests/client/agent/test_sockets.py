"""Sockets of the agent are their user's alone."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from countersign.agent import sockets
from countersign.agent.sockets import Peer, listening, private_folder, sole_agent_of
from countersign.errors import ClientError


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _peer: Peer) -> None:
    writer.write(await reader.read(100))
    await writer.drain()


async def ask(path: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"hello")
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_socket_answers_its_user_and_goes_with_its_block(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    async with listening(path, echo):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await ask(path) == b"hello"
    assert not path.exists()


async def test_client_of_another_user_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "peer_of", lambda _writer: Peer(1, 4_000_000))
    async with listening(tmp_path / "socket", echo):
        assert await ask(tmp_path / "socket") == b""


async def test_kernel_says_who_is_there(tmp_path: Path) -> None:
    peers: list[Peer] = []

    async def note(_reader: asyncio.StreamReader, _writer: object, peer: Peer) -> None:
        peers.append(peer)

    async with listening(tmp_path / "socket", note):
        await ask(tmp_path / "socket")
    assert peers == [Peer(os.getpid(), os.getuid())]


def test_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "new" / "folder")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert private_folder(folder) == folder
    folder.chmod(0o750)
    with pytest.raises(PermissionError, match="mode 0700"):
        private_folder(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    folder.chmod(0o700)
    with pytest.raises(PermissionError):
        private_folder(link)


async def test_sockets_of_an_agent_that_runs_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with sole_agent_of(tmp_path):
        async with listening(path, echo):
            with (
                pytest.raises(ClientError, match=f"process {os.getpid()}, has its sockets"),
                sole_agent_of(tmp_path),
            ):
                pass
            assert await ask(path) == b"hello"
    with sole_agent_of(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
