"""The bytes of calls are bounded over all connections of the agent."""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import AsyncExitStack
from functools import cached_property

import pytest

from countersign.agent.p11 import connection as p11_connection
from countersign.agent.p11.connection import TokenServer
from countersign.agent.signing_keys import DigestAlgorithm
from tests.support.agent_keys import KeysInMemory, keys_in_memory
from tests.support.p11_client import TokenConnection, body, byte_array, token_connection, u32, u64
from tests.support.waiting import until

ECDSA_SHA256 = u32(0x1044)
CONTENT = bytes(100_000)


class WaitingKeys(KeysInMemory):
    """Signs nothing until the test lets it, as while a release has not opened."""

    waiting = 0

    async def sign(self, alias: str, content: bytes, hashed_by: DigestAlgorithm | None) -> bytes:
        self.waiting += 1
        await self.opened.wait()
        return await super().sign(alias, content, hashed_by)

    @cached_property
    def opened(self) -> asyncio.Event:
        return asyncio.Event()


def bytes_held_by_the_agent() -> int:
    """What its modules have in memory, and what was read from sockets."""
    files = (asyncio.streams.__file__, "*/countersign/agent/*")
    snapshot = tracemalloc.take_snapshot()
    kept = snapshot.filter_traces(
        [tracemalloc.Filter(inclusive=True, filename_pattern=file) for file in files]
    )
    return sum(statistic.size for statistic in kept.statistics("filename"))


async def sign_content(connection: TokenConnection) -> None:
    session = await connection.open_session()
    key = await connection.find_private_key(session, "ecdsa-p256")
    await connection.sign_init(session, key, ECDSA_SHA256)
    assert len(await connection.sign(session, CONTENT)) == 64


async def test_calls_that_wait_for_a_release_hold_no_bytes() -> None:
    ready = keys_in_memory("ECDSA_P256")
    keys = WaitingKeys(ready.private_keys, ready.key_list)
    server = TokenServer(keys, max_held_bytes=len(CONTENT) + 1000)
    async with AsyncExitStack() as clients:
        connections = [
            await clients.enter_async_context(token_connection(keys, server=server))
            for _ in range(8)
        ]
        tracemalloc.start()
        try:
            calls = asyncio.gather(*map(sign_content, connections))
            await asyncio.to_thread(until, lambda: keys.waiting == 8)
            held_bytes = bytes_held_by_the_agent()
        finally:
            tracemalloc.stop()
        keys.opened.set()
        await calls
    assert held_bytes < len(CONTENT)
    assert len(keys.signed) == 8


async def test_a_call_waits_for_the_bytes_of_another_connection() -> None:
    keys = keys_in_memory("ECDSA_P256")
    server = TokenServer(keys, max_held_bytes=len(CONTENT) + 1000)
    no_call = body(99, "", CONTENT)
    async with (
        token_connection(keys, server=server) as slow,
        token_connection(keys, server=server) as signing,
    ):
        slow.writer.write(u32(99) + u32(0) + u32(len(no_call)) + no_call[:1000])
        await asyncio.to_thread(until, lambda: server._budget._free_bytes < len(CONTENT))
        call = asyncio.create_task(sign_content(signing))
        await asyncio.to_thread(until, server._budget._turn.locked)
        assert keys.signed == []
        slow.writer.write(no_call[1000:])
        await call
    assert len(keys.signed) == 1


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
