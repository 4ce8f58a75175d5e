"""`countersign team`: the teams, for which releases are requested."""

from __future__ import annotations

from typing import Annotated

import typer

from countersign.cli.groups import VerbGroup
from countersign.cli.output import JsonFields

app = typer.Typer(no_args_is_help=True, add_completion=False)
group = typer.Typer(
    cls=VerbGroup, no_args_is_help=True, help="Teams, for which releases are requested."
)
app.add_typer(group, name="team")


@app.callback()
def _team() -> None:
    pass


@group.command("list")
def list_teams(
    search: Annotated[str | None, typer.Option(help="Only names in which this is.")] = None,
    fields: JsonFields = None,
) -> None:
    """List the teams that you may see."""
    from countersign.cli.runs.team import print_teams

    print_teams(search, fields)


@group.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="TEAM", help="The name or id of the team.")],
    fields: JsonFields = None,
) -> None:
    """Show a team, its members and its keypairs."""
    from countersign.cli.runs.team import show_team

    show_team(name, fields)
