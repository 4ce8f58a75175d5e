"""200 concurrent `sign` calls over real HTTP against 50 signatures, on both databases."""

import asyncio
from base64 import b64encode
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.support.callers import SIGN, Caller, gather_crowd, open_release
from tests.support.running import init, run, serving, settings

#: Each starts servers of its own.
pytestmark = pytest.mark.long

CALLS, MAXIMUM = 200, 50


@pytest.mark.timeout(120)
async def test_exactly_the_maximum_is_signed(database_url: str, tmp_path: Path) -> None:
    environment = settings(database_url)
    admin_token = init(environment, tmp_path)["token"]
    with serving(environment, tmp_path) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            crowd = await gather_crowd(Caller(client, admin_token), environment, tmp_path, "vault")
            release = await open_release(client, crowd, MAXIMUM)
            dev = Caller(client, crowd.tokens["dev"])
            digest = b64encode(bytes(32)).decode()
            input_ = {"keypairId": crowd.keypairs[0], "digest": digest}
            answers = await asyncio.gather(*(dev.ask(SIGN, input=input_) for _ in range(CALLS)))
            payloads = [answer["sign"] for answer in answers]
            signatures = [p["signature"] for p in payloads if p["signature"]]
            refused = Counter(e["code"] for p in payloads for e in p["errors"])
            assert len(signatures) == len({s["id"] for s in signatures}) == MAXIMUM
            assert all(s["value"] and s["release"]["id"] == release for s in signatures)
            assert refused == {"QUOTA_EXHAUSTED": CALLS - MAXIMUM}
            query = "query ($id: ID!) { release(id: $id) { signaturesUsed signaturesLeft } }"
            counted = (await dev.ask(query, id=release))["release"]
            assert counted == {"signaturesUsed": MAXIMUM, "signaturesLeft": 0}
    verified = run(environment, tmp_path, "ledger", "verify").stdout
    assert "The ledger holds" in verified
