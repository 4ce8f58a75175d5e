"""Make and change keypairs."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, local_ids
from api.graphql.mutations.payload import Payload, present_fields
from api.graphql.resolvers import run_action, run_mutation
from api.graphql.scalars import Base64
from api.graphql.types.enums import KeypairAccess, KeypairCategory, ReleaseType
from api.graphql.types.keypair import Keypair
from api.graphql.types.signature_enums import KeypairAlgorithm
from api.runtime.runtime import Runtime
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.existing_keypairs import AdoptKeypair, ImportKeypair
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.signers.private_keys import PrivateKeyFile

#: Why nobody says any more whether a keypair has a default certificate.
CERTIFICATE_DEPRECATION = (
    "It follows from the keypair's certificates. Use `addCertificate`, `setDefaultCertificate` and"
    " `removeCertificate`."
)


@strawberry.input(description="The properties of the keypair to create.")
class CreateKeypairInput:
    alias: str = strawberry.field(
        description="The name of the keypair, on one line and unique in the account."
    )
    type: ReleaseType = strawberry.field(
        description="The type of release that can hold the keypair."
    )
    category: KeypairCategory = strawberry.field(
        default=KeypairCategory.STANDARD,
        description="The kind of signatures that the keypair makes. GPG makes an OpenPGP"
        " certificate over keys of the algorithms ED25519, ECDSA and RSA_PKCS1.",
    )
    access: KeypairAccess = strawberry.field(
        default=KeypairAccess.OPEN,
        description="The rule that decides which users may use the keypair.",
    )
    algorithm: KeypairAlgorithm = strawberry.field(
        default=KeypairAlgorithm.ECDSA_P256,
        description="The key type and the signature scheme of the keypair.",
    )
    backend: str = strawberry.field(
        default="local", description="The name of the signer that holds the private key."
    )
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of the users who may use the keypair while it is restricted.",
    )
    has_default_certificate: bool = strawberry.field(
        default=False,
        description="Whether the keypair has a default certificate; a new keypair has none.",
        deprecation_reason=CERTIFICATE_DEPRECATION,
    )

    openpgp_user_id: str | None = strawberry.field(
        default=None,
        description="The user id of the OpenPGP certificate of a keypair of the category GPG, such"
        " as a name and an address in angle brackets; it is the alias if left out.",
    )
    openpgp_expires_at: datetime | None = strawberry.field(
        default=None,
        description="The time at which the OpenPGP certificate expires; it does not if left out.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateKeypair:
        """Return the command; refuses ids of other types."""
        return CreateKeypair(
            alias=self.alias,
            type=self.type,
            category=self.category,
            access=self.access,
            algorithm=self.algorithm,
            backend=self.backend,
            user_ids=local_ids(self.user_ids or ()),
            has_default_certificate=self.has_default_certificate,
            openpgp_user_id=self.openpgp_user_id,
            openpgp_expires_at=self.openpgp_expires_at,
        )


@strawberry.input(description="A keypair to make of a private key that exists in a file.")
class ImportKeypairInput:
    alias: str = strawberry.field(
        description="The name of the keypair, on one line and unique in the account."
    )
    type: ReleaseType = strawberry.field(
        description="The type of release that can hold the keypair."
    )
    algorithm: KeypairAlgorithm = strawberry.field(
        description="The algorithm of the private key; a key of another one is refused."
    )
    private_key_file: Base64 = strawberry.field(
        description="The content of the file with the private key, which is PEM, encrypted or not,"
        " or PKCS#12. Send it in a variable, so that no log of queries has it."
    )
    passphrase: str | None = strawberry.field(
        default=None, description="The passphrase that the file is encrypted with, if it is."
    )
    access: KeypairAccess = strawberry.field(
        default=KeypairAccess.OPEN,
        description="The rule that decides which users may use the keypair.",
    )
    backend: str = strawberry.field(
        default="local", description="The name of the signer that is to hold the private key."
    )
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of the users who may use the keypair while it is restricted.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> ImportKeypair:
        """Return the command; refuses ids of other types."""
        passphrase = None if self.passphrase is None else self.passphrase.encode()
        return ImportKeypair(
            alias=self.alias,
            type=self.type,
            algorithm=self.algorithm,
            access=self.access,
            backend=self.backend,
            user_ids=local_ids(self.user_ids or ()),
            private_key_file=PrivateKeyFile(self.private_key_file, passphrase),
        )


@strawberry.input(description="A keypair to make of a key that a signer holds already.")
class AdoptKeypairInput:
    alias: str = strawberry.field(
        description="The name of the keypair, on one line and unique in the account."
    )
    type: ReleaseType = strawberry.field(
        description="The type of release that can hold the keypair."
    )
    algorithm: KeypairAlgorithm = strawberry.field(
        description="The algorithm of the key; a key of another one is refused."
    )
    backend: str = strawberry.field(
        description="The name of the signer that holds the key, such as pkcs11 or aws_kms."
    )
    key: str = strawberry.field(
        description="The key in the signer: for an HSM its label, or a PKCS#11 URI with `object`,"
        " `id` or both; for AWS KMS its id, its ARN or an alias."
    )
    access: KeypairAccess = strawberry.field(
        default=KeypairAccess.OPEN,
        description="The rule that decides which users may use the keypair.",
    )
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of the users who may use the keypair while it is restricted.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> AdoptKeypair:
        """Return the command; refuses ids of other types."""
        return AdoptKeypair(
            alias=self.alias,
            type=self.type,
            algorithm=self.algorithm,
            backend=self.backend,
            key=self.key,
            access=self.access,
            user_ids=local_ids(self.user_ids or ()),
        )


@strawberry.input(description="The changes of a keypair; a field that is left out stays as it is.")
class UpdateKeypairInput:
    id: strawberry.ID = strawberry.field(description="The id of the keypair to change.")
    alias: str | None = strawberry.field(default=None, description="The new name of the keypair.")
    access: KeypairAccess | None = strawberry.field(
        default=None, description="The new rule that decides which users may use the keypair."
    )
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of all users to assign to the keypair, including those who are"
        " to stay.",
    )
    add_user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of users to assign to the keypair beside those who are assigned;"
        " those who are already stay so.",
    )
    remove_user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of users who are no longer to be assigned to the keypair; the others"
        " stay so.",
    )
    has_default_certificate: bool | None = strawberry.field(
        default=None,
        description="False takes back what was declared when there were no certificates.",
        deprecation_reason=CERTIFICATE_DEPRECATION,
    )
    enabled: bool | None = strawberry.field(
        default=None,
        description="Whether the keypair is enabled; disabling it stops the open release"
        " that holds it. A retired keypair cannot be enabled.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdateKeypair:
        """Return the command; refuses ids of other types."""
        changes = present_fields(self, "alias", "access", "has_default_certificate", "enabled")
        lists = present_fields(self, "user_ids", "add_user_ids", "remove_user_ids")
        changes |= {name: local_ids(ids) for name, ids in lists.items()}
        return UpdateKeypair(keypair_id=from_global(self.id, "Keypair"), **changes)


@strawberry.type(description="The result of a mutation of a keypair.")
class KeypairPayload(Payload):
    keypair: Keypair | None = strawberry.field(
        default=None, description="The keypair as it is now, or null if the mutation was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, keypair_id: UUID) -> Self:
        """Return the payload with the keypair as it is now."""
        return cls(keypair=cache.keypairs([keypair_id]).get(keypair_id))


@strawberry.type(description="The result of creating a keypair.")
class CreateKeypairPayload(KeypairPayload):
    pass


@strawberry.type(description="The result of importing a private key as a keypair.")
class ImportKeypairPayload(KeypairPayload):
    pass


@strawberry.type(description="The result of adopting a key of a signer as a keypair.")
class AdoptKeypairPayload(KeypairPayload):
    pass


@strawberry.type(description="The result of changing a keypair.")
class UpdateKeypairPayload(KeypairPayload):
    pass


async def _import_keypair(
    input: ImportKeypairInput, runtime: Runtime, principal: Principal, *, is_confidential: bool
) -> UUID:
    if not is_confidential:
        message = (
            "A private key is not taken over plain http, and this one may have been read on its"
            " way: do not use it any more. Call by https, or run `countersign keys import` on the"
            " server's machine."
        )
        raise Refusal(Code.FORBIDDEN, message, "private_key_file")
    return await runtime.execute(principal, input.to_command(runtime, principal))


@strawberry.type
class KeypairMutations:
    @strawberry.mutation(description="Creates a keypair in a signer, which needs MANAGE_KEYPAIRS.")
    async def create_keypair(self, info: Info, input: CreateKeypairInput) -> CreateKeypairPayload:
        return await run_mutation(info, input, CreateKeypairPayload)

    @strawberry.mutation(
        description="Makes a keypair of a private key in a file, which needs MANAGE_KEYPAIRS. It is"
        " refused over plain http, except from the server's own machine. The key signs once to show"
        " that it works, and nothing exports it again."
    )
    async def import_keypair(self, info: Info, input: ImportKeypairInput) -> ImportKeypairPayload:
        is_confidential = info.context.is_confidential
        act = partial(_import_keypair, input, is_confidential=is_confidential)
        return await run_action(info, input, act, ImportKeypairPayload)

    @strawberry.mutation(
        description="Makes a keypair of a key that a signer holds already, such as a key in an HSM"
        " or in AWS KMS, which needs MANAGE_KEYPAIRS. The key signs once to show that it works,"
        " stays where it is, and becomes one keypair only."
    )
    async def adopt_keypair(self, info: Info, input: AdoptKeypairInput) -> AdoptKeypairPayload:
        return await run_mutation(info, input, AdoptKeypairPayload)

    @strawberry.mutation(
        description="Changes or disables a keypair, which needs MANAGE_KEYPAIRS. A token that"
        " enables it or opens it to all users also needs the scope SIGN."
    )
    async def update_keypair(self, info: Info, input: UpdateKeypairInput) -> UpdateKeypairPayload:
        return await run_mutation(info, input, UpdateKeypairPayload)
