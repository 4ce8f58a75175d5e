"""`countersign release`: request windows, look at them, wait for them, and end them."""

from __future__ import annotations

from typing import Annotated

import typer

from countersign.cli.groups import VerbGroup
from countersign.cli.output import JsonFields
from countersign.cli.waiting import Wait, WaitingCommand

app = typer.Typer(no_args_is_help=True, add_completion=False)
group = typer.Typer(
    cls=VerbGroup, no_args_is_help=True, help="Request releases, follow them, and end them."
)
app.add_typer(group, name="release")

Name = Annotated[str, typer.Argument(metavar="RELEASE", help="The name or id of the release.")]
Reason = Annotated[str | None, typer.Option(help="The reason, for everyone concerned.")]


@app.callback()
def _release() -> None:
    pass


@group.command("request", cls=WaitingCommand)
def request(
    name: Annotated[str, typer.Argument(help="The name of the release, unique in the account.")],
    key: Annotated[list[str], typer.Option(help="The alias or id of a keypair; repeat it.")],
    max_signatures: Annotated[int, typer.Option("--max", min=1, help="How many signatures.")],
    starts: Annotated[
        str, typer.Option(help="RFC 3339, now+10m, or 'today 14:00 Europe/Vienna'.")
    ] = "now",
    ends: Annotated[str | None, typer.Option(help="When the window ends.")] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="How long the window is instead, such as 2h.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="The name or id of the team.")] = None,
    participant: Annotated[
        list[str] | None,
        typer.Option(help="The address of one who may sign, while teams are disabled; repeat it."),
    ] = None,
    version: Annotated[str | None, typer.Option(help="The version of what is released.")] = None,
    note: Annotated[str | None, typer.Option(help="Further information for the approvers.")] = None,
    wait: Wait = None,
    fields: JsonFields = None,
) -> None:
    """Request a release, unless one of this name with these terms is open or requested already.

    So a pipeline that runs again finds its request. Other terms are named and refused.
    With --wait it waits until the release opens.
    """
    from countersign.cli.runs.release import RequestOptions, request_release

    request_release(
        RequestOptions(
            name=name,
            keys=key,
            max_signatures=max_signatures,
            starts=starts,
            ends=ends,
            duration=duration,
            team=team,
            participants=participant or [],
            version=version,
            note=note,
        ),
        wait=wait,
        fields=fields,
    )


@group.command("list")
def list_releases(
    status: Annotated[
        list[str] | None, typer.Option(help="Only those in this status; repeat it.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you requested.")] = False,
    search: Annotated[str | None, typer.Option(help="Only those in which this text is.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 30,
    fields: JsonFields = None,
) -> None:
    """List releases, the newest first."""
    from countersign.cli.runs.release import print_releases

    conditions = {
        "status": [word.upper().replace("-", "_") for word in status or []] or None,
        "mine": mine or None,
        "search": search,
    }
    print_releases(conditions, limit, fields)


@group.command("show")
def show(name: Name, fields: JsonFields = None) -> None:
    """Show a release."""
    from countersign.cli.runs.release import show_release

    show_release(name, fields)


@group.command("wait")
def wait_for(
    name: Name,
    limit: Annotated[
        str, typer.Option("--for", help="How long at most, such as 2h; for ever if left out.")
    ] = "",
    fields: JsonFields = None,
) -> None:
    """Wait until a release opens. Ends with 3 if it did not open in time; the request stays."""
    from countersign.cli.runs.release import wait_for_release

    wait_for_release(name, limit, fields)


@group.command("watch")
def watch(
    name: Annotated[
        str | None, typer.Argument(metavar="RELEASE", help="The name or id; all if left out.")
    ] = None,
    fields: JsonFields = None,
) -> None:
    """Print what happens to a release, or to all that you may see, until it is interrupted."""
    from countersign.cli.runs.release import watch_releases

    watch_releases(name, fields)


@group.command("withdraw")
def withdraw(name: Name, reason: Reason = None, fields: JsonFields = None) -> None:
    """Withdraw a request or an approved release before it opens."""
    from countersign.cli.runs.release import end_release

    end_release("withdraw", name, reason, fields)


@group.command("close")
def close(name: Name, reason: Reason = None, fields: JsonFields = None) -> None:
    """Close an open release before its end: it is completed."""
    from countersign.cli.runs.release import end_release

    end_release("close", name, reason, fields)


@group.command("stop")
def stop(
    name: Name,
    reason: Annotated[str, typer.Option(help="The reason, for everyone concerned.")],
    fields: JsonFields = None,
) -> None:
    """Stop a release at once, since something is wrong: it has failed."""
    from countersign.cli.runs.release import end_release

    end_release("stop", name, reason, fields)
