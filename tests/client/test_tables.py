"""Lists: a table with headings for people, and bare lines with documented columns for programs."""

import re
import sys

import pytest

from countersign.cli.output import print_rows
from countersign.cli.rows import KEYPAIR_COLUMNS, RELEASE_COLUMNS
from countersign.cli.runs.certificates import CERTIFICATE_COLUMNS
from countersign.cli.runs.team import TEAM_COLUMNS
from countersign.cli.runs.token import TOKEN_COLUMNS
from tests.docs.documents import DOCS


def print_two() -> None:
    rows = [{"name": "first", "state": ""}, {"name": "second", "state": "old"}]
    print_rows(rows, None, ("NAME", "STATE", "ID"), lambda row: (row["name"], row["state"], "x"))


def test_headings_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    print_two()
    shown = capsys.readouterr().out
    assert re.search(r"NAME +STATE +ID\W+first +x\W+second +old +x\s", shown)


def test_bare_lines_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_two()
    assert capsys.readouterr().out == "first\t\tx\nsecond\told\tx\n"


@pytest.mark.parametrize(
    ("verb", "columns"),
    [
        ("release list", RELEASE_COLUMNS),
        ("key list", KEYPAIR_COLUMNS),
        ("key certificates", CERTIFICATE_COLUMNS),
        ("team list", TEAM_COLUMNS),
        ("client token list", TOKEN_COLUMNS),
    ],
)
def test_the_documents_have_the_columns(verb: str, columns: tuple[str, ...]) -> None:
    page = (DOCS / "client.md").read_text(encoding="utf-8")
    (listed,) = re.findall(rf"^\| `{verb}`.*? \| (`[A-Z].*`) \|$", page, re.MULTILINE)
    assert tuple(re.findall(r"`([^`]+)`", listed)) == columns
