"""What verbs print: lines and tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

from countersign.errors import UsageError
from countersign.terminal import print_line, print_text, printable

JsonFields = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FIELDS",
        help="Print these fields as JSON, separated by commas; `all` for every field.",
    ),
]
ALL_FIELDS = "all"


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print_text(_json_text(value, indent=2))


def print_json_line(value: object) -> None:
    """Print a value as JSON on a line of its own, at once: for streams."""
    print_text(_json_text(value))


def _json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON that people can read, in which what a terminal acts on is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in text
    )


def chosen(row: Mapping[str, Any], fields: str) -> dict[str, Any]:
    """Return the fields of a row that were asked for.

    Raises:
        UsageError: The row has no such field.
    """
    names = list(row) if fields == ALL_FIELDS else [name.strip() for name in fields.split(",")]
    unknown = [name for name in names if name not in row]
    if unknown:
        message = f"There is no field {', '.join(unknown)}. The fields are: {', '.join(row)}."
        raise UsageError(message)
    return {name: row[name] for name in names}


def print_row(row: Mapping[str, Any], fields: str | None, line: Callable[[], str]) -> None:
    """Print one thing: the fields that were asked for as JSON, or else a text for people."""
    if fields is not None:
        print_json(chosen(row, fields))
    else:
        print_line(line())


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    fields: str | None,
    columns: Sequence[str],
    cells: Callable[[Mapping[str, Any]], Iterable[str]],
) -> None:
    """Print a list: the fields that were asked for as JSON, or else a table for people."""
    if fields is not None:
        print_json([chosen(row, fields) for row in rows])
        return
    print_table(columns, [list(cells(row)) for row in rows])


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with headings on a terminal, and as bare lines to a program or a file.

    Programs cut the columns of these lines, which are separated by tabs: their order stays, and a
    new one comes last.
    """
    if not sys.stdout.isatty():
        for row in rows:
            print_line(*row)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console().print(table)


def print_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names with their values, one each line, aligned."""
    shown = [(name, str(value)) for name, value in pairs if value not in (None, "")]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        print_line(f"{name:<{width}}  {value}")


def plural(number: int, singular: str, many: str) -> str:
    """Return the text for one thing, or that for many with their number in place of `{}`."""
    return singular if number == 1 else many.format(number)
