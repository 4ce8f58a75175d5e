"""An installation with a team of people, set up over real HTTP; each person with a token."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.support.running import init, run, serving

ROLES = {"ann": "LEAD", "bob": "LEAD", "dev": "DEVELOPER", "eve": "DEVELOPER"}
SCOPES = ("APPROVE_RELEASE", "MANAGE_OWN_TOKENS", "REQUEST_RELEASE", "SIGN", "VIEW_RELEASES")


@dataclass
class Installation:
    """Team `blue` with the keypair `vault`: ann and bob approve, dev requests and signs."""

    environment: dict[str, str]
    folder: Path
    admin_token: str
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, name: str) -> str:
        if name not in self.tokens:
            words = ("token", "create", "--user", f"{name}@example.com", "--name", "test")
            flags = [word for scope in SCOPES for word in ("--scope", scope)]
            completed = run(self.environment, self.folder, *words, "--json", *flags)
            self.tokens[name] = json.loads(completed.stdout)["token"]
        return self.tokens[name]

    def ask(self, url: str, token: str, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        with urlopen(Request(f"{url}/graphql", body, headers), timeout=30) as answer:
            answer_body = json.load(answer)
        assert "errors" not in answer_body, answer_body
        return answer_body["data"]

    def event_cursor(self, url: str, name: str) -> str:
        """The cursor from which on the person follows what happens from now on."""
        answer = self.ask(url, self.token(name), "{ viewer { eventCursor } }")
        return str(answer["viewer"]["eventCursor"])

    def change(self, url: str, token: str, mutation: str, input_: Any, what: str) -> Any:
        kind = mutation[0].upper() + mutation[1:] + "Input"
        selected = f"{what} errors {{ code message }}"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selected} }} }}"
        payload = self.ask(url, token, query, input=input_)[mutation]
        assert payload["errors"] == []
        return payload

    def request(self, url: str, name: str, **changes: Any) -> str:
        """An offline release whose window is open already; answers its id."""
        now = datetime.now(UTC)
        input_ = {
            "name": "Falcon 1.0",
            "type": "OFFLINE",
            "teamId": self.ids["blue"],
            "keypairIds": [self.ids["vault"]],
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "maxSignatures": 100,
        }
        payload = self.change(
            url, self.token(name), "createRelease", input_ | changes, "release { id }"
        )
        id_: str = payload["release"]["id"]
        return id_

    def approve(self, url: str, name: str, release: str) -> None:
        decision = {"id": release, "revision": 1}
        self.change(url, self.token(name), "approveRelease", decision, "release { id }")

    def revoke(self, url: str, name: str) -> None:
        """The person's token, with which they ask for it themselves."""
        own = "{ apiTokens { edges { node { id } } } }"
        (edge,) = self.ask(url, self.token(name), own)["apiTokens"]["edges"]
        token = {"id": edge["node"]["id"]}
        self.change(url, self.token(name), "revokeApiToken", token, "token { id }")

    def deactivate(self, url: str, name: str) -> None:
        change = {"id": self.ids[name], "active": False}
        self.change(url, self.admin_token, "updateUser", change, "user { id }")

    def take_roles(self, url: str, name: str) -> None:
        change: dict[str, Any] = {"id": self.ids[name], "roles": []}
        self.change(url, self.admin_token, "updateUser", change, "user { id }")


def install(environment: dict[str, str], folder: Path) -> Installation:
    """`countersign init`, then people, a keypair and a team over GraphQL."""
    installation = Installation(environment, folder, init(environment, folder)["token"])
    with serving(environment, folder, "--no-worker") as server:
        for name, role in ROLES.items():
            input_: dict[str, Any] = {
                "email": f"{name}@example.com",
                "name": name.title(),
                "roles": [role],
            }
            payload = installation.change(
                server.url, installation.admin_token, "createUser", input_, "user { id }"
            )
            installation.ids[name] = payload["user"]["id"]
        input_ = {"alias": "vault", "type": "OFFLINE", "algorithm": "ED25519"}
        payload = installation.change(
            server.url, installation.admin_token, "createKeypair", input_, "keypair { id }"
        )
        installation.ids["vault"] = payload["keypair"]["id"]
        input_ = {
            "name": "blue",
            "memberIds": [installation.ids[name] for name in ("ann", "bob", "dev")],
            "keypairIds": [installation.ids["vault"]],
            "requiredApprovals": 2,
        }
        payload = installation.change(
            server.url, installation.admin_token, "createTeam", input_, "team { id }"
        )
        installation.ids["blue"] = payload["team"]["id"]
    return installation
