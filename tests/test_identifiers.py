"""Identifiers say the role of what they name: no name is a word without a role or a metaphor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "notifications", "api", "client", "benchmarks")
#: Migrations were released as they are; peers are written as their own documentation has it.
SKIPPED_FOLDERS = {"versions", "peers", "node_modules"}

#: Say only that something happened to it, not what it is.
WITHOUT_A_ROLE = {
    *("told", "tell", "found", "asked", "wanted", "made", "one", "given", "got", "taken"),
    *("heard", "kept", "meant", "thing", "things", "stuff", "trouble", "glance"),
}
#: Metaphors that the field has a term for.
METAPHORS = {
    *("Lines", "Line", "Take", "Given", "Got", "Turns", "Seldom", "Desk", "Earlier", "Judgement"),
    *("Shelf", "Happened", "Reading", "Entrance", "Cast", "Stage", "News", "Proofs", "Telling"),
    *("UnderWay", "Stranded", "Surroundings", "Shares", "Precedence", "Wanted", "Standing"),
    *("PAUSE", "PATIENCE", "LARGEST", "LONGEST", "MOST", "QUIET", "GLANCE", "USUAL"),
}
RETIRED = WITHOUT_A_ROLE | METAPHORS
#: What tests, too, have a better word for.
RETIRED_IN_TESTS = {
    *("told", "tell", "asked", "wanted", "made", "got", "heard"),
    *("meant", "stuff", "trouble", "glance"),
}


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a module gives to something, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def names_given(room: str, names: set[str]) -> list[str]:
    """Each place in a room that gives something one of these names, as file, line and name."""
    return [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        if SKIPPED_FOLDERS.isdisjoint(path.parts)
        for line, name in names_in(ast.parse(path.read_text(encoding="utf-8")))
        if name.strip("_") in names
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_no_identifier_is_a_retired_word(room: str) -> None:
    assert names_given(room, RETIRED) == []


def test_nor_is_one_of_tests() -> None:
    assert names_given("tests", RETIRED_IN_TESTS) == []
