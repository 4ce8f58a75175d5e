"""`countersign key`: the keypairs of the account, and their public keys."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.groups import VerbGroup
from countersign.cli.output import JsonFields

app = typer.Typer(no_args_is_help=True, add_completion=False)
group = typer.Typer(
    cls=VerbGroup, no_args_is_help=True, help="Keypairs of the account, and their public keys."
)
app.add_typer(group, name="key")

Alias = Annotated[str, typer.Argument(metavar="KEY", help="The alias or id of the keypair.")]


Certificate = Annotated[
    str, typer.Argument(metavar="CERTIFICATE", help="Its id, or how its fingerprint begins.")
]
Subject = Annotated[
    str,
    typer.Option(help="Whom it is about, such as `CN=Example,O=Example GmbH,C=AT` (RFC 4514)."),
]
Reason = Annotated[str, typer.Option(help="Why, for the ledger and the administrators.")]
DnsNames = Annotated[
    list[str] | None, typer.Option("--dns", help="A host name of the subject; may be repeated.")
]
Emails = Annotated[
    list[str] | None, typer.Option("--email", help="An address of the subject; may be repeated.")
]
Uris = Annotated[
    list[str] | None, typer.Option("--uri", help="A URI of the subject; may be repeated.")
]


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
    from countersign.cli.runs.key import print_keypairs

    print_keypairs(search, fields)


@group.command("show")
def show(alias: Alias, fields: JsonFields = None) -> None:
    """Show a keypair."""
    from countersign.cli.runs.key import show_keypair

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
    from countersign.cli.runs.key import export_public_key

    export_public_key(alias, form, out)


@group.command("certificates")
def certificates(alias: Alias, fields: JsonFields = None) -> None:
    """List the certificates of a keypair, those that expire soonest first."""
    from countersign.cli.runs.certificates import print_certificates

    print_certificates(alias, fields)


@group.command("request-certificate")
def request_certificate(
    alias: Alias,
    subject: Subject,
    reason: Reason,
    dns: DnsNames = None,
    email: Emails = None,
    uri: Uris = None,
    out: Annotated[Path | None, typer.Option(help="A file to write instead of printing.")] = None,
) -> None:
    """Make a request (PKCS#10) that an authority issues a certificate for; the keypair signs it."""
    from countersign.cli.runs.certificates import CertificateSubject, request_certificate

    about = CertificateSubject(subject, reason, dns or (), email or (), uri or ())
    request_certificate(alias, about, out)


@group.command("self-sign-certificate")
def self_sign_certificate(
    alias: Alias,
    subject: Subject,
    reason: Reason,
    days: Annotated[int, typer.Option(min=1, max=3653, help="How long it is valid.")] = 365,
    dns: DnsNames = None,
    email: Emails = None,
    uri: Uris = None,
    is_default: Annotated[
        bool, typer.Option("--default", help="Make it the default certificate of the keypair.")
    ] = False,
    fields: JsonFields = None,
) -> None:
    """Issue a certificate that the keypair itself signs, and add it to the keypair."""
    from countersign.cli.runs.certificates import CertificateSubject, self_sign_certificate

    about = CertificateSubject(subject, reason, dns or (), email or (), uri or ())
    self_sign_certificate(alias, about, days, fields, is_default=is_default)


@group.command("add-certificate")
def add_certificate(
    alias: Alias,
    file: Annotated[
        Path,
        typer.Argument(help="PEM: the keypair's certificate, then after each that of its issuer."),
    ],
    is_default: Annotated[
        bool, typer.Option("--default", help="Make it the default certificate of the keypair.")
    ] = False,
    fields: JsonFields = None,
) -> None:
    """Add a certificate that an authority has issued to a keypair."""
    from countersign.cli.runs.certificates import add_certificate

    add_certificate(alias, file, fields, is_default=is_default)


@group.command("set-default-certificate")
def set_default_certificate(
    alias: Alias, certificate: Certificate, fields: JsonFields = None
) -> None:
    """Choose the certificate that tools get, and that signatures in CMS carry."""
    from countersign.cli.runs.certificates import set_default_certificate

    set_default_certificate(alias, certificate, fields)


@group.command("remove-certificate")
def remove_certificate(alias: Alias, certificate: Certificate, fields: JsonFields = None) -> None:
    """Remove a certificate from a keypair."""
    from countersign.cli.runs.certificates import remove_certificate

    remove_certificate(alias, certificate, fields)
