"""What `countersign agent` does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from countersign.agent.certificates import load_certificates
from countersign.agent.running import run_command
from countersign.agent.server_keys import ServerKeys
from countersign.agent.setup_texts import SETUP_TEXTS, missing_certificates_text, setup_text
from countersign.agent.signing_keys import KeySigner
from countersign.agent.waiting import WaitingSigner
from countersign.connection.connect import connect_async
from countersign.errors import UsageError
from countersign.suggestions import did_you_mean
from countersign.terminal import note_failure, print_line, print_text
from countersign.times import parse_length


def run_under_agent(
    command: Sequence[str],
    aliases: Sequence[str] | None,
    certificates: Sequence[Path] | None,
    wait: str | None,
) -> int:
    """Run a command whose tools sign through the agent, and return its exit status."""

    async def run() -> int:
        async with _signer(aliases, certificates, wait) as signer:
            return await run_command(signer, command)

    return asyncio.run(run())


def offer_keys(
    serve: Callable[[KeySigner], Awaitable[None]],
    aliases: Sequence[str] | None,
    certificates: Sequence[Path] | None,
    wait: str | None,
) -> None:
    """Offer keypairs as `serve` does, until it ends."""

    async def run() -> None:
        async with _signer(aliases, certificates, wait) as signer:
            await serve(signer)

    asyncio.run(run())


def print_setup(tool: str | None) -> None:
    """Print how a tool is set up, or the tools that there is a text for.

    Raises:
        UsageError: There is none for this tool.
    """
    if tool is None:
        for name in SETUP_TEXTS:
            print_line(name)
    elif tool in SETUP_TEXTS:
        print_text(setup_text(tool))
    else:
        raise UsageError(
            f"There is no text for {tool!r}.{did_you_mean(tool, SETUP_TEXTS)} Choose one of:"
            f" {', '.join(SETUP_TEXTS)}."
        )


@asynccontextmanager
async def _signer(
    aliases: Sequence[str] | None, certificates: Sequence[Path] | None, wait: str | None
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
