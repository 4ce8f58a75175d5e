"""Commands, options and metrics that the documents name are those of the program."""

from __future__ import annotations

import re
from typing import Any

from typer.main import get_command

from countersign.main import app
from tests.docs.documents import DOCS, ROOT, pages

COMMAND = re.compile(r"(?:`|^)countersign ([a-z][^`\n]*)", re.MULTILINE)
METRIC = re.compile(r"`(?:countersign)?(_[a-z_]+?)(?:_total)?(?:\.\.\.)?`")


def fault_of(words: list[str]) -> str | None:
    """What of a command line the program does not know."""
    command: Any = get_command(app)
    while words and hasattr(command, "get_command"):
        found = command.get_command(None, words[0])
        if found is None:
            return words[0]
        command, words = found, words[1:]
    # What follows `--` is another program's.
    words = words[: words.index("--")] if "--" in words else words
    known = {option for parameter in command.params for option in parameter.opts}
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    return next((option for option in options if option not in known), None)


def test_every_command_and_option_that_is_named_exists() -> None:
    lines = [
        (page.name, line)
        for page in pages()
        for line in COMMAND.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(lines) > 20
    assert [(page, line) for page, line in lines if fault_of(line.split())] == []


def test_a_command_that_does_not_exist_is_found() -> None:
    assert fault_of(["serve", "--port", "8000"]) is None
    assert fault_of(["keys", "lose"]) == "lose"
    assert fault_of(["sign", "file", "--wait=2h"]) is None
    assert fault_of(["client", "token", "lose"]) == "lose"
    assert fault_of(["serve", "--quickly"]) == "--quickly"


def test_every_metric_that_is_named_exists() -> None:
    operations = (DOCS / "operations.md").read_text(encoding="utf-8")
    _, _, rest = operations.partition("## Metrics")
    section, _, _ = rest.partition("\n## ")
    names = METRIC.findall(section)
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "api").rglob("*.py"))
    assert len(names) > 15
    assert [name for name in names if name.strip("_") not in code] == []
