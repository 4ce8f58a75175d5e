"""What the help of the command line lists, on machines with the server and without it."""

import re

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from countersign import main


@pytest.fixture(params=["with the server", "without the server"])
def _machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without the server":
        monkeypatch.setattr(main, "_server_verbs", dict)


@pytest.mark.usefixtures("_machine")
@pytest.mark.parametrize("words", [(), ("client",)], ids=["all", "client"])
def test_every_verb_is_listed_by_its_name(words: tuple[str, ...]) -> None:
    group = typer.main.get_command(main.app if not words else main.client)
    assert isinstance(group, TyperGroup)
    verbs = group.list_commands(typer.Context(group))
    assert {*main.VERBS} <= {*verbs}
    result = CliRunner().invoke(main.app, [*words, "--help"], env={"COLUMNS": "100"})
    commands = result.stdout.partition("Commands")[2]
    assert re.findall(r"^\W{0,2}([a-z][a-z-]*)\s", commands, re.MULTILINE) == verbs
