"""Certificates of keypairs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.ids import to_global
from api.graphql.scalars import Base64
from api.graphql.types.enum_descriptions import describe_enum
from api.graphql.types.filter_values import id_value, list_value
from api.graphql.types.node import Node
from api.graphql.types.people import User
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.model import certificates as words
from engine.queries import certificates
from engine.queries.records import Record
from engine.x509.forms import ChainForms

if TYPE_CHECKING:
    from api.graphql.types.keypair import Keypair

CertificateKind = words.CertificateKind
describe_enum(
    CertificateKind,
    "CertificateKind",
    "The form of a certificate.",
    {
        "X509": "An X.509 certificate, with the chain of the authorities that vouch for it.",
        "OPENPGP": "An OpenPGP certificate, which users of OpenPGP call a public key.",
    },
)

CertificateWarning = words.CertificateWarning
describe_enum(
    CertificateWarning,
    "CertificateWarning",
    "What programs may hold against a certificate that is otherwise in order.",
    {
        "NO_CODE_SIGNING": "Its extended key usage does not name code signing, so that programs"
        " which verify signed code may refuse it.",
        "NO_DIGITAL_SIGNATURE": "Its key usage does not name digital signatures.",
        "ISSUES_CERTIFICATES": "It is the certificate of an authority, with which further"
        " certificates can be issued.",
        "SELF_SIGNED": "Nobody else vouches for it, so that it has to be trusted by itself.",
        "WEAK_DIGEST": "A certificate of the chain is signed over a SHA-1 or MD5 digest.",
        "NOT_YET_VALID": "It was not valid yet when it was added.",
    },
)


@strawberry.type(
    description="A certificate of a keypair. It stays readable by its id after it was removed."
)
class Certificate(Node):
    source: strawberry.Private[Record]
    forms: strawberry.Private[ChainForms | None]
    kind: CertificateKind = strawberry.field(description="The form of the certificate.")
    subject: str = strawberry.field(
        description="Whom the certificate is about: a distinguished name as of RFC 4514, or the"
        " user id of an OpenPGP certificate."
    )
    issuer: str | None = strawberry.field(
        description="The distinguished name of the authority that issued it, or null for OpenPGP."
    )
    serial_number: str | None = strawberry.field(
        description="The serial number in hexadecimal digits, or null for OpenPGP."
    )
    fingerprint: str = strawberry.field(
        description="The SHA-256 of the certificate in DER in hexadecimal digits, or the"
        " fingerprint of an OpenPGP certificate."
    )
    valid_from: datetime = strawberry.field(
        description="The time from which every certificate of the chain is valid."
    )
    expires_at: datetime | None = strawberry.field(
        description="The time at which the first certificate of the chain expires, or null if it"
        " never does."
    )
    is_default: bool = strawberry.field(
        description="Whether it is the default certificate of its keypair."
    )
    warnings: list[CertificateWarning] = strawberry.field(
        description="What programs may hold against the certificate, as of when it was added."
    )
    created_at: datetime = strawberry.field(
        description="The time at which the certificate was added."
    )
    removed_at: datetime | None = strawberry.field(
        description="The time at which the certificate was removed, or null if it was not."
    )
    keypair: Annotated[Keypair, strawberry.lazy("api.graphql.types.keypair")] | None = (
        strawberry.field(default=None, description="The keypair that the certificate is of.")
    )
    added_by: User | None = strawberry.field(
        default=None, description="The user who added the certificate."
    )
    removed_by: User | None = strawberry.field(
        default=None, description="The user who removed the certificate, or null if nobody did."
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the certificate now, with the reason"
        " why others would be refused.",
    )

    @strawberry.field(description="The X.509 certificate alone in PEM, or null for OpenPGP.")
    def pem(self) -> str | None:
        return self.forms.leaf_pem if self.forms else None

    @strawberry.field(description="The X.509 certificate alone in DER, or null for OpenPGP.")
    def der(self) -> Base64 | None:
        return Base64(self.forms.leaf_der) if self.forms else None

    @strawberry.field(
        description="The X.509 certificate and those of its issuers in PEM, or null for OpenPGP."
    )
    def chain_pem(self) -> str | None:
        return self.forms.chain_pem if self.forms else None

    @strawberry.field(
        description="The SHA-1 of the X.509 certificate in hexadecimal digits, by which Windows"
        " names certificates."
    )
    def sha1_fingerprint(self) -> str | None:
        return self.forms.sha1_fingerprint if self.forms else None

    @strawberry.field(description="The armored OpenPGP certificate, or null for X.509.")
    def openpgp(self) -> str | None:
        return None if self.forms else self.source.content

    @classmethod
    def of(cls, row: Record) -> Certificate:
        """A certificate from its row."""
        return cls(
            id=strawberry.ID(to_global("Certificate", row.id)),
            source=row,
            forms=certificates.forms_of(row),
            kind=row.kind,
            subject=row.subject,
            issuer=row.issuer,
            serial_number=row.serial_number,
            fingerprint=row.fingerprint,
            valid_from=row.valid_from,
            expires_at=row.expires_at,
            is_default=row.is_default,
            warnings=certificates.warnings_of(row),
            created_at=row.created_at,
            removed_at=row.removed_at,
        )


@strawberry.input(description="Conditions on certificates, all of which must hold.")
class CertificateFilter:
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None, description="The certificate is of this keypair."
    )
    kind: list[CertificateKind] | None = strawberry.field(
        default=None, description="The form of the certificate is one of these."
    )
    is_default: bool | None = strawberry.field(
        default=None, description="Whether it is the default certificate of its keypair."
    )
    expiring_before: datetime | None = strawberry.field(
        default=None, description="The certificate expires, or has expired, before this time."
    )
    with_removed: bool = strawberry.field(
        default=False, description="Whether certificates that were removed are listed as well."
    )

    def to_filter(self) -> certificates.CertificateFilter:
        """Return the engine's form of the conditions; refuses NOT_FOUND for malformed ids."""
        return certificates.CertificateFilter(
            keypair_id=id_value(self.keypair_id, "Keypair", "keypairId"),
            kinds=list_value(self.kind, "kind"),
            is_default=self.is_default,
            expiring_before=self.expiring_before,
            with_removed=self.with_removed,
        )
