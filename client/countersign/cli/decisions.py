"""`countersign inbox`, `approve` and `reject`: what waits for one's decision, and deciding it."""

from __future__ import annotations

from typing import Annotated

import typer

from countersign.cli.output import JsonFields

app = typer.Typer(add_completion=False)

Name = Annotated[str, typer.Argument(metavar="RELEASE", help="The name or id of the release.")]
Revision = Annotated[
    int | None,
    typer.Option(
        min=1, help="The revision that you read; the newest one, which is shown, if left out."
    ),
]


@app.command("inbox")
def inbox(
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Go on with what begins to wait, until interrupted; with --json a line each.",
        ),
    ] = False,
    fields: JsonFields = None,
) -> None:
    """List the releases that wait for your decision."""
    from countersign.cli.runs.decisions import print_inbox, watch_inbox

    if watch:
        watch_inbox(fields)
    else:
        print_inbox(fields)


@app.command("approve")
def approve(
    name: Name,
    comment: Annotated[str | None, typer.Option(help="For everyone concerned.")] = None,
    revision: Revision = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
    fields: JsonFields = None,
) -> None:
    """Approve a release, after a look at what it asks for."""
    from countersign.cli.runs.decisions import decide

    decide("approve", name, comment, revision, is_confirmed=yes, fields=fields)


@app.command("reject")
def reject(
    name: Name,
    comment: Annotated[str, typer.Option(help="The reason, for everyone concerned.")],
    revision: Revision = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
    fields: JsonFields = None,
) -> None:
    """Reject a release: one rejection ends the request."""
    from countersign.cli.runs.decisions import decide

    decide("reject", name, comment, revision, is_confirmed=yes, fields=fields)
