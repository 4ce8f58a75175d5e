"""A test that nothing else ends has its process ended, and one sees what its threads waited for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
from tests import conftest
from tests.conftest import *

conftest.GRACE_SECONDS = 2
"""
#: Whoever waits so goes on after the exception that the time limit raises.
DEAF = """
import threading, time
import pytest

def wait_for_ever():
    while True:
        try:
            threading.Event().wait(60)
        except BaseException:
            pass
"""
STUCK = {
    "test": """
def test_waits(): wait_for_ever()
""",
    "teardown": """
@pytest.fixture
def slow_to_go():
    yield
    wait_for_ever()

def test_waits(slow_to_go): time.sleep(60)
""",
}


@pytest.mark.long
@pytest.mark.parametrize("where", STUCK)
def test_a_test_that_outlives_its_time_limit_is_ended_with_the_stacks(
    tmp_path: Path, where: str
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(DEAF + STUCK[where])

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "timeout=1", tmp_path],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert run.returncode == 1
    assert "Timeout (0:00:0" in run.stderr
    assert "in wait_for_ever" in run.stderr
    assert "in test_waits" in run.stderr if where == "test" else "in slow_to_go" in run.stderr
