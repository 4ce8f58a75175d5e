"""`countersign-gpg`: stands where a tool has an option for the program gpg, such as git's.

What signs is run under an agent, with the keypairs of the server. Everything else, such as
verifying, is passed to gpg as it is, with the person's own keyring.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from countersign.agent.running import run_command
from countersign.agent.server_keys import ServerKeys
from countersign.connection.connect import connect_async
from countersign.errors import ClientError
from countersign.terminal import note_failure, notice

PROGRAM = "gpg"
SIGNING_OPTIONS = frozenset({"--sign", "--detach-sign", "--clear-sign", "--clearsign"})
#: Letters that sign, and letters that take the rest of the word as their value.
SIGNING_LETTERS, VALUE_LETTERS = frozenset("sb"), frozenset("uoNr")


def signs(arguments: Sequence[str]) -> bool:
    """Tell whether arguments of gpg make it sign."""
    for argument in arguments:
        if argument == "--":
            return False
        if argument in SIGNING_OPTIONS or (_is_cluster(argument) and _signs_by_letter(argument)):
            return True
    return False


def _is_cluster(argument: str) -> bool:
    return argument.startswith("-") and not argument.startswith("--")


def _signs_by_letter(cluster: str) -> bool:
    for letter in cluster[1:]:
        if letter in SIGNING_LETTERS:
            return True
        if letter in VALUE_LETTERS:
            return False
    return False


def notify_on_terminal(code: str, sentence: str) -> None:
    """Say it on standard error and, where a tool reads that itself, on the terminal as well."""
    note_failure(code, sentence)
    if not sys.stderr.isatty():
        with suppress(OSError), Path("/dev/tty").open("w", encoding="utf-8") as terminal:
            terminal.write(f"{notice(code, sentence)}\n")


async def _sign(command: Sequence[str]) -> int:
    async with connect_async() as connection:
        return await run_command(ServerKeys(connection), command, notify_on_terminal)


def main() -> None:
    """Run gpg with the arguments of this process."""
    command = [PROGRAM, *sys.argv[1:]]
    if not signs(command[1:]):
        os.execvp(PROGRAM, command)  # noqa: S606 - that is what this program is for
    try:
        sys.exit(asyncio.run(_sign(command)))
    except ClientError as error:
        notify_on_terminal(error.code, error.message)
        sys.exit(error.exit_status)
