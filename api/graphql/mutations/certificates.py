"""Add certificates to keypairs, choose the default one, and remove them."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.mutations.keypairs import KeypairPayload
from api.graphql.mutations.payload import Payload
from api.graphql.resolvers import run_mutation
from api.graphql.types.certificate import Certificate
from api.runtime.runtime import Runtime
from engine.commands.keys.certificates import (
    AddCertificate,
    RemoveCertificate,
    SetDefaultCertificate,
)
from engine.commands.keys.openpgp_certificates import RenewOpenPgpCertificate
from engine.commands.keys.x509_certificates import (
    CreateCertificateRequest,
    IssueSelfSignedCertificate,
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


@strawberry.input(description="Whom a certificate is requested for, and why.")
class CreateCertificateRequestInput:
    keypair_id: strawberry.ID = strawberry.field(
        description="The id of the keypair that signs the request."
    )
    subject: str = strawberry.field(
        description="Whom the certificate is to be about, as a distinguished name of RFC 4514 such"
        " as `CN=Example,O=Example GmbH,C=AT`."
    )
    reason: str = strawberry.field(
        description="Why the request is made, for the ledger and the administrators."
    )
    dns_names: list[str] | None = strawberry.field(
        default=None, description="Host names among the alternative names of the subject."
    )
    emails: list[str] | None = strawberry.field(
        default=None, description="E-mail addresses among the alternative names of the subject."
    )
    uris: list[str] | None = strawberry.field(
        default=None, description="URIs among the alternative names of the subject."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateCertificateRequest:
        """Return the command; refuses ids of other types."""
        return CreateCertificateRequest(
            keypair_id=from_global(self.keypair_id, "Keypair", "keypair_id"),
            subject=self.subject,
            reason=self.reason,
            dns_names=tuple(self.dns_names or ()),
            emails=tuple(self.emails or ()),
            uris=tuple(self.uris or ()),
        )


@strawberry.input(description="Whom a self-signed certificate is about, for how long, and why.")
class IssueSelfSignedCertificateInput:
    keypair_id: strawberry.ID = strawberry.field(
        description="The id of the keypair that signs its certificate."
    )
    subject: str = strawberry.field(
        description="Whom the certificate is about, as a distinguished name of RFC 4514 such as"
        " `CN=Example,O=Example GmbH,C=AT`."
    )
    reason: str = strawberry.field(
        description="Why it is issued, for the ledger and the administrators."
    )
    days: int = strawberry.field(
        description="The number of days for which the certificate is valid, from 1 to 3653."
    )
    dns_names: list[str] | None = strawberry.field(
        default=None, description="Host names among the alternative names of the subject."
    )
    emails: list[str] | None = strawberry.field(
        default=None, description="E-mail addresses among the alternative names of the subject."
    )
    uris: list[str] | None = strawberry.field(
        default=None, description="URIs among the alternative names of the subject."
    )
    make_default: bool = strawberry.field(
        default=False, description="Whether the certificate becomes the keypair's default."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> IssueSelfSignedCertificate:
        """Return the command; refuses ids of other types."""
        return IssueSelfSignedCertificate(
            keypair_id=from_global(self.keypair_id, "Keypair", "keypair_id"),
            subject=self.subject,
            reason=self.reason,
            days=self.days,
            dns_names=tuple(self.dns_names or ()),
            emails=tuple(self.emails or ()),
            uris=tuple(self.uris or ()),
            make_default=self.make_default,
        )


@strawberry.input(description="What the OpenPGP certificate of a keypair is to say, and why.")
class RenewOpenpgpCertificateInput:
    keypair_id: strawberry.ID = strawberry.field(
        description="The id of the keypair, which is of the category GPG."
    )
    reason: str = strawberry.field(
        description="Why it is renewed, for the ledger and the administrators."
    )
    expires_at: datetime | None = strawberry.field(
        default=None,
        description="The time at which the certificate expires from now on; it never does if left"
        " out.",
    )
    user_id: str | None = strawberry.field(
        default=None,
        description="The primary user id from now on, such as a name and an address in angle"
        " brackets; it stays as it is if left out. Earlier ones stay in the certificate.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> RenewOpenPgpCertificate:
        """Return the command; refuses ids of other types."""
        return RenewOpenPgpCertificate(
            keypair_id=from_global(self.keypair_id, "Keypair", "keypair_id"),
            reason=self.reason,
            expires_at=self.expires_at,
            user_id=self.user_id,
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


@strawberry.type(description="The result of issuing a self-signed certificate.")
class IssueSelfSignedCertificatePayload(CertificatePayload):
    pass


@strawberry.type(description="The result of renewing the OpenPGP certificate of a keypair.")
class RenewOpenpgpCertificatePayload(KeypairPayload):
    pass


@strawberry.type(description="The result of making a certificate request.")
class CreateCertificateRequestPayload(Payload):
    request_pem: str | None = strawberry.field(
        default=None,
        description="The request as PKCS#10 in PEM, which an authority takes, or null if it was"
        " refused.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, pem: str) -> Self:
        """Return the payload with the request, which is stored nowhere."""
        return cls(request_pem=pem)


@strawberry.type
class CertificateMutations:
    @strawberry.mutation(
        description="Makes a request for a code-signing certificate, which needs MANAGE_KEYPAIRS."
        " The keypair signs it, also an offline one outside of a release unless the account's"
        " settings forbid that. The administrators are told before the key is used."
    )
    async def create_certificate_request(
        self, info: Info, input: CreateCertificateRequestInput
    ) -> CreateCertificateRequestPayload:
        return await run_mutation(info, input, CreateCertificateRequestPayload)

    @strawberry.mutation(
        description="Issues a code-signing certificate that the keypair itself signs, which needs"
        " MANAGE_KEYPAIRS, and adds it to the keypair. An offline keypair signs it outside of a"
        " release unless the account's settings forbid that. The administrators are told before"
        " the key is used."
    )
    async def issue_self_signed_certificate(
        self, info: Info, input: IssueSelfSignedCertificateInput
    ) -> IssueSelfSignedCertificatePayload:
        return await run_mutation(info, input, IssueSelfSignedCertificatePayload)

    @strawberry.mutation(
        description="Gives the OpenPGP certificate of a keypair another expiry or user id, which"
        " needs MANAGE_KEYPAIRS. Its keys and its fingerprint stay, and signatures that were made"
        " before verify with the renewed certificate. An offline keypair signs it outside of a"
        " release unless the account's settings forbid that. The administrators are told before"
        " the key is used."
    )
    async def renew_openpgp_certificate(
        self, info: Info, input: RenewOpenpgpCertificateInput
    ) -> RenewOpenpgpCertificatePayload:
        return await run_mutation(info, input, RenewOpenpgpCertificatePayload)

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
