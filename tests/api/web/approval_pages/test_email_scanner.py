"""A mail scanner in a real browser: opens every link, with scripts on, and decides nothing."""

import subprocess
from pathlib import Path

import pytest

from engine.model.vocabulary import Status
from tests.support.approval_pages import served_pages
from tests.support.chromium import CHROMIUM, needs_chromium
from tests.support.notices import Notices
from tests.support.world import World

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


def scan(url: str, profile: Path) -> str:
    """What the page looks like to a browser after its scripts ran, had it any."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, timeout=50, check=True)
    return done.stdout.decode()


@needs_chromium
@pytest.mark.timeout(180)
@pytest.mark.long
def test_a_scanner_that_runs_scripts_decides_nothing(
    world: World, notices: Notices, tmp_path: Path
) -> None:
    note = (
        "<script>document.forms[0].submit()</script><img src=x onerror=document.forms[0].submit()>"
    )
    release = world.request(note=note)
    before, entries = world.snapshot(), world.ledger()

    with served_pages(world) as public:
        for name in ("ann", "bob"):
            for _ in range(2):
                spelling = notices.spelling(name, release)
                page = scan(f"{public}/decide/{spelling}", tmp_path / name)
                assert "asks for your approval of Falcon 1.0" in page

    assert (world.snapshot(), world.ledger()) == (before, entries)
    assert world.release(release).status is Status.PENDING
