"""The SCIM endpoints of a world, and a client with an API token of its administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from api.runtime.runtime import Runtime
from api.web.scim.routes import PATH, scim_routes
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.concurrency.executor import Executor
from engine.model.vocabulary import Permission
from engine.signing.service import SigningService
from tests.support.world import World

PUBLIC = "https://countersign.example.com"


@dataclass
class Directory:
    """A provider that keeps people and teams up to date, over HTTP."""

    world: World
    client: httpx2.AsyncClient

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any]:
        """Send a request; the status and the document of the answer."""
        answer = await self.client.request(method, f"{PATH}{path}", json=body, headers=headers)
        return answer.status_code, answer.json() if answer.content else None

    async def succeed(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        status, document = await self.call(method, path, body, **headers)
        assert status < 300, document
        return document

    async def refused(
        self, status: int, method: str, path: str, body: object = None, **headers: str
    ) -> dict[str, Any]:
        """Send a request that changes nothing; the error of the answer."""
        before = self.world.snapshot()
        answered, document = await self.call(method, path, body, **headers)
        assert answered == status, document
        assert self.world.snapshot() == before
        assert document["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert int(document["status"]) == status
        error: dict[str, Any] = document
        return error


@pytest.fixture
async def app(world: World) -> AsyncIterator[Starlette]:
    executor = Executor(world.system.database, threads=4)
    runtime = Runtime(world.system, executor, SigningService(world.system, executor))
    yield Starlette(routes=scim_routes(runtime, PUBLIC))
    executor.shutdown()


def token_of(world: World, name: str, *scopes: Permission) -> str:
    """The secret of a new token, with these scopes."""
    command = CreateApiToken(name="directory", scopes=frozenset(scopes) or None)
    return world.do(name, command).secret


@pytest.fixture
async def directory(world: World, app: Starlette) -> AsyncIterator[Directory]:
    headers = {"Authorization": f"Bearer {token_of(world, 'admin')}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=PUBLIC, headers=headers) as client:
        yield Directory(world, client)
