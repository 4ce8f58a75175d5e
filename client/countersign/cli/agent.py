"""`countersign agent`: signing tools use keypairs of a server, unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.groups import VerbGroup

app = typer.Typer(name="agent", cls=VerbGroup, no_args_is_help=True, add_completion=False)


Keys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="ALIAS", help="Offer only this keypair; may be repeated."),
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="TIME",
        help="Hold a tool's call until its release opens, at most this long, such as 2h.",
    ),
]
Certificates = Annotated[
    list[Path] | None,
    typer.Option(
        "--certificate",
        metavar="FILE",
        help="Certificates of keypairs, and of those above them, in PEM; may be repeated.",
    ),
]


@app.callback()
def agent() -> None:
    """Let signing tools use keypairs of a server, unchanged."""


@app.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
    key: Keys = None,
    certificate: Certificates = None,
    wait: Wait = None,
) -> None:
    """Run a command whose tools sign through the agent."""

    from countersign.cli.runs.agent import run_under_agent

    raise typer.Exit(run_under_agent(command, key, certificate, wait))


@app.command()
def serve(key: Keys = None, certificate: Certificates = None, wait: Wait = None) -> None:
    """Offer keypairs to all tools of this session; prints the variables that they need."""

    from countersign.agent.running import serve_session
    from countersign.cli.runs.agent import offer_keys

    offer_keys(serve_session, key, certificate, wait)


@app.command()
def stdio(key: Keys = None, certificate: Certificates = None, wait: Wait = None) -> None:
    """Answer p11-kit on standard input and output, for a module with `remote:`."""

    from countersign.agent.running import serve_stdio
    from countersign.cli.runs.agent import offer_keys

    offer_keys(serve_stdio, key, certificate, wait)


@app.command()
def setup(
    tool: Annotated[
        str | None, typer.Argument(help="The tool; all are listed if left out.")
    ] = None,
) -> None:
    """Print how a tool is set up."""
    from countersign.cli.runs.agent import print_setup

    print_setup(tool)
