"""Groups of verbs, whose help costs little."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup, TyperOption


class VerbGroup(TyperGroup):
    """A group whose own switches are off unless they are given.

    Typer gives `--help` and its options for completion no default, and loads Pydantic to turn that
    into a bool: a third of the time that the help of a verb takes.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the group's arguments and options."""
        params = super().get_params(ctx)
        for param in params:
            if isinstance(param, TyperOption) and param.is_flag and param.default is None:
                param.default = False
        return params
