"""The bytes of calls are bounded over all connections of the agent."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from countersign.agent.p11 import connection as p11_connection
from countersign.agent.p11.connection import TokenServer
from countersign.agent.signing_keys import DigestAlgorithm
from tests.support.agent_keys import KeysInMemory, keys_in_memory
from tests.support.p11_client import TokenConnection, body, byte_array, token_connection, u32, u64

ECDSA_SHA256 = u32(0x1044)
CONTENT = bytes(100_000)


class SlowKeys(KeysInMemory):
    """Notes how many signatures are made at a time."""

    under_way = 0
    most_under_way = 0

    async def sign(self, alias: str, content: bytes, hashed_by: DigestAlgorithm | None) -> bytes:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(100):  # gives every other connection its turn
            await asyncio.sleep(0)
        self.under_way -= 1
        return await super().sign(alias, content, hashed_by)


async def sign_content(connection: TokenConnection) -> None:
    session = await connection.open_session()
    key = await connection.find_private_key(session, "ecdsa-p256")
    await connection.sign_init(session, key, ECDSA_SHA256)
    assert len(await connection.sign(session, CONTENT)) == 64


async def test_calls_wait_for_bytes_of_other_connections() -> None:
    ready = keys_in_memory("ECDSA_P256")
    keys = SlowKeys(ready.private_keys, ready.key_list)
    server = TokenServer(keys, max_held_bytes=2 * len(CONTENT) + 1000)
    async with AsyncExitStack() as clients:
        connections = [
            await clients.enter_async_context(token_connection(keys, server=server))
            for _ in range(8)
        ]
        await asyncio.gather(*map(sign_content, connections))
    assert len(keys.signed) == 8
    assert keys.most_under_way == 2


async def test_bytes_of_a_client_that_goes_or_stands_still_are_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = keys_in_memory("ECDSA_P256")
    server = TokenServer(keys, max_held_bytes=len(CONTENT) + 1000)
    monkeypatch.setattr(p11_connection, "BODY_SECONDS", 0.5)
    sign = body(43, "uayfy", u64(1), byte_array(CONTENT), u32(64))
    async with (
        token_connection(keys, server=server) as standing,
        token_connection(keys, server=server) as going,
        token_connection(keys, server=server) as signing,
    ):
        standing.writer.write(u32(99) + u32(0) + u32(len(sign)) + sign[:1000])
        assert await standing.reader.read() == b""
        going.writer.write(u32(99) + u32(0) + u32(len(sign)) + sign[:1000])
        going.writer.close()
        await sign_content(signing)
    assert len(keys.signed) == 1
