"""`countersign login` and `logout`: the session of this command line."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command("login")
def login(
    server: Annotated[
        str | None,
        typer.Argument(help="The URL of the server; the one of the profile if left out."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="The name of the profile to sign in with.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open no browser.")
    ] = False,
) -> None:
    """Sign in: confirm the code that is shown in a browser, on this or another machine."""
    from countersign.cli.runs.login import sign_in

    sign_in(server, profile, opens_browser=not no_browser)


@app.command("logout")
def logout() -> None:
    """End the session of this command line, at the server and here."""
    from countersign.cli.runs.login import sign_out

    sign_out()
