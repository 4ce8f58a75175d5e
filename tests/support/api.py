"""GraphQL in tests: the real endpoint over a world, asked by people with real tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, cast
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.types import ASGIApp

from api.graphql.endpoint import Endpoint
from api.graphql.ids import to_global
from api.runtime.channels import MessageSettings
from api.runtime.pipeline_settings import PipelineSettings
from api.runtime.runtime import Runtime
from api.timestamps.authority import TimeStampAuthority
from api.web.http.browser import Browser
from api.web.http.cross_origin import shared_with
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.concurrency.executor import Executor
from engine.model.vocabulary import Permission
from engine.signing.service import SigningService
from tests.support.world import World


@dataclass
class Api:
    """Asks as one of the world's people; tokens are made at first use, with every scope."""

    world: World
    client: TestClient
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, name: str) -> str:
        if name not in self.tokens:
            command = CreateApiToken(name="test", scopes=frozenset(Permission))
            self.tokens[name] = self.world.do(name, command).secret
        return self.tokens[name]

    def post(self, name: str | None, query: str, /, **variables: Any) -> dict[str, Any]:
        """The whole answer; `name` None asks anonymously."""
        headers = {"Authorization": f"Bearer {self.token(name)}"} if name else {}
        answer = self.client.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers
        )
        body: dict[str, Any] = answer.json()
        return body

    @contextmanager
    def socket(self, name: str | None) -> Iterator[WebSocketTestSession]:
        """A connection of graphql-transport-ws that was acknowledged."""
        headers = {"Authorization": f"Bearer {self.token(name)}"} if name else {}
        with self.client.websocket_connect(
            "/graphql", subprotocols=["graphql-transport-ws"], headers=headers
        ) as socket:
            socket.send_json({"type": "connection_init"})
            assert socket.receive_json() == {"type": "connection_ack"}
            yield socket

    def ask(self, name: str, query: str, /, **variables: Any) -> dict[str, Any]:
        """The data; errors fail the test."""
        answer = self.post(name, query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def change(self, name: str, mutation: str, input_: dict[str, Any], what: str) -> Any:
        """Run `mutation` and select `what` of its payload; refusals fail the test."""
        payload = self.try_(name, mutation, input_, what)
        assert payload["errors"] == [], payload["errors"]
        return payload

    def try_(self, name: str, mutation: str, input_: dict[str, Any], what: str = "") -> Any:
        """Run `mutation`; the payload with its errors."""
        kind = mutation[0].upper() + mutation[1:] + "Input"
        query = (
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input)"
            f" {{ {what} errors {{ code message field }} }} }}"
        )
        return self.ask(name, query, input=input_)[mutation]

    def id(self, kind: str, name: str | UUID) -> str:
        """The global id of a person, a team or a keypair by its name in the world."""
        if isinstance(name, UUID):
            return to_global(kind, name)
        if name == "admin":
            return to_global(kind, self.world.admin_id)
        return to_global(kind, (self.world.people | self.world.things)[name])


#: Mail is a channel here by its name alone: nothing is sent.
_TELLING = MessageSettings(
    channels={"email": cast(Any, None)}, link_key=b"l" * 32, webhook_key=b"w" * 32
)


def make_api(
    world: World,
    *,
    pipelines: PipelineSettings | None = None,
    time_stamps: TimeStampAuthority | None = None,
    **options: Any,
) -> tuple[Api, Runtime]:
    """The endpoint over the world's system; `options` are the endpoint's."""
    executor = Executor(world.system.database, threads=4)
    gate = SigningService(world.system, executor)
    browser = Browser("http://testserver")
    runtime = Runtime(
        world.system,
        executor,
        gate,
        message_settings=_TELLING,
        browser=browser,
        pipelines=pipelines or PipelineSettings(),
        time_stamps=time_stamps,
    )
    endpoint = Endpoint(runtime, **{"ide": False} | options)
    graphql = shared_with(endpoint, options.get("allowed_origins", ()))
    app = Starlette(routes=[Route("/graphql", graphql), WebSocketRoute("/graphql", graphql)])
    return Api(world, TestClient(app, client=("127.0.0.1", 50000))), runtime


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """A real server in a thread, on a free port unless one is given; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
