"""A signer, and what it does with keys of each algorithm."""

from __future__ import annotations

import strawberry

from api.graphql.types.enums import KeypairCategory
from api.graphql.types.signature_enums import KeypairAlgorithm
from engine.signers import base


@strawberry.type(description="What a signer does with keys of one algorithm.")
class SignerAlgorithm:
    algorithm: KeypairAlgorithm = strawberry.field(description="The algorithm of the keys.")
    categories: list[KeypairCategory] = strawberry.field(
        description="The categories that a keypair of such a key can have. Keys that are imported"
        " or adopted make keypairs of the category STANDARD."
    )
    generates: bool = strawberry.field(
        description="Whether `createKeypair` works: the signer makes such keys."
    )
    imports: bool = strawberry.field(
        description="Whether `importKeypair` works: the signer takes such keys from a file."
    )
    adopts: bool = strawberry.field(
        description="Whether `adoptKeypair` works: such a key that the signer holds already can"
        " become a keypair."
    )
    signs_digests: bool = strawberry.field(
        description="Whether such keys sign the digest of a file here."
    )
    signs_messages: bool = strawberry.field(
        description="Whether such keys sign a message itself here, which is at most 64 KiB."
    )

    @classmethod
    def of(cls, capabilities: base.Capabilities, algorithm: KeypairAlgorithm) -> SignerAlgorithm:
        """Return what a signer of these capabilities does with keys of one algorithm."""
        inputs = capabilities.signs[algorithm]
        return cls(
            algorithm=algorithm,
            categories=[each for each in KeypairCategory if each in algorithm.categories],
            generates=algorithm in capabilities.generates,
            imports=algorithm in capabilities.imports,
            adopts=algorithm in capabilities.adopts,
            signs_digests=base.Digest in inputs,
            signs_messages=base.Message in inputs,
        )


@strawberry.type(
    description="A signer, which holds private keys and signs with them: the server's own, called"
    " local, or a device or a service that the operator has connected."
)
class Signer:
    name: str = strawberry.field(
        description="The name of the signer, as `Keypair.backend` and the inputs of mutations"
        " have it."
    )
    algorithms: list[SignerAlgorithm] = strawberry.field(
        description="What the signer does with keys of each algorithm that it knows."
    )

    @classmethod
    def of(cls, signer: base.Signer) -> Signer:
        """Return a signer as the API shows it."""
        capabilities = signer.capabilities
        known = [each for each in KeypairAlgorithm if each in capabilities.signs]
        return cls(
            name=signer.name,
            algorithms=[SignerAlgorithm.of(capabilities, algorithm) for algorithm in known],
        )
