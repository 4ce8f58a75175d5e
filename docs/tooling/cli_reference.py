"""Writes the reference of the command line, from the help of its verbs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

from api.cli.main import app as server_app
from countersign.main import SHARED_VERBS, VERBS, verb_of


def command_sections() -> Iterator[str]:
    """Yield the sections of the client's verbs, and of the server's."""
    yield "\n## Client\n\nWith the distribution `countersign-client`.\n"
    for name, module in VERBS.items():
        # This is right on every machine; without the server the name alone is, too.
        path = f"client {name}" if name in SHARED_VERBS else name
        yield from _sections(verb_of(import_module(module).app, name), path)
    yield "\n## Server\n\nWhere `countersign-server` is installed, for its operator.\n"
    server = get_command(server_app)
    assert isinstance(server, TyperGroup)
    for name, command in sorted(server.commands.items()):
        yield from _sections(command, name)


def _sections(command: Any, path: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for name, member in command.commands.items():
            if not member.hidden:
                yield from _sections(member, f"{path} {name}")
        return
    anchor = path.replace(" ", "-")
    yield f"\n### `countersign {path}` {{ #{anchor} }}\n\n{_paragraphs(command.help)}\n"
    rows = list(_rows(command.params))
    if rows:
        yield "\n| argument or option | meaning |\n|---|---|\n"
        yield from rows


def _paragraphs(text: str | None) -> str:
    blocks = (text or "").split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks)


def _rows(parameters: Iterable[Any]) -> Iterator[str]:
    for parameter in parameters:
        if parameter.name == "help" or getattr(parameter, "hidden", False):
            continue
        meaning = _cell(parameter.help)
        if parameter.required and not isinstance(parameter, TyperArgument):
            meaning += " Required."
        yield f"| {_name(parameter)} | {meaning} |\n"


def _name(parameter: Any) -> str:
    if isinstance(parameter, TyperArgument):
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")
