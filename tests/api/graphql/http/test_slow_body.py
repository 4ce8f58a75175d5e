"""A body that does not come is not awaited for ever."""

import json
import socket
from urllib.parse import urlsplit

from api.graphql.limits.config import Limits
from tests.support.api import make_api, serving
from tests.support.world import World


def test_an_operation_that_does_not_arrive_is_given_up(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(body_seconds=0.1))
    with serving(api.client.app) as address:
        to = urlsplit(address)
        with socket.create_connection((to.hostname, to.port), timeout=10) as client:
            head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            head += "Connection: close\r\n"
            client.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
            answer = b"".join(iter(lambda: client.recv(4096), b""))
    status_and_headers, _, body = answer.partition(b"\r\n\r\n")

    assert status_and_headers.startswith(b"HTTP/1.1 408 ")
    (error,) = json.loads(body)["errors"]
    assert error["message"] == "The body took more than 0.1 s to arrive. Nothing was done."
    assert error["extensions"] == {"code": "TIMED_OUT", "limit": "body_seconds", "allowed": 0.1}
    runtime.executor.shutdown()
