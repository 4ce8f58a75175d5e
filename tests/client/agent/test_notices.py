"""Refusals reach the person: on the agent's standard error, and on that of the tool."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from countersign.agent.notices import notify_process

LINE = "countersign: QUOTA_EXHAUSTED: All are used.\n"
#: A tool that waits until its standard input is closed.
TOOL = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def test_tool_shows_it_on_its_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(TOOL, stdin=subprocess.PIPE, stderr=writing) as tool:
        os.close(writing)
        notify_process(tool.pid)("QUOTA_EXHAUSTED", "All are used.")
        assert tool.stdin
        tool.stdin.close()
    with os.fdopen(reading) as shown:
        assert shown.read() == LINE
    assert capsys.readouterr().err == LINE


def test_file_of_the_tool_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "log").open("w") as log:
        log.write("what the tool wrote\n")
        log.flush()
        with subprocess.Popen(TOOL, stdin=subprocess.PIPE, stderr=log) as tool:
            notify_process(tool.pid)("QUOTA_EXHAUSTED", "All are used.")
            assert tool.stdin
            tool.stdin.close()
    assert (tmp_path / "log").read_text() == "what the tool wrote\n"
    assert capsys.readouterr().err == LINE


def test_tool_that_has_gone_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen(["true"]) as tool:
        pass
    notify_process(tool.pid)("QUOTA_EXHAUSTED", "All are used.")
    assert capsys.readouterr().err == LINE
