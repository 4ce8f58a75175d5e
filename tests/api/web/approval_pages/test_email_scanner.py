"""A mail scanner in a real browser: opens every link, with scripts on, and decides nothing."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from api.web.approval_pages.routes import email_action_routes
from engine.model.vocabulary import Status
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.notices import LINK_KEY, Notices, with_outbox
from tests.support.runtime import runtime_of
from tests.support.world import World

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--virtual-time-budget=3000",
]


@contextmanager
def serving(app: Starlette, port: int) -> Iterator[None]:
    """A real server for as long as the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    give_up = time.monotonic() + 10
    while not server.started and time.monotonic() < give_up:
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scan(url: str, profile: Path) -> str:
    """What the page looks like to a browser after its scripts ran, had it any."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, timeout=50, check=True)
    return done.stdout.decode()


@needs_chromium
@pytest.mark.timeout(180)
@POSTGRESQL_IS_LONG
def test_a_scanner_that_runs_scripts_decides_nothing(world: World, tmp_path: Path) -> None:
    notices = Notices(with_outbox(world))
    note = (
        "<script>document.forms[0].submit()</script><img src=x onerror=document.forms[0].submit()>"
    )
    release = world.request(note=note)
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    app = Starlette(routes=email_action_routes(runtime_of(world), LINK_KEY, public))
    before, entries = world.snapshot(), world.ledger()

    with serving(app, port):
        for name in ("ann", "bob"):
            for _ in range(2):
                spelling = notices.spelling(name, release)
                page = scan(f"{public}/decide/{spelling}", tmp_path / name)
                assert "asks for your approval of Falcon 1.0" in page

    assert (world.snapshot(), world.ledger()) == (before, entries)
    assert world.release(release).status is Status.PENDING
