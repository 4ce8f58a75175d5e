"""With COUNTERSIGN_REQUIRE_ALL set, a skipped test has failed, and the run says which and why."""

import os
import re
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


@pytest.mark.long
@pytest.mark.parametrize("in_ci", ["", "1"], ids=["at-a-desk", "in-ci"])
@pytest.mark.parametrize(
    ("require_all", "summary"),
    [
        ("", "1 passed, 3 skipped, 1 xfailed"),
        ("1", "1 failed, 1 passed, 1 xfailed, 2 errors"),
    ],
)
def test_a_skip_fails_where_everything_must_run(
    tmp_path: Path, require_all: str, summary: str, in_ci: str
) -> None:
    """With ``CI`` set, pytest writes the lines of its summary in full instead of cutting them."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_some.py").write_text(SOME_SKIPPED)
    (tmp_path / "test_module.py").write_text(WHOLE_MODULE_SKIPPED)
    options = ["-p", "no:cacheprovider", "-ra", "--continue-on-collection-errors"]

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"COUNTERSIGN_REQUIRE_ALL": require_all, "CI": in_ci},
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"{summary} in" in run.stdout
    assert "no chromium here" in run.stdout
    for file, skips in (("test_some.py", 2), ("test_module.py", 1)):
        skipped_tests = re.findall(
            rf"({file}\S*) did not run, and COUNTERSIGN_REQUIRE_ALL is set", run.stdout
        )
        assert len(set(skipped_tests)) == (skips if require_all else 0)
    assert (run.returncode in {1, 2}) == bool(require_all)
