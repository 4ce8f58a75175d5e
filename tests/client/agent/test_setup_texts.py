"""`countersign agent setup` and the page about tools say the same things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countersign.agent.setup_texts import SETUP_TEXTS
from countersign.cli.agent import app
from countersign.errors import UsageError

PAGE = (Path(__file__).parents[3] / "docs" / "tools.md").read_text(encoding="utf-8")
#: Tools that the page names by another word.
NAMES_ON_THE_PAGE = {"ssh": "ssh-keygen", "rpm": "rpmsign"}


@pytest.mark.parametrize("tool", SETUP_TEXTS)
def test_text_is_printed_and_the_tool_is_on_the_page(tool: str) -> None:
    printed = CliRunner().invoke(app, ["setup", tool])
    assert printed.exit_code == 0
    assert "{module}" not in printed.stdout
    assert re.search(r"^# .*signature", printed.stdout, re.MULTILINE)
    assert NAMES_ON_THE_PAGE.get(tool, tool) in PAGE


def test_unknown_tool_is_a_wrong_use() -> None:
    refused = CliRunner().invoke(app, ["setup", "signtool"])
    assert isinstance(refused.exception, UsageError)
    assert "jarsigner" in str(refused.exception)
