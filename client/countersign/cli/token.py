"""`countersign token`: one's own API tokens. Their secrets are printed once, and taken nowhere."""

from __future__ import annotations

from typing import Annotated

import typer

from countersign.cli.groups import VerbGroup
from countersign.cli.output import JsonFields

app = typer.Typer(no_args_is_help=True, add_completion=False)
group = typer.Typer(
    cls=VerbGroup, no_args_is_help=True, help="API tokens of your own or of service users."
)
app.add_typer(group, name="token")


@app.callback()
def _token() -> None:
    pass


@group.command("list")
def list_tokens(fields: JsonFields = None) -> None:
    """List API tokens."""
    from countersign.cli.runs.token import print_tokens

    print_tokens(fields)


@group.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Reach no further; repeat it. Without: all but those to be named."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends: RFC 3339, or now+90d; never if left out.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="The address of a service user; yours if left out.")
    ] = None,
    fields: JsonFields = None,
) -> None:
    """Make an API token, and print its secret, which is shown this once."""
    from countersign.cli.runs.token import create_token

    create_token(name, scope, expires, user, fields)


@group.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="Its id.")]) -> None:
    """Revoke an API token, and those that were made with it."""
    from countersign.cli.runs.token import revoke_token

    revoke_token(token_id)
