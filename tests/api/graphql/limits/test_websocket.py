"""The limits hold on a WebSocket, too; and a fault of one operation ends no other."""

from typing import Any

from starlette.testclient import WebSocketTestSession

from tests.support.api import Api


def ask(socket: WebSocketTestSession, id_: str, document: str) -> list[Any]:
    """Run an operation to its end."""
    socket.send_json({"id": id_, "type": "subscribe", "payload": {"query": document}})
    told = [socket.receive_json()]
    while told[-1]["type"] == "next":
        told.append(socket.receive_json())
    assert {message["id"] for message in told} == {id_}
    return told


def test_limits_and_faults_over_a_websocket(small_api: Api) -> None:
    headers = {"Authorization": f"Bearer {small_api.token('dev')}"}
    with small_api.client.websocket_connect(
        "/graphql", subprotocols=["graphql-transport-ws"], headers=headers
    ) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}

        for n, (document, code) in enumerate(
            (
                ("{", "SYNTAX_ERROR"),
                ("{ nothing }", "VALIDATION_FAILED"),
                ("{ a" * 900, "LIMIT_EXCEEDED"),
                ("query A { __typename } query B { __typename }", "OPERATION_UNKNOWN"),
            )
        ):
            (error,) = ask(socket, f"wrong{n}", document)
            assert error["type"] == "error"
            assert {e["extensions"]["code"] for e in error["payload"]} == {code}

        answer, complete = ask(socket, "right", "{ viewer { user { name } } }")
        assert answer["payload"]["data"] == {"viewer": {"user": {"name": "Dev"}}}
        assert complete["type"] == "complete"
