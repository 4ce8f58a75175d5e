"""With COUNTERSIGN_REQUIRE_ALL set, a skipped test has failed, and the run says which and why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOME_SKIPPED = """
import pytest

def test_runs(): pass

def test_skips(): pytest.skip("no chromium here")

@pytest.mark.skip(reason="no chromium here")
def test_marked(): pass

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_failure(): assert False
"""
WHOLE_MODULE_SKIPPED = """
import pytest

pytest.skip("no chromium here", allow_module_level=True)
"""


@pytest.mark.parametrize(
    ("tests", "require_all", "summary"),
    [
        (SOME_SKIPPED, "", "1 passed, 2 skipped, 1 xfailed"),
        (SOME_SKIPPED, "1", "1 failed, 1 passed, 1 xfailed, 1 error"),
        (WHOLE_MODULE_SKIPPED, "", "1 skipped"),
        (WHOLE_MODULE_SKIPPED, "1", "1 error"),
    ],
)
def test_a_skip_fails_where_everything_must_run(
    tmp_path: Path, tests: str, require_all: str, summary: str
) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_it.py").write_text(tests)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-ra", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"COUNTERSIGN_REQUIRE_ALL": require_all},
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"{summary} in" in run.stdout
    assert "no chromium here" in run.stdout
    assert ("test_it.py" in run.stdout and "COUNTERSIGN_REQUIRE_ALL is set" in run.stdout) == bool(
        require_all
    )
    assert (run.returncode in {1, 2}) == bool(require_all)
