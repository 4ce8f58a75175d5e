"""Signatures with what they are for and their factors, and explanations of signing."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.graphql.ids import to_global
from api.graphql.scalars import Base64, BigInt
from api.graphql.types.enums import Channel
from api.graphql.types.error_code import ErrorCode
from api.graphql.types.factor_name import FactorName, condition_of
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Node
from api.graphql.types.origin import Origin
from api.graphql.types.people import User
from api.graphql.types.signature_enums import DigestAlgorithm, SignatureForm, SignatureFormat
from api.graphql.types.stored_words import known_word
from engine.formats import ecdsa
from engine.model import signing_factors
from engine.queries.credentials import stored_origin
from engine.queries.records import Record
from engine.signing.request import Signed

if TYPE_CHECKING:
    from api.graphql.types.release import Release


@strawberry.type(description="One condition of a signature, with the result of its evaluation.")
class Factor:
    name: str = strawberry.field(description="The stable name of the condition.")
    condition: FactorName | None = strawberry.field(
        description="The condition, or null for one that this version does not know, since a newer"
        " one evaluated it."
    )
    passed: bool = strawberry.field(
        description="Whether the condition was met at the time of evaluation."
    )
    detail: str = strawberry.field(description="One sentence that explains the result to people.")
    code: ErrorCode | None = strawberry.field(
        description="The error code of a refusal if this condition is not met, or null for one that"
        " this version does not know."
    )

    @classmethod
    def of(cls, factor: signing_factors.Factor) -> Factor:
        """A factor just evaluated."""
        return cls(
            name=factor.name,
            condition=condition_of(factor.name),
            passed=factor.passed,
            detail=factor.detail,
            code=factor.code,
        )


def stored_factors(text: str) -> list[Factor]:
    """Factors as a signature's row keeps them."""
    return [
        Factor(
            name=stored["name"],
            condition=condition_of(stored["name"]),
            passed=stored["passed"],
            detail=stored["detail"],
            code=known_word(ErrorCode, stored["code"]),
        )
        for stored in json.loads(text)
    ]


@strawberry.type(
    description="Tells whether a signature would be made, and because of which conditions."
)
class SignExplanation:
    allowed: bool = strawberry.field(description="Whether `sign` would make the signature.")
    factors: list[Factor] = strawberry.field(
        description="Every condition of the signature, in the order of evaluation."
    )
    associated_release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(
            default=None,
            description="The release that the signature would be associated with, if any.",
        )
    )
    release_id: strawberry.Private[UUID | None] = None


@strawberry.type(
    description="The file or other thing that a signature is for, as its caller stated it."
)
class Artifact:
    name: str = strawberry.field(description="The name of the artifact, such as a file name.")
    size: BigInt | None = strawberry.field(description="The size of the artifact in bytes.")
    digest: Base64 | None = strawberry.field(
        description="The digest of the artifact itself, if its caller stated one."
    )
    digest_algorithm: DigestAlgorithm | None = strawberry.field(
        description="The hash function that computed the artifact's digest."
    )


@strawberry.type(description="One name and text of the context in which something was built.")
class ContextEntry:
    name: str = strawberry.field(description="What the text says, such as `commit`.")
    value: str = strawberry.field(description="The text that goes with the name.")


@strawberry.type(description="A signature that was made with a keypair.")
class Signature(Node):
    source: strawberry.Private[Record | Signed]
    digest: Base64 = strawberry.field(
        description="The digest that was given to be signed, or the SHA-512 of the content or"
        " message that was given."
    )
    digest_algorithm: DigestAlgorithm = strawberry.field(
        description="The hash function that computed the digest."
    )
    value: Base64 | None = strawberry.field(description="The bytes of the signature itself.")
    form: SignatureForm | None = strawberry.field(
        description="What was given to be signed, or null if an earlier version signed it."
    )
    namespace: str | None = strawberry.field(
        description="The namespace of a signature of OpenSSH, or null for other signatures."
    )

    @strawberry.field(
        description="The value of an ECDSA signature in the form that a verifier asks for; null for"
        " a value that is no ECDSA signature."
    )
    def value_as(
        self,
        format: Annotated[
            SignatureFormat, strawberry.argument(description="The form of the two numbers.")
        ] = SignatureFormat.DER,
        low_s: Annotated[
            bool,
            strawberry.argument(
                description="Whether to answer the lower of the two numbers that s can be, as some"
                " verifiers require."
            ),
        ] = False,
    ) -> Base64 | None:
        source = self.source
        value = ecdsa.in_form(source.value, source.keypair_algorithm, format, low_s=low_s)
        return Base64(value) if value is not None else None

    created_at: datetime = strawberry.field(
        description="The time at which the conditions were evaluated and the signature was"
        " reserved."
    )
    channel: Channel = strawberry.field(
        description="The interface through which the signature was requested."
    )
    signer: User = strawberry.field(
        default=None, description="The user who requested the signature."
    )
    keypair: Keypair = strawberry.field(
        default=None, description="The keypair that made the signature."
    )
    release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(
            default=None,
            description="The release that the signature counts toward, or null if there is none.",
        )
    )

    @strawberry.field(
        description="The artifact that the signature is for, or null if its caller stated none."
    )
    def artifact(self) -> Artifact | None:
        row = self.source
        if row.artifact_name is None:
            return None
        return Artifact(
            name=row.artifact_name,
            size=BigInt(row.artifact_size) if row.artifact_size is not None else None,
            digest=Base64(row.artifact_digest) if row.artifact_digest is not None else None,
            digest_algorithm=row.artifact_digest_algorithm,
        )

    @strawberry.field(
        description="The names and texts that its caller stated about the build, sorted by name."
    )
    def context(self) -> list[ContextEntry]:
        stored = json.loads(self.source.context or "{}")
        return [ContextEntry(name=name, value=value) for name, value in sorted(stored.items())]

    @strawberry.field(
        description="Where the pipeline runs that signed, or null if no pipeline did."
    )
    def origin(self) -> Origin | None:
        return Origin.of(stored_origin(self.source.origin))

    @strawberry.field(
        description="The conditions of the signature, as they were evaluated when it was made."
    )
    def factors(self) -> list[Factor]:
        return stored_factors(self.source.factors)

    @classmethod
    def of(cls, row: Record | Signed) -> Signature:
        """A signature from its row."""
        return cls(
            id=strawberry.ID(to_global("Signature", row.id)),
            source=row,
            digest=Base64(row.digest),
            digest_algorithm=row.digest_algorithm,
            value=Base64(row.value) if row.value is not None else None,
            form=row.form,
            namespace=row.namespace,
            created_at=row.reserved_at,
            channel=row.channel,
        )
