"""`countersign serve --processes`: one port, signals passed on, and what was killed is replaced."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from api.cli.processes import MIN_LIFETIME_SECONDS
from tests.support.running import COUNTERSIGN, Server, free_port, init, run, serving, settings
from tests.support.waiting import until


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return settings(
        f"sqlite:///{tmp_path / 'countersign.db'}",
        COUNTERSIGN_METRICS_ADDRESS=f"127.0.0.1:{two_free_ports()}",
        COUNTERSIGN_LOG_JSON="true",
    )


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    init(environment, tmp_path)
    with serving(environment, tmp_path, "--processes", "2") as started:
        until(lambda: len(children(started)) == 2)
        yield started


def two_free_ports() -> int:
    """A free port of which the next is free too, below those that connections are given."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as one, socket.socket() as next_one:
            try:
                one.bind(("127.0.0.1", port))
                next_one.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def children(server: Server) -> set[int]:
    pid = server.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it was opened, or read
        return False


def metrics_of(environment: dict[str, str], index: int) -> str:
    """What the process says of itself; nothing while it is still starting."""
    host, _, port = environment["COUNTERSIGN_METRICS_ADDRESS"].rpartition(":")
    try:
        with urlopen(f"http://{host}:{int(port) + index}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text
    except URLError:
        return ""


def is_ready(server: Server) -> bool:
    with urlopen(f"{server.url}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)


@pytest.mark.long
def test_both_serve_one_port_and_only_the_first_has_the_worker(
    server: Server, environment: dict[str, str]
) -> None:
    up = "countersign_database_up 1.0"
    until(lambda: all(up in metrics_of(environment, index) for index in (0, 1)), seconds=20)

    assert all(is_ready(server) for _ in range(20))
    runs = 'countersign_periodic_runs_total{result="done",service="advance"}'
    until(lambda: runs in metrics_of(environment, 0), seconds=20)
    assert runs not in metrics_of(environment, 1)


@pytest.mark.long
def test_one_that_is_killed_is_replaced_while_the_other_serves(server: Server) -> None:
    before = children(server)
    time.sleep(MIN_LIFETIME_SECONDS)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)

    until(lambda: len(children(server) - {killed}) == 2, seconds=20)
    assert children(server) & before == before - {killed}
    assert is_ready(server)


@pytest.mark.long
def test_told_to_stop_all_end_with_success(server: Server) -> None:
    pids = children(server)
    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait(30) == 0
    assert not any(map(is_running, pids))


@pytest.mark.long
def test_they_end_when_the_first_process_is_killed(server: Server) -> None:
    pids = children(server)
    server.process.kill()

    until(lambda: not any(map(is_running, pids)), seconds=20)


@pytest.mark.long
def test_one_that_is_killed_at_once_ends_all(environment: dict[str, str], tmp_path: Path) -> None:
    init(environment, tmp_path)
    port = free_port()
    words = [*COUNTERSIGN, "serve", "--port", str(port), "--processes", "2"]
    with subprocess.Popen(words, env=environment, cwd=tmp_path) as process:
        started = Server(f"http://127.0.0.1:{port}", process)
        until(lambda: children(started), seconds=30)
        os.kill(min(children(started)), signal.SIGKILL)

        assert process.wait(30) == 1


@pytest.mark.long
def test_what_is_missing_is_said_once_before_anything_is_forked(
    environment: dict[str, str], tmp_path: Path
) -> None:
    words = ("serve", "--port", str(free_port()), "--processes", "2")
    done = run(environment, tmp_path, *words, succeeds=False)

    assert done.returncode == 1
    assert done.stderr == "countersign: There is no database here yet: run `countersign init`.\n"


@pytest.mark.long
def test_a_fault_at_the_start_of_one_ends_all(environment: dict[str, str], tmp_path: Path) -> None:
    init(environment, tmp_path)
    other = settings(environment["COUNTERSIGN_DATABASE_URL"])

    words = [*COUNTERSIGN, "serve", "--port", str(free_port()), "--processes", "2"]
    done = subprocess.run(
        words, env=other, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert "countersign: " in done.stderr
    assert "process_gave_up" in done.stdout + done.stderr
