"""The demo tells its story."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import settings


@pytest.mark.long
def test_the_story_is_told_to_its_end(tmp_path: Path) -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "api.cli", "demo", "--story"],
        cwd=tmp_path,
        env=settings("sqlite:///unused.db"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert completed.stderr == ""
    for step in (
        "requested the offline release",
        "with a link of their own",
        "Bob opened the link and approved: APPROVED",
        "opened by itself",
        "fits the public key",
        "QUOTA_EXHAUSTED",
        "COMPLETED, 2 of 2 signatures used",
    ):
        assert step in completed.stdout
