"""The command `countersign`: its verbs, and how it ends.

A verb's module is imported when the verb is used, so that the others cost no time. Where the server
is installed, its verbs join by the entry points `countersign.verbs`: the name of the entry point is
that of the verb, and its value is a Typer application which has it.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from countersign.cli.groups import VerbGroup
from countersign.errors import ClientError, ExitStatus
from countersign.terminal import note_failure, print_text

VERBS_GROUP = "countersign.verbs"
#: The client's verbs, and the module in which each has the Typer application `app`.
VERBS = {
    "login": "countersign.cli.login",
    "logout": "countersign.cli.login",
    "whoami": "countersign.cli.whoami",
    "doctor": "countersign.cli.doctor",
    "inbox": "countersign.cli.decisions",
    "approve": "countersign.cli.decisions",
    "reject": "countersign.cli.decisions",
    "release": "countersign.cli.release",
    "key": "countersign.cli.key",
    "team": "countersign.cli.team",
    "sign": "countersign.cli.sign",
    "verify": "countersign.cli.verify",
    "agent": "countersign.cli.agent",
    "token": "countersign.cli.token",
    "completion": "countersign.cli.completion",
}
#: Verbs of the client whose name is the server's where that is installed, since it looks after an
#: installation there. `countersign client VERB` is the client's on every machine.
SHARED_VERBS = frozenset({"doctor", "token"})


class ClientVerbs(VerbGroup):
    """The client's verbs alone, each imported when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the verbs in the order of the table."""
        return [*VERBS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a verb."""
        if cmd_name not in VERBS:
            return None
        return verb_of(import_module(VERBS[cmd_name]).app, cmd_name)


class AllVerbs(ClientVerbs):
    """The client's verbs and, where the server is installed, the server's."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the client's verbs, and then of the server's own."""
        return [*VERBS, *sorted(_server_verbs().keys() - VERBS.keys()), *self.commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a verb."""
        if (cmd_name not in VERBS or cmd_name in SHARED_VERBS) and cmd_name in _server_verbs():
            return verb_of(_server_verbs()[cmd_name].load(), cmd_name)
        return super().get_command(ctx, cmd_name) or self.commands.get(cmd_name)


@cache
def _server_verbs() -> dict[str, Any]:
    """Return the entry points of the server's verbs by name; none where it is not installed."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=VERBS_GROUP)}


#: An application is turned into a command once, also where a help asks for each of its verbs.
_command_of = cache(typer.main.get_command)


def verb_of(application: typer.Typer, name: str) -> Any:
    """Return the command or group of this name in an application that may have others."""
    command = _command_of(application)
    return (
        command.commands[name]
        if isinstance(command, TyperGroup) and name in command.commands
        else command
    )


app = typer.Typer(cls=AllVerbs, no_args_is_help=True, pretty_exceptions_enable=False)
client = typer.Typer(
    cls=ClientVerbs,
    no_args_is_help=True,
    help="The verbs that talk to a server, also where the server's own have the same name.",
)


@client.callback()
def _client() -> None:
    pass


app.add_typer(client, name="client")


@app.callback(invoke_without_command=True)
def countersign(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """Release approval for code-signing keys."""
    if version:
        from importlib.metadata import version as installed_version

        print_text(installed_version("countersign-client"))
        raise typer.Exit


def main() -> None:
    """Run the command line of this process, and end with the exit status of what happened."""
    try:
        app()
    except ClientError as error:
        note_failure(error.code, error.message)
        sys.exit(error.exit_status)
    except OSError as error:
        note_failure("FAILED", str(error))
        sys.exit(ExitStatus.FAILED)
    except KeyboardInterrupt:
        sys.exit(ExitStatus.FAILED)
