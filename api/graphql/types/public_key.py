"""The public key of a keypair, in the forms that programs ask for."""

from __future__ import annotations

import strawberry
from strawberry.scalars import JSON

from api.graphql.scalars import Base64
from engine.signers import public_keys


@strawberry.type(
    description="The public key of a keypair in several forms. Those that its kind of key does not"
    " have are null. Of a keypair of the category GPG it is the subkey that signs."
)
class PublicKey:
    source: strawberry.Private[public_keys.PublicKey]

    @strawberry.field(description="The public key as SubjectPublicKeyInfo in PEM.")
    def pem(self) -> str | None:
        return self.source.pem

    @strawberry.field(description="The public key as SubjectPublicKeyInfo in DER.")
    def der(self) -> Base64 | None:
        return Base64(self.source.der)

    @strawberry.field(
        description="The public key as a JSON Web Key, whose `kid` is its RFC 7638 thumbprint."
    )
    def jwk(self) -> JSON | None:
        jwk: JSON = self.source.jwk  # type: ignore[assignment]
        return jwk

    @strawberry.field(
        description="The public key as a line of OpenSSH, as `allowed_signers` files have it."
    )
    def ssh(self) -> str | None:
        return self.source.ssh

    @strawberry.field(
        description="The armored OpenPGP certificate of a keypair of the category GPG."
    )
    def openpgp(self) -> str | None:
        return self.source.openpgp

    @strawberry.field(
        description="The SHA-256 of the key in DER in hexadecimal digits, or the fingerprint of the"
        " OpenPGP certificate."
    )
    def fingerprint(self) -> str:
        return self.source.fingerprint

    @strawberry.field(description="The fingerprint as `ssh-keygen -l` shows it.")
    def ssh_fingerprint(self) -> str | None:
        return self.source.ssh_fingerprint
