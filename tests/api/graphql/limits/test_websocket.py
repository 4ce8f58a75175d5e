"""The limits hold on a WebSocket, too; and a fault of one operation ends no other."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from api.graphql.limits.config import Limits
from api.graphql.subscriptions.cursors import cursor_of
from engine.persistence.store.ledger import GENESIS
from tests.support.api import Api, make_api
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World

EVENTS = "subscription { releaseEvents { tag } }"
#: From the beginning, so that nothing depends on who is quicker.
ALL_EVENTS = f'subscription {{ releaseEvents(after: "{cursor_of(0, GENESIS)}") {{ tag }} }}'


def subscribe(socket: WebSocketTestSession, id_: str, payload: object) -> None:
    socket.send_json({"id": id_, "type": "subscribe", "payload": payload})


def subscription_with(id_: str) -> str:
    return json.dumps({"id": id_, "type": "subscribe", "payload": {"query": EVENTS}})


def bearer_of(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.token('dev')}"}


def ask(socket: WebSocketTestSession, id_: str, payload: object) -> list[Any]:
    """Run an operation to its end."""
    subscribe(socket, id_, payload)
    messages = [socket.receive_json()]
    while messages[-1]["type"] == "next":
        messages.append(socket.receive_json())
    assert {message["id"] for message in messages} == {id_}
    return messages


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "SYNTAX_ERROR"),
        ({"query": "{ nothing }"}, "VALIDATION_FAILED"),
        ({"query": "subscription { releaseEvents { nothing } }"}, "VALIDATION_FAILED"),
        ({"query": "{ a" * 900}, "LIMIT_EXCEEDED"),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_UNKNOWN"),
        ({"query": "query A { __typename }", "operationName": "B"}, "OPERATION_UNKNOWN"),
        ({"query": "fragment A on Query { __typename }"}, "VALIDATION_FAILED"),
        ({"query": ""}, "BAD_REQUEST"),
        ({"query": 5}, "BAD_REQUEST"),
        ({"query": "{ __typename }", "variables": "x"}, "BAD_REQUEST"),
        ({"query": "{ __typename }", "operationName": 5}, "BAD_REQUEST"),
        ({}, "BAD_REQUEST"),
        (None, "BAD_REQUEST"),
        ([], "LIMIT_EXCEEDED"),
    ],
)
def test_what_cannot_run_is_an_error_of_its_own_and_disturbs_no_other(
    small_api: Api, small_world: World, payload: object, code: str
) -> None:
    with small_api.socket("dev") as socket:
        subscribe(socket, "events", {"query": ALL_EVENTS})
        (error,) = ask(socket, "wrong", payload)
        assert error["type"] == "error"
        assert {e["extensions"]["code"] for e in error["payload"]} == {code}

        answer, complete = ask(socket, "wrong", {"query": "{ viewer { user { name } } }"})
        assert answer["payload"]["data"] == {"viewer": {"user": {"name": "Dev"}}}
        assert complete["type"] == "complete"
        small_world.request()
        assert socket.receive_json() == {
            "id": "events",
            "type": "next",
            "payload": {"data": {"releaseEvents": {"tag": "release:requested"}}},
        }


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "5",
        "null",
        "{}",
        "[" * 100_000,
        '{"type": "\\ud800"}',
        '{"type": "nothing"}',
        '{"type": "complete"}',
        '{"type": "complete", "id": []}',
        '{"type": "subscribe", "id": 5, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1"}',
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_message_ends_the_connection_and_is_no_bug(small_api: Api, text: str) -> None:
    with small_api.socket("dev") as socket:
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
        assert ended.value.code == 4400


@pytest.mark.parametrize(
    ("texts", "code", "reason"),
    [
        ([json.dumps({"type": "x" * 200})], 4400, "Unknown message type: xxx"),
        ([json.dumps({"type": "\N{KEY}" * 100})], 4400, "Unknown message type: \N{KEY}"),
        ([subscription_with("i" * 200)] * 2, 4409, "Subscriber for iii"),
    ],
    ids=["type", "characters of four bytes", "id"],
)
def test_a_reason_that_repeats_a_long_text_fits_into_a_frame(
    small_api: Api, server: str, texts: list[str], code: int, reason: str
) -> None:
    url, headers = f"ws{server.removeprefix('http')}/graphql", bearer_of(small_api)
    protocols = [Subprotocol("graphql-transport-ws")]
    with connect(url, subprotocols=protocols, additional_headers=headers) as socket:
        for text in ('{"type": "connection_init"}', *texts):
            socket.send(text)
        assert json.loads(socket.recv(timeout=WAIT_LIMIT_SECONDS)) == {"type": "connection_ack"}
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=WAIT_LIMIT_SECONDS)
        assert socket.close_code == code
        assert socket.close_reason is not None
        assert socket.close_reason.startswith(reason)
        assert 120 <= len(socket.close_reason.encode()) <= 123


@pytest.mark.parametrize("text", ["x" * 1000, "\N{KEY}" * 250])
def test_too_large_a_message_is_told_its_size_and_the_limit(small_world: World, text: str) -> None:
    api, runtime = make_api(small_world, limits=Limits(body_bytes=999))
    with api.client, api.socket("dev") as socket:
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    reason = "The message is too large: 1000 bytes, 999 are allowed."
    assert (ended.value.code, ended.value.reason) == (4400, reason)
    runtime.executor.shutdown()


def test_a_connection_that_does_not_begin_is_ended(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(init_seconds=0.05))
    protocols = ["graphql-transport-ws"]
    with api.client, api.client.websocket_connect("/graphql", subprotocols=protocols) as socket:
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
        assert ended.value.code == 4408
    runtime.executor.shutdown()


def test_a_connection_that_began_outlasts_the_time_for_beginning(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(init_seconds=2))
    with api.client, api.socket("dev") as begun:
        time.sleep(2.1)
        answer, _ = ask(begun, "1", {"query": "{ __typename }"})
        assert answer["payload"]["data"] == {"__typename": "Query"}
    runtime.executor.shutdown()


def test_a_ping_after_the_server_closed_is_no_bug(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(init_seconds=0.05))
    protocols = ["graphql-transport-ws"]
    with api.client, api.client.websocket_connect("/graphql", subprotocols=protocols) as socket:
        time.sleep(0.2)
        socket.send_json({"type": "ping"})
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
        assert ended.value.code == 4408
    runtime.executor.shutdown()


def test_bytes_are_no_message_either(small_api: Api) -> None:
    with small_api.socket("dev") as socket:
        socket.send_bytes(b"{}")
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
        assert ended.value.code == 4400


def test_a_caller_follows_so_much_at_once_on_all_connections_together(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(subscriptions=2))
    small_world.request()
    with api.client, api.socket("dev") as one, api.socket("dev") as other:
        begun = {"query": ALL_EVENTS}
        for socket, id_ in ((one, "a"), (other, "b")):
            subscribe(socket, id_, begun)
            assert socket.receive_json()["type"] == "next"
        answer, _ = ask(other, "c", {"query": EVENTS})
        (error,) = answer["payload"]["errors"]
        assert error["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "subscriptions",
            "allowed": 2,
            "actual": 3,
        }
        one.send_json({"id": "a", "type": "complete"})
        one.send_json({"type": "ping"})
        assert one.receive_json() == {"type": "pong"}
        subscribe(other, "c", begun)
        assert other.receive_json()["payload"]["data"]
    runtime.executor.shutdown()
