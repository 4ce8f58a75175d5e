"""200 concurrent `sign` calls over real HTTP against 50 signatures, on both databases."""

import asyncio
import json
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.running import init, run, serving, settings

CALLS, MAXIMUM = 200, 50
SIGN = """mutation ($input: SignInput!) { sign(input: $input) {
  signature { id value release { id } } errors { code } } }"""


class Caller:
    """GraphQL over HTTP with one token."""

    def __init__(self, client: httpx2.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        answer = await self._client.post("/graphql", json=body, headers=self._headers)
        told = answer.json()
        assert "errors" not in told, told
        return told["data"]

    async def change(self, mutation: str, input_: dict[str, Any], what: str) -> Any:
        kind = mutation[0].upper() + mutation[1:] + "Input"
        selected = f"{what} errors {{ code message }}"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selected} }} }}"
        payload = (await self.ask(query, input=input_))[mutation]
        assert payload["errors"] == []
        return payload


@pytest.mark.timeout(120)
async def test_exactly_the_maximum_is_signed(database_url: str, tmp_path: Path) -> None:
    environment = settings(database_url)
    admin_token = init(environment, tmp_path)["token"]
    with serving(environment, tmp_path) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            release, keypair, token = await _open_release(
                Caller(client, admin_token), client, environment, tmp_path
            )
            dev = Caller(client, token)
            digest = b64encode(bytes(32)).decode()
            asked = {"keypairId": keypair, "digest": digest}
            answers = await asyncio.gather(*(dev.ask(SIGN, input=asked) for _ in range(CALLS)))
            payloads = [answer["sign"] for answer in answers]
            made = [p["signature"] for p in payloads if p["signature"]]
            refused = Counter(e["code"] for p in payloads for e in p["errors"])
            assert len(made) == len({s["id"] for s in made}) == MAXIMUM
            assert all(s["value"] and s["release"]["id"] == release for s in made)
            assert refused == {"QUOTA_EXHAUSTED": CALLS - MAXIMUM}
            query = "query ($id: ID!) { release(id: $id) { signaturesUsed signaturesLeft } }"
            counted = (await dev.ask(query, id=release))["release"]
            assert counted == {"signaturesUsed": MAXIMUM, "signaturesLeft": 0}
    verified = run(environment, tmp_path, "ledger", "verify").stdout
    assert "The ledger holds" in verified


async def _open_release(
    admin: Caller, client: httpx2.AsyncClient, environment: dict[str, str], folder: Path
) -> tuple[str, str, str]:
    users = {}
    for name, role in (("ann", "LEAD"), ("bob", "LEAD"), ("dev", "DEVELOPER")):
        asked = {"email": f"{name}@example.com", "name": name, "roles": [role]}
        users[name] = (await admin.change("createUser", asked, "user { id }"))["user"]["id"]
    keypair_input = {"alias": "vault", "type": "OFFLINE", "algorithm": "ECDSA_P256"}
    keypair = (await admin.change("createKeypair", keypair_input, "keypair { id }"))["keypair"]
    team_input = {
        "name": "blue",
        "memberIds": list(users.values()),
        "keypairIds": [keypair["id"]],
        "requiredApprovals": 2,
    }
    team = (await admin.change("createTeam", team_input, "team { id }"))["team"]["id"]
    tokens = {name: _token(environment, folder, name) for name in users}
    now = datetime.now(UTC)
    release_input = {
        "name": "Falcon 1.0",
        "type": "OFFLINE",
        "teamId": team,
        "keypairIds": [keypair["id"]],
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "maxSignatures": MAXIMUM,
    }
    dev = Caller(client, tokens["dev"])
    release = (await dev.change("createRelease", release_input, "release { id }"))["release"]
    for name in ("ann", "bob"):
        decision = {"id": release["id"], "revision": 1}
        approved = await Caller(client, tokens[name]).change(
            "approveRelease", decision, "release { status }"
        )
    assert approved["release"]["status"] == "IN_PROGRESS"
    return release["id"], keypair["id"], tokens["dev"]


def _token(environment: dict[str, str], folder: Path, name: str) -> str:
    words = ("token", "create", "--user", f"{name}@example.com", "--name", "test", "--json")
    scopes = ("APPROVE_RELEASE", "REQUEST_RELEASE", "SIGN", "VIEW_RELEASES")
    flags = [word for scope in scopes for word in ("--scope", scope)]
    token: str = json.loads(run(environment, folder, *words, *flags).stdout)["token"]
    return token
