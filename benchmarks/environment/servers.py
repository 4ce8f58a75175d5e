"""Servers to ask: Countersign's own, the floor, and PostGraphile, each in a process of its own."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.node import install, program
from tests.support.running import Server, free_port, serving, settings

PEERS = Path(__file__).parents[1] / "peers"
#: The same for every server, so that one can follow another on a database.
MASTER_KEY = hashlib.sha256(b"benchmarks").digest()
START_LIMIT = 30.0


@contextmanager
def countersign(database_url: str, *words: str, **more: str) -> Iterator[Server]:
    """Run `countersign serve` with the limit on operations a second lifted."""
    key = base64.b64encode(MASTER_KEY).decode()
    environment = {"COUNTERSIGN_GRAPHQL_RATE": "0", "COUNTERSIGN_MASTER_KEY": key} | more
    with (
        tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder,
        serving(settings(database_url, **environment), Path(folder), *words) as server,
    ):
        yield server


@contextmanager
def bare_strawberry(name: str = "bare_strawberry") -> Iterator[Server]:
    """The floor, one of the peers here, served as Countersign serves itself."""
    words = ["--no-access-log", "--no-server-header", "--log-level", "warning"]
    app = f"benchmarks.peers.{name}:app"
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), *words]
    with _running(command, port) as server:
        yield server


@contextmanager
def postgraphile(database_url: str) -> Iterator[Server]:
    """PostGraphile over the same tables."""
    folder = PEERS / "node"
    install(folder)
    port = free_port()
    url = database_url.replace("postgresql+psycopg:", "postgresql:")
    command = [*program("node"), str(folder / "postgraphile.mjs"), url, str(port)]
    with _running(command, port, NODE_ENV="production", GRAPHILE_ENV="production") as server:
        yield server


@contextmanager
def sink(folder: Path | None = None) -> Iterator[int]:
    """A mail server that takes everything, and tells of it in the folder; its port."""
    port = free_port()
    words = [str(port)] if folder is None else [str(port), str(folder)]
    with _running([sys.executable, "-m", "benchmarks.environment.smtp_sink", *words], port):
        yield port


@contextmanager
def _running(command: list[str], port: int, **more: str) -> Iterator[Server]:
    process = subprocess.Popen(command, env=os.environ | more)
    try:
        _await(port, process)
        yield Server(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it takes connections."""
    give_up = time.monotonic() + START_LIMIT
    while time.monotonic() < give_up:
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    raise AssertionError("the server did not start")
