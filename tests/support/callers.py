"""People and pipelines who use a served Countersign: GraphQL over real HTTP, with real tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from tests.support.running import run

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
        answer_body = answer.json()
        assert "errors" not in answer_body, answer_body
        return answer_body["data"]

    async def change(self, mutation: str, input_: dict[str, Any], what: str) -> Any:
        kind = mutation[0].upper() + mutation[1:] + "Input"
        selected = f"{what} errors {{ code message }}"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selected} }} }}"
        payload = (await self.ask(query, input=input_))[mutation]
        assert payload["errors"] == []
        return payload


@dataclass(frozen=True, slots=True)
class Crowd:
    """Team `blue`: ann and bob approve, dev requests and signs; keypairs; a token for each."""

    team: str
    keypairs: list[str]
    tokens: dict[str, str]
    #: Keypairs that need no release.
    online: list[str] = field(default_factory=list)


async def gather_crowd(
    admin: Caller,
    environment: dict[str, str],
    folder: Path,
    *aliases: str,
    online: Sequence[str] = (),
) -> Crowd:
    """Made over the API by the administrator; the tokens by an operator."""
    users: dict[str, str] = {}
    keypairs: dict[str, list[str]] = {"OFFLINE": [], "ONLINE": []}
    for name, role in (("ann", "LEAD"), ("bob", "LEAD"), ("dev", "DEVELOPER")):
        input_ = {"email": f"{name}@example.com", "name": name, "roles": [role]}
        users[name] = (await admin.change("createUser", input_, "user { id }"))["user"]["id"]
    for type_, names in (("OFFLINE", aliases), ("ONLINE", online)):
        for alias in names:
            input_ = {"alias": alias, "type": type_, "algorithm": "ECDSA_P256"}
            payload = await admin.change("createKeypair", input_, "keypair { id }")
            keypairs[type_].append(payload["keypair"]["id"])
    team_input = {
        "name": "blue",
        "memberIds": list(users.values()),
        "keypairIds": [*keypairs["OFFLINE"], *keypairs["ONLINE"]],
        "requiredApprovals": 2,
    }
    team = (await admin.change("createTeam", team_input, "team { id }"))["team"]["id"]
    tokens = {name: token_of(environment, folder, name) for name in users}
    return Crowd(team, keypairs["OFFLINE"], tokens, keypairs["ONLINE"])


def release_input(crowd: Crowd, keypair: str, maximum: int, **more: Any) -> dict[str, Any]:
    """A release whose window began a minute ago."""
    now = datetime.now(UTC)
    return {
        "name": "Falcon 1.0",
        "type": "OFFLINE",
        "teamId": crowd.team,
        "keypairIds": [keypair],
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "maxSignatures": maximum,
    } | more


async def open_release(client: httpx2.AsyncClient, crowd: Crowd, maximum: int) -> str:
    """Requested by dev, approved by ann and bob; open."""
    dev = Caller(client, crowd.tokens["dev"])
    input_ = release_input(crowd, crowd.keypairs[0], maximum)
    release = (await dev.change("createRelease", input_, "release { id }"))["release"]["id"]
    for name in ("ann", "bob"):
        approved = await Caller(client, crowd.tokens[name]).change(
            "approveRelease", {"id": release, "revision": 1}, "release { status }"
        )
    assert approved["release"]["status"] == "IN_PROGRESS"
    return str(release)


def token_of(environment: dict[str, str], folder: Path, name: str) -> str:
    """One that may do all that a person's roles let them."""
    words = ("token", "create", "--user", f"{name}@example.com", "--name", "test", "--json")
    scopes = ("APPROVE_RELEASE", "REQUEST_RELEASE", "SIGN", "VIEW_RELEASES")
    flags = [word for scope in scopes for word in ("--scope", scope)]
    token: str = json.loads(run(environment, folder, *words, *flags).stdout)["token"]
    return token
