"""`countersign agent`: signing tools use keypairs of a server, unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from countersign.agent.certificates import load_certificates
from countersign.agent.running import run_command, serve_session, serve_stdio
from countersign.agent.server_keys import ServerKeys
from countersign.agent.setup_texts import SETUP_TEXTS, missing_certificates_text, setup_text
from countersign.agent.signing_keys import KeySigner
from countersign.agent.waiting import WaitingSigner
from countersign.connection.connect import connect_async
from countersign.errors import UsageError
from countersign.terminal import note_failure, print_text
from countersign.times import parse_length

app = typer.Typer(no_args_is_help=True)


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

    async def run() -> int:
        async with _signer(key, certificate, wait) as signer:
            return await run_command(signer, command)

    raise typer.Exit(asyncio.run(run()))


@app.command()
def serve(key: Keys = None, certificate: Certificates = None, wait: Wait = None) -> None:
    """Offer keypairs to all tools of this session; prints the variables that they need."""

    async def run() -> None:
        async with _signer(key, certificate, wait) as signer:
            await serve_session(signer)

    asyncio.run(run())


@app.command()
def stdio(key: Keys = None, certificate: Certificates = None, wait: Wait = None) -> None:
    """Answer p11-kit on standard input and output, for a module with `remote:`."""

    async def run() -> None:
        async with _signer(key, certificate, wait) as signer:
            await serve_stdio(signer)

    asyncio.run(run())


@app.command()
def setup(
    tool: Annotated[str, typer.Argument(help=f"One of: {', '.join(SETUP_TEXTS)}.")],
) -> None:
    """Print how a tool is set up."""
    if tool not in SETUP_TEXTS:
        raise UsageError(f"There is no text for {tool!r}. Choose one of: {', '.join(SETUP_TEXTS)}.")
    print_text(setup_text(tool))


@asynccontextmanager
async def _signer(
    aliases: list[str] | None, certificates: list[Path] | None, wait: str | None
) -> AsyncIterator[KeySigner]:
    """The keypairs that were named, or all; tools are held if there is a time to wait."""
    limit = parse_length(wait) if wait is not None else None
    async with connect_async() as connection:
        keys = ServerKeys(connection, aliases, load_certificates(certificates or ()))
        await keys.require_named()
        if without := await keys.aliases_without_certificate():
            note_failure("NO_CERTIFICATE", missing_certificates_text(without))
        if limit is None:
            yield keys
        else:
            yield WaitingSigner(keys, keys.is_open, limit.total_seconds(), note_failure)
