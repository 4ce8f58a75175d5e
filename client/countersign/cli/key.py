"""`countersign key`: the keypairs of the account, and their public keys."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.output import JsonFields

app = typer.Typer(no_args_is_help=True, add_completion=False)
group = typer.Typer(no_args_is_help=True, help="Keypairs of the account, and their public keys.")
app.add_typer(group, name="key")

Alias = Annotated[str, typer.Argument(metavar="KEY", help="The alias or id of the keypair.")]


class PublicKeyForm(StrEnum):
    """The values of `key export --format`, as the API calls them."""

    PEM = "pem"
    DER = "der"
    JWK = "jwk"
    SSH = "ssh"
    OPENPGP = "openpgp"


@app.callback()
def _key() -> None:
    pass


@group.command("list")
def list_keypairs(
    search: Annotated[str | None, typer.Option(help="Only aliases in which this is.")] = None,
    fields: JsonFields = None,
) -> None:
    """List the keypairs."""
    from countersign.cli.key_run import print_keypairs

    print_keypairs(search, fields)


@group.command("show")
def show(alias: Alias, fields: JsonFields = None) -> None:
    """Show a keypair."""
    from countersign.cli.key_run import show_keypair

    show_keypair(alias, fields)


@group.command("export")
def export(
    alias: Alias,
    form: Annotated[
        PublicKeyForm,
        typer.Option("--format", case_sensitive=False, help="The form of the public key."),
    ] = PublicKeyForm.PEM,
    out: Annotated[Path | None, typer.Option(help="A file to write instead of printing.")] = None,
) -> None:
    """Print a public key, to verify with."""
    from countersign.cli.key_run import export_public_key

    export_public_key(alias, form, out)
