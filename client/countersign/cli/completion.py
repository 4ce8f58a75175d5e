"""`countersign completion`: what makes a shell complete the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


class Shell(StrEnum):
    """The shells that there is a script for."""

    BASH = "bash"
    FISH = "fish"
    ZSH = "zsh"


@app.command("completion")
def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(case_sensitive=False, help="Your shell.")],
) -> None:
    """Print the script that completes `countersign` in a shell.

    For bash: `source <(countersign completion bash)`.
    """
    import sys

    from typer.completion import shell_complete

    root = context.find_root()
    variable = "_COUNTERSIGN_COMPLETE"
    sys.exit(shell_complete(root.command, {}, "countersign", variable, f"source_{shell}"))
