"""A client that opens connections and sends half of a header leaves room for all others."""

from __future__ import annotations

import json
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

import pytest

from tests.support.running import COUNTERSIGN, init, serving, settings

HALF = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "
FEW_FILES = ["bash", "-c", 'ulimit -n 200 && exec "$@"', "bash", *COUNTERSIGN]


@pytest.mark.long
def test_with_few_file_descriptors_others_are_served_beside_a_client_that_takes_all_it_can(
    tmp_path: Path,
) -> None:
    environment = settings(
        f"sqlite:///{tmp_path / 'countersign.db'}", COUNTERSIGN_HEADER_SECONDS="300"
    )
    init(environment, tmp_path)
    with serving(environment, tmp_path, program=FEW_FILES) as server, ExitStack() as stack:
        to = urlsplit(server.url)
        for _ in range(260):
            half = stack.enter_context(create_connection((to.hostname, to.port), timeout=10))
            try:
                half.sendall(HALF)
            except OSError:
                continue  # refused, and closed already
        for path in ("/healthz", "/readyz"):
            other = HTTPConnection(
                to.hostname or "", to.port, timeout=10, source_address=("127.0.0.2", 0)
            )
            other.request("GET", path)
            answer = other.getresponse()
            assert answer.status == 200, path
            assert json.loads(answer.read())["status"] in ("ok", "ready")
            other.close()
