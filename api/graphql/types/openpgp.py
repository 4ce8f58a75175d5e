"""What clients need of a keypair of the category `GPG` to put OpenPGP packets together."""

from __future__ import annotations

from datetime import datetime

import strawberry

from engine.openpgp.certificate import certificate_fingerprint
from engine.queries.records import Record
from engine.signers.openpgp_keys import openpgp_key, read_settings


@strawberry.type(
    description="The OpenPGP certificate of a keypair: a primary key that certifies, and the raw"
    " key of the keypair as the subkey that signs data."
)
class OpenPgp:
    certificate: str = strawberry.field(
        description="The certificate in ASCII armor, as verifiers import it."
    )
    fingerprint: str = strawberry.field(
        description="The fingerprint of the certificate in hexadecimal digits."
    )
    signing_fingerprint: str = strawberry.field(
        description="The fingerprint of the subkey that signs in hexadecimal digits; the last 16"
        " are its key id. Signatures name both as their issuer."
    )
    created_at: datetime = strawberry.field(
        description="The time at which both keys were made; no signature may be older."
    )

    user_id: str = strawberry.field(
        description="The primary user id of the certificate: a name, and by custom an address in"
        " angle brackets."
    )
    expires_at: datetime | None = strawberry.field(
        description="The time at which the certificate expires, or null if it never does."
    )

    @classmethod
    def of(cls, row: Record) -> OpenPgp | None:
        """The certificate of a keypair's row, or None if it has none."""
        if row.openpgp_certificate is None:
            return None
        settings = read_settings(row.openpgp_certificate)
        return cls(
            user_id=settings.user_id,
            expires_at=settings.expires_at,
            certificate=row.openpgp_certificate,
            fingerprint=certificate_fingerprint(row.openpgp_certificate).hex(),
            signing_fingerprint=openpgp_key(
                row.public_key, row.openpgp_created_at
            ).fingerprint.hex(),
            created_at=row.openpgp_created_at,
        )
