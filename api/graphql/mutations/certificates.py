"""Add certificates to keypairs, choose the default one, and remove them."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload
from api.graphql.resolvers import run_mutation
from api.graphql.types.certificate import Certificate
from api.runtime.runtime import Runtime
from engine.commands.keys.certificates import (
    AddCertificate,
    RemoveCertificate,
    SetDefaultCertificate,
)
from engine.model.principal import Principal


@strawberry.input(description="The certificate to add to a keypair.")
class AddCertificateInput:
    keypair_id: strawberry.ID = strawberry.field(
        description="The id of the keypair that the certificate is of."
    )
    chain: str = strawberry.field(
        description="X.509 certificates in PEM: first the keypair's own, then after each one that"
        " of its issuer. The root may be left out."
    )
    make_default: bool = strawberry.field(
        default=False, description="Whether the certificate becomes the keypair's default."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> AddCertificate:
        """Return the command; refuses ids of other types."""
        return AddCertificate(
            keypair_id=from_global(self.keypair_id, "Keypair", "keypair_id"),
            chain=self.chain,
            make_default=self.make_default,
        )


@strawberry.input(description="The certificate that is to be the default of its keypair.")
class SetDefaultCertificateInput:
    keypair_id: strawberry.ID = strawberry.field(description="The id of the keypair.")
    certificate_id: strawberry.ID = strawberry.field(
        description="The id of one of the keypair's X.509 certificates."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> SetDefaultCertificate:
        """Return the command; refuses ids of other types."""
        return SetDefaultCertificate(
            keypair_id=from_global(self.keypair_id, "Keypair", "keypair_id"),
            certificate_id=from_global(self.certificate_id, "Certificate", "certificate_id"),
        )


@strawberry.input(description="The certificate to remove from its keypair.")
class RemoveCertificateInput:
    keypair_id: strawberry.ID = strawberry.field(description="The id of the keypair.")
    certificate_id: strawberry.ID = strawberry.field(
        description="The id of one of the keypair's certificates."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> RemoveCertificate:
        """Return the command; refuses ids of other types."""
        return RemoveCertificate(
            keypair_id=from_global(self.keypair_id, "Keypair", "keypair_id"),
            certificate_id=from_global(self.certificate_id, "Certificate", "certificate_id"),
        )


@strawberry.type(description="The result of a mutation of a certificate.")
class CertificatePayload(Payload):
    certificate: Certificate | None = strawberry.field(
        default=None,
        description="The certificate as it is now, or null if the mutation was refused.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, certificate_id: UUID) -> Self:
        """Return the payload with the certificate as it is now."""
        return cls(certificate=cache.certificates([certificate_id]).get(certificate_id))


@strawberry.type(description="The result of adding a certificate to a keypair.")
class AddCertificatePayload(CertificatePayload):
    pass


@strawberry.type(description="The result of choosing the default certificate of a keypair.")
class SetDefaultCertificatePayload(CertificatePayload):
    pass


@strawberry.type(description="The result of removing a certificate from a keypair.")
class RemoveCertificatePayload(CertificatePayload):
    pass


@strawberry.type
class CertificateMutations:
    @strawberry.mutation(
        description="Adds an X.509 certificate with its chain to a keypair, which needs"
        " MANAGE_KEYPAIRS. It must be of the keypair's public key, each certificate must have"
        " signed the one before it, and none may have expired."
    )
    async def add_certificate(
        self, info: Info, input: AddCertificateInput
    ) -> AddCertificatePayload:
        return await run_mutation(info, input, AddCertificatePayload)

    @strawberry.mutation(
        description="Makes one of a keypair's X.509 certificates its default, which needs"
        " MANAGE_KEYPAIRS. It must be valid now."
    )
    async def set_default_certificate(
        self, info: Info, input: SetDefaultCertificateInput
    ) -> SetDefaultCertificatePayload:
        return await run_mutation(info, input, SetDefaultCertificatePayload)

    @strawberry.mutation(
        description="Removes a certificate from a keypair, which needs MANAGE_KEYPAIRS. If it was"
        " the default, the keypair has none afterwards."
    )
    async def remove_certificate(
        self, info: Info, input: RemoveCertificateInput
    ) -> RemoveCertificatePayload:
        return await run_mutation(info, input, RemoveCertificatePayload)
