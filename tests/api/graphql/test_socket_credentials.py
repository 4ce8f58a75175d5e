"""Over an open WebSocket every operation is proved anew: what ended holds at once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession

from api.runtime.authenticator import Authenticator
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.credentials.sessions import RevokeSession, StartSession
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import Permission, ReleaseType, SignInMethod
from tests.api.graphql.limits.test_websocket import ask
from tests.support.api import Api
from tests.support.world import DIGEST, World

WHO = "{ viewer { user { name } } }"
#: What a WebSocket is opened with, its first message, and what ends it all.
Opened = tuple[dict[str, str], dict[str, str], Callable[[], Any]]


def revoked(world: World) -> Opened:
    token = world.do("dev", CreateApiToken(name="ci", scopes=frozenset(Permission)))
    return bearer(token.secret, lambda: world.do("dev", RevokeApiToken(token_id=token.token_id)))


def expired(world: World) -> Opened:
    until = world.clock.instant + timedelta(hours=1)
    command = CreateApiToken(name="ci", scopes=frozenset(Permission), expires_at=until)
    return bearer(world.do("dev", command).secret, lambda: world.clock.pass_(hours=1))


def deactivated(world: World) -> Opened:
    token = world.do("dev", CreateApiToken(name="ci", scopes=frozenset(Permission)))
    command = UpdateUser(user_id=world.people["dev"], active=False)
    return bearer(token.secret, lambda: world.do("admin", command))


def session_ended(world: World) -> Opened:
    session = world.do("dev", StartSession(method=SignInMethod.MAIL))
    headers = {"Cookie": f"countersign={session.secret}", "Origin": "http://testserver"}
    return headers, {}, lambda: world.do("dev", RevokeSession(session_id=session.session_id))


def bearer(secret: str, end: Callable[[], Any]) -> Opened:
    return {}, {"Authorization": f"Bearer {secret}"}, end


@contextmanager
def opened(
    api: Api, headers: dict[str, str], params: dict[str, str]
) -> Iterator[WebSocketTestSession]:
    with api.client.websocket_connect(
        "/graphql", subprotocols=["graphql-transport-ws"], headers=headers
    ) as socket:
        socket.send_json({"type": "connection_init", "payload": params})
        assert socket.receive_json() == {"type": "connection_ack"}
        yield socket


def query(api: Api) -> dict[str, Any]:
    return {"query": WHO}


def mutation(api: Api) -> dict[str, Any]:
    create = """mutation ($input: CreateApiTokenInput!) {
      createApiToken(input: $input) { secret errors { code } } }"""
    return {"query": create, "variables": {"input": {"name": "more", "scopes": ["SIGN"]}}}


def sign(api: Api) -> dict[str, Any]:
    sign = """mutation ($input: SignInput!) {
      sign(input: $input) { signature { value } errors { code } } }"""
    input_ = {"keypairId": api.id("Keypair", "try"), "digest": b64encode(DIGEST).decode()}
    return {"query": sign, "variables": {"input": input_}}


@pytest.mark.parametrize("operation", [query, mutation, sign])
@pytest.mark.parametrize("ending", [revoked, expired, session_ended, deactivated])
def test_what_has_ended_does_nothing_more_over_a_socket_that_is_open(
    small_api: Api,
    small_world: World,
    ending: Callable[[World], Opened],
    operation: Callable[[Api], dict[str, Any]],
) -> None:
    small_world.add_keypair("try", ReleaseType.TEST)
    small_world.set_team("blue", keypairs=["try"])
    headers, params, end = ending(small_world)
    with opened(small_api, headers, params) as socket:
        answer, _ = ask(socket, "1", operation(small_api))
        assert "errors" not in answer["payload"]
        assert all(not payload.get("errors") for payload in answer["payload"]["data"].values())
        end()
        before = small_world.snapshot(), len(small_world.ledger())

        answer, _ = ask(socket, "2", operation(small_api))

        assert {e["extensions"]["code"] for e in answer["payload"]["errors"]} == {"UNAUTHENTICATED"}
        assert (small_world.snapshot(), len(small_world.ledger())) == before


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Refusal(Code.OVERLOADED, "Too much is under way."), "OVERLOADED"), (OSError("x"), "BUG")],
)
def test_who_cannot_be_looked_up_is_told_and_may_ask_again(
    small_api: Api, monkeypatch: pytest.MonkeyPatch, fault: Exception, code: str
) -> None:
    async def fail(*_: object) -> None:
        raise fault

    params = {"Authorization": f"Bearer {small_api.token('dev')}"}
    with opened(small_api, {}, params) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(Authenticator, "of", fail)
            (error,) = ask(socket, "1", {"query": WHO})
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", code)

        answer, _ = ask(socket, "1", {"query": WHO})
        assert answer["payload"]["data"] == {"viewer": {"user": {"name": "Dev"}}}
