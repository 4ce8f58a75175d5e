"""What the README says to paste works, from a fresh account to an approved release."""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import build_system
from api.readiness import open_database
from api.settings import Settings
from engine.commands.api_tokens import create_token_as_operator
from engine.commands.create_account import create_account
from engine.persistence.migrate import migrate
from engine.system import System
from engine.vocabulary import Permission

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
PLACEHOLDER = re.compile(r"<(\w+)>")
#: Who sends a block, by what it asks for; everything else is the administrator's.
SENDERS = {
    "createRelease": "dev@example.com",
    "sign": "dev@example.com",
    "approveRelease": "lea@example.com",
}
ADMIN = "admin@example.com"


class Reader:
    """Sends one block after the other, and fills in the ids that earlier ones answered."""

    def __init__(self, client: TestClient, system: System) -> None:
        self._client, self._system = client, system
        self.ids: dict[str, str] = {}

    def send(self, block: str) -> dict[str, Any]:
        asked = next((name for name in SENDERS if f"{name}(" in block), "")
        email = SENDERS.get(asked, ADMIN)
        made = create_token_as_operator(self._system, "Acme", email, "trial", frozenset(Permission))
        query = PLACEHOLDER.sub(lambda found: self.ids[found[1]], block)
        headers = {"Authorization": f"Bearer {made[2].secret}"}
        answer = self._client.post("/graphql", json={"query": query}, headers=headers).json()
        assert "errors" not in answer, (block, answer["errors"])
        data: dict[str, Any] = answer["data"]
        self._keep(data)
        return data

    def _keep(self, data: dict[str, Any]) -> None:
        for field, payload in data.items():
            for kind, thing in payload.items():
                if isinstance(thing, dict) and "id" in thing:
                    self.ids[field if kind == "user" else kind] = thing["id"]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(f"sqlite:///{tmp_path / 'countersign.db'}"),
        smtp_url=SecretStr("smtp://127.0.0.1:1?tls=none"),
        mail_from="Countersign <countersign@example.com>",
        public_url="http://127.0.0.1:8000",
        secret_key=SecretStr(secrets.token_urlsafe(32)),
        master_key=SecretStr(base64.b64encode(os.urandom(32)).decode()),
    )
    database = open_database(settings)
    migrate(database)
    system = build_system(settings, database)
    create_account(system, "Acme", ADMIN)
    app = create_app(settings, worker=False)
    with TestClient(app, base_url=settings.public_url) as client:
        yield Reader(client, system)
    database.dispose()


def test_the_blocks_lead_from_a_fresh_account_to_an_approved_release(reader: Reader) -> None:
    data = {name: told for block in BLOCKS for name, told in reader.send(block).items()}

    (team,) = (edge["node"] for edge in data["teams"]["edges"])
    assert [person["name"] for person in team["members"]] == ["Dev Dean", "Lea Lead"]
    assert data["createRelease"]["release"]["status"] == "PENDING"
    assert data["approveRelease"]["release"]["status"] == "APPROVED"
    # Its window is years ahead.
    assert [error["code"] for error in data.pop("sign")["errors"]] == ["OUTSIDE_WINDOW"]
    assert all(payload.get("errors", []) == [] for payload in data.values())
