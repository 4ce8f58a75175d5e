"""A real `countersign serve` in a process of its own, with settings of its own."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

COUNTERSIGN = [sys.executable, "-m", "api.cli"]
START_LIMIT = 60.0


def settings(database_url: str, **more: str) -> dict[str, str]:
    """An environment in which Countersign starts; nothing of it reaches the outside."""
    own = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_SMTP_URL": "smtp://127.0.0.1:1?tls=none",
        "COUNTERSIGN_MAIL_FROM": "Countersign <countersign@example.com>",
        "COUNTERSIGN_PUBLIC_URL": "http://127.0.0.1:8000",
        "COUNTERSIGN_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
        "COUNTERSIGN_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
    }
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COUNTERSIGN_")}
    return clean | {"PYTHONPATH": str(Path.cwd())} | own | more


def run(
    environment: dict[str, str], folder: Path, *words: str, succeeds: bool = True
) -> subprocess.CompletedProcess[str]:
    """One command of the command line."""
    done = subprocess.run(
        [*COUNTERSIGN, *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if succeeds:
        assert done.returncode == 0, done.stderr
    return done


def init(environment: dict[str, str], folder: Path, account: str = "Acme") -> dict[str, Any]:
    """`countersign init --json`."""
    words = ("init", "--account", account, "--admin-email", "admin@example.com", "--json")
    report: dict[str, Any] = json.loads(run(environment, folder, *words).stdout)
    return report


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens, and the process."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(
    environment: dict[str, str],
    folder: Path,
    *words: str,
    program: Sequence[str] = COUNTERSIGN,
    port: int | None = None,
) -> Iterator[Server]:
    """`countersign serve` until the block ends, on a free port unless one is given."""
    port = port or free_port()
    process = subprocess.Popen(
        [*program, "serve", "--port", str(port), *words], env=environment, cwd=folder
    )
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        _await_readiness(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def working(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`countersign worker` until the block ends."""
    process = subprocess.Popen([*COUNTERSIGN, "worker"], env=environment, cwd=folder)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_readiness(server: Server) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "the server ended"
        try:
            with urlopen(f"{server.url}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("the server did not become ready")
