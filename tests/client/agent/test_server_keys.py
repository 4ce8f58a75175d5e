"""Keypairs of a server, and signatures whose answers are lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from countersign.agent.server_keys import ServerKeys
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, Scheme
from countersign.connection.connect import connect_async
from engine.model.algorithms import KeypairAlgorithm
from tests.client.cutting_proxy import cutting_proxy
from tests.support.agent_tools import AgentTools, agent_tools
from tests.support.world import World

pytestmark = [
    pytest.mark.long,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
DIGEST = bytes(32)
KEYPAIRS = {
    "release": KeypairAlgorithm.ECDSA_P256,
    "nightly": KeypairAlgorithm.RSA_PSS_2048,
    "future": KeypairAlgorithm.ML_DSA_65,
}


@pytest.fixture
def tools(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AgentTools]:
    with agent_tools(world, tmp_path, KEYPAIRS) as tools:
        for name in ("COUNTERSIGN_URL", "COUNTERSIGN_TOKEN"):
            monkeypatch.setenv(name, tools.environment[name])
        yield tools


async def keys(*aliases: str) -> list[AgentKey]:
    async with connect_async() as connection:
        return list(await ServerKeys(connection, aliases or None).keys())


async def sign_at_once(count: int) -> list[bytes]:
    async with connect_async() as connection:
        server = ServerKeys(connection)
        calls = (server.sign("release", DIGEST, DigestAlgorithm.SHA256) for _ in range(count))
        return await asyncio.gather(*calls)


async def test_keypairs_are_those_that_tools_can_use(tools: AgentTools) -> None:
    # ML-DSA is in none of the protocols of the agent.
    everything = await keys()
    assert [key.alias for key in everything] == ["nightly", "release", "spare", "vault"]
    assert everything[0].scheme is Scheme.RSA_PSS
    assert [key.alias for key in await keys("Release", "unknown")] == ["release"]


async def test_lost_answers_use_no_second_signature(
    tools: AgentTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_id = tools.open_release("release", 8)
    port = urlsplit(tools.environment["COUNTERSIGN_URL"]).port
    assert port
    with cutting_proxy(port, [0, 100, 300]) as proxy:
        monkeypatch.setenv("COUNTERSIGN_URL", f"http://127.0.0.1:{proxy.port}")
        signatures = await sign_at_once(4)
    assert proxy.connections == 4
    assert len(set(signatures)) == 4
    assert tools.world.release(release_id).signatures_used == 4
