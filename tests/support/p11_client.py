"""A client of p11-kit's remoting protocol, written apart from the agent's side of it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from countersign.agent.p11.connection import TokenServer
from countersign.agent.signing_keys import KeySigner
from tests.support.waiting import WAIT_LIMIT_SECONDS

HANDSHAKE = b"PRIVATE-GNOME-KEYRING-PKCS11-PROTOCOL-V-1"
SERIAL_SESSION = 4


def u32(number: int) -> bytes:
    return struct.pack(">I", number)


def u64(number: int) -> bytes:
    return struct.pack(">Q", number)


def counted(content: bytes) -> bytes:
    return u32(len(content)) + content


def byte_array(content: bytes) -> bytes:
    return b"\1" + counted(content)


def body(call_id: int, signature: str, *arguments: bytes) -> bytes:
    """The body of a call."""
    return u32(call_id) + counted(signature.encode()) + b"".join(arguments)


INITIALIZE = body(1, "ayyay", byte_array(HANDSHAKE), b"\0", byte_array(b"\0"))


class TokenError(Exception):
    """The token answered with an error of PKCS#11."""

    def __init__(self, value: int) -> None:
        super().__init__(f"{value:#x}")
        self.value = value


@dataclass
class TokenConnection:
    """A connection to the token, and what the agent said to the person."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    notices: list[tuple[str, str]]
    last_code: int = 0x10
    waiting: dict[int, bytes] = field(default_factory=dict)

    def send(self, call_body: bytes) -> int:
        """Send a call; answers its code."""
        self.last_code += 1
        options = b"token"
        header = struct.pack(">III", self.last_code, len(options), len(call_body))
        self.writer.write(header + options + call_body)
        return self.last_code

    async def receive(self, code: int) -> bytes:
        """The result of a call: what comes after the signature."""
        while code not in self.waiting:
            header = await self.reader.readexactly(12)
            number, options_bytes, body_bytes = struct.unpack(">III", header)
            assert options_bytes == 0
            self.waiting[number] = await self.reader.readexactly(body_bytes)
        answer = self.waiting.pop(code)
        call_id, signature_bytes = struct.unpack(">II", answer[:8])
        values = answer[8 + signature_bytes :]
        if call_id == 0:
            raise TokenError(int.from_bytes(values))
        return values

    async def call(self, call_id: int, signature: str, *arguments: bytes) -> bytes:
        """One call and its result."""
        return await self.receive(self.send(body(call_id, signature, *arguments)))

    async def open_session(self) -> int:
        return int.from_bytes(await self.call(10, "uu", u64(1), u64(SERIAL_SESSION)))

    async def find(self, session: int, *template: bytes) -> list[int]:
        """The handles of the objects that match."""
        await self.call(26, "uaA", u64(session), u32(len(template)), *template)
        answer = await self.call(27, "ufu", u64(session), u32(100))
        await self.call(28, "u", u64(session))
        return [number for (number,) in struct.iter_unpack(">Q", answer[5:])]

    async def find_private_key(self, session: int, alias: str) -> int:
        """The handle of a private key."""
        of_class = u32(0) + b"\1" + u32(8) + u64(3)
        of_label = u32(3) + b"\1" + u32(len(alias)) + counted(alias.encode())
        [handle] = await self.find(session, of_class, of_label)
        return handle

    async def sign_init(self, session: int, key: int, mechanism: bytes) -> None:
        """Begin a signature with a mechanism in its bytes on the wire."""
        await self.call(42, "uMu", u64(session), mechanism, u64(key))

    async def sign(self, session: int, content: bytes, room: int = 1024) -> bytes:
        """One signature, without what is around it."""
        answer = await self.call(43, "uayfy", u64(session), byte_array(content), u32(room))
        return answer[5:] if answer[0] else answer


@asynccontextmanager
async def token_connection(
    signer: KeySigner, *, initialized: bool = True, server: TokenServer | None = None
) -> AsyncIterator[TokenConnection]:
    """A client of a token in this process, over a pair of sockets."""
    ours, theirs = socket.socketpair()
    notices: list[tuple[str, str]] = []
    server_streams = await asyncio.open_connection(sock=theirs)
    serving = asyncio.create_task(
        (server or TokenServer(signer)).serve(*server_streams, lambda *words: notices.append(words))
    )
    reader, writer = await asyncio.open_connection(sock=ours)
    writer.write(b"\2")
    assert await reader.readexactly(1) == b"\0"
    connection = TokenConnection(reader, writer, notices)
    if initialized:
        await connection.receive(connection.send(INITIALIZE))
    try:
        yield connection
    finally:
        writer.close()
        await asyncio.wait_for(serving, timeout=WAIT_LIMIT_SECONDS)
