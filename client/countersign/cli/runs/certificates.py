"""What the verbs of `countersign key` about certificates do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countersign.cli.output import chosen, print_json, print_pairs, print_rows
from countersign.connection.connect import connect
from countersign.connection.graphql import Connection
from countersign.connection.paths import replace_file
from countersign.errors import RefusedError, UsageError
from countersign.operations.certificates import (
    ADD_CERTIFICATE,
    CERTIFICATES,
    CREATE_CERTIFICATE_REQUEST,
    ISSUE_SELF_SIGNED_CERTIFICATE,
    REMOVE_CERTIFICATE,
    SET_DEFAULT_CERTIFICATE,
)
from countersign.operations.operation import Operation
from countersign.releases.lookups import keypair_named
from countersign.terminal import note, print_line
from countersign.times import shown_instant

CERTIFICATE_COLUMNS = ("SUBJECT", "ISSUER", "EXPIRES", "DEFAULT", "FINGERPRINT", "WARNINGS")
#: How many digits of a fingerprint a table shows, which is enough to name a certificate by.
_SHOWN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class CertificateSubject:
    """Whom a certificate is about, and why it is made."""

    subject: str
    reason: str
    dns_names: Sequence[str]
    emails: Sequence[str]
    uris: Sequence[str]

    def values(self, keypair: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of the input of a mutation."""
        return {
            "keypairId": keypair["id"],
            "subject": self.subject,
            "reason": self.reason,
            "dnsNames": [*self.dns_names],
            "emails": [*self.emails],
            "uris": [*self.uris],
        }


def print_certificates(alias: str, fields: str | None) -> None:
    """List the certificates of a keypair."""
    with connect() as connection:
        rows = _certificates(connection, keypair_named(connection, alias))
    print_rows(rows, fields, CERTIFICATE_COLUMNS, _cells)
    if not rows and fields is None:
        note(
            f"{alias} has no certificate. Make a request for an authority with `countersign key"
            " request-certificate`, or a certificate with `countersign key self-sign-certificate`."
        )


def request_certificate(alias: str, about: CertificateSubject, out: Path | None) -> None:
    """Print or write a request for a certificate."""
    with connect() as connection:
        values = about.values(keypair_named(connection, alias))
        request_pem = str(connection.change(CREATE_CERTIFICATE_REQUEST, values)["requestPem"])
    if out is not None:
        replace_file(out, request_pem.encode())
    else:
        for line in request_pem.splitlines():
            print_line(line)
    note(
        "Give the request to your authority, and what it issues to"
        f" `countersign key add-certificate {alias} FILE --default`."
    )


def self_sign_certificate(
    alias: str, about: CertificateSubject, days: int, fields: str | None, *, is_default: bool
) -> None:
    """Issue a self-signed certificate, and make it the default if that is wanted."""
    with connect() as connection:
        keypair = keypair_named(connection, alias)
        values = {**about.values(keypair), "days": days}
        certificate = _change(connection, ISSUE_SELF_SIGNED_CERTIFICATE, values)
        if is_default and not certificate["isDefault"]:
            values = _subject_of(keypair, certificate)
            certificate = _change(connection, SET_DEFAULT_CERTIFICATE, values)
    _print(certificate, fields)


def add_certificate(alias: str, file: Path, fields: str | None, *, is_default: bool) -> None:
    """Add a certificate out of a file.

    Raises:
        UsageError: The file cannot be read.
        RefusedError: It has no certificate of this keypair.
    """
    try:
        chain = file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as PEM: {error}.") from error
    with connect() as connection:
        keypair = keypair_named(connection, alias)
        values = {"keypairId": keypair["id"], "chain": chain, "makeDefault": is_default}
        certificate = _change(connection, ADD_CERTIFICATE, values)
    _print(certificate, fields)


def set_default_certificate(alias: str, certificate: str, fields: str | None) -> None:
    """Make a certificate the default of its keypair."""
    _change_one(SET_DEFAULT_CERTIFICATE, alias, certificate, fields)


def remove_certificate(alias: str, certificate: str, fields: str | None) -> None:
    """Remove a certificate from its keypair."""
    _change_one(REMOVE_CERTIFICATE, alias, certificate, fields)


def _change_one(operation: Operation, alias: str, certificate: str, fields: str | None) -> None:
    with connect() as connection:
        keypair = keypair_named(connection, alias)
        named = _certificate_named(connection, keypair, certificate)
        changed = _change(connection, operation, _subject_of(keypair, named))
    _print(changed, fields)


def _change(connection: Connection, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
    return dict(connection.change(operation, values)["certificate"])


def _subject_of(keypair: Mapping[str, Any], certificate: Mapping[str, Any]) -> dict[str, Any]:
    return {"keypairId": keypair["id"], "certificateId": certificate["id"]}


def _certificates(connection: Connection, keypair: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(connection.pages(CERTIFICATES, filter={"keypairId": keypair["id"]}))


def _certificate_named(
    connection: Connection, keypair: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Return the certificate with an id or with the beginning of a fingerprint.

    Raises:
        RefusedError: There is none, or there are several.
    """
    digits = name.casefold()
    matches = [
        row
        for row in _certificates(connection, keypair)
        if row["id"] == name or row["fingerprint"].casefold().startswith(digits)
    ]
    if len(matches) == 1:
        return matches[0]
    number = "no" if not matches else "more than one"
    alias = keypair["alias"]
    raise RefusedError(
        "NOT_FOUND",
        f"{alias} has {number} certificate whose id is {name!r} or whose fingerprint begins so."
        f" `countersign key certificates {alias}` lists them.",
    )


def _cells(certificate: Mapping[str, Any]) -> Iterable[str]:
    return (
        certificate["subject"],
        certificate["issuer"] or "",
        shown_instant(certificate["expiresAt"]),
        "default" if certificate["isDefault"] else "",
        certificate["fingerprint"][:_SHOWN_DIGITS],
        ", ".join(certificate["warnings"]),
    )


def _print(certificate: Mapping[str, Any], fields: str | None) -> None:
    if fields is not None:
        print_json(chosen(certificate, fields))
        return
    print_pairs(
        [
            ("subject", certificate["subject"]),
            ("id", certificate["id"]),
            ("issuer", certificate["issuer"]),
            ("serial number", certificate["serialNumber"]),
            ("fingerprint", certificate["fingerprint"]),
            ("valid from", shown_instant(certificate["validFrom"])),
            ("expires", shown_instant(certificate["expiresAt"])),
            ("default", "yes" if certificate["isDefault"] else "no"),
            ("warnings", ", ".join(certificate["warnings"])),
        ]
    )
