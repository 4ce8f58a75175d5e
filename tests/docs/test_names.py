"""Commands, options and metrics that the documents name are those of the program."""

from __future__ import annotations

import re

import click
from typer.main import get_command

from api.cli.main import app
from tests.docs.documents import DOCS, ROOT, pages

COMMAND = re.compile(r"(?:`|^)countersign ([a-z][^`\n]*)", re.MULTILINE)
METRIC = re.compile(r"`(?:countersign)?(_[a-z_]+?)(?:_total)?(?:\.\.\.)?`")


def fault_of(words: list[str]) -> str | None:
    """What of a command line the program does not know."""
    command: click.Command = get_command(app)  # type: ignore[assignment]
    while words and hasattr(command, "commands"):
        found = command.commands.get(words[0])
        if found is None:
            return words[0]
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    return next((word for word in words if word.startswith("--") and word not in known), None)


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
    assert fault_of(["serve", "--quickly"]) == "--quickly"


def test_every_metric_that_is_named_exists() -> None:
    operations = (DOCS / "operations.md").read_text(encoding="utf-8")
    _, _, rest = operations.partition("## Metrics")
    section, _, _ = rest.partition("\n## ")
    names = METRIC.findall(section)
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "api").rglob("*.py"))
    assert len(names) > 15
    assert [name for name in names if name.strip("_") not in code] == []
