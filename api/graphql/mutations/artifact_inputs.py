"""What a signature is for: its artifact and the context of the build, as callers state them."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from api.graphql.scalars import Base64, BigInt
from api.graphql.types.signature_enums import DigestAlgorithm
from engine.model import artifacts
from engine.model.errors import Code, Refusal


@strawberry.input(
    description="The file or other thing that a signature is for, as the caller states it. It is"
    " kept with the signature and in the ledger, and is not verified."
)
class ArtifactInput:
    name: str = strawberry.field(description="The name of the artifact, such as a file name.")
    size: BigInt | None = strawberry.field(
        default=None, description="The size of the artifact in bytes."
    )
    digest: Base64 | None = strawberry.field(
        default=None,
        description="The digest of the artifact itself as raw bytes, which need not be the digest"
        " that is signed.",
    )
    digest_algorithm: DigestAlgorithm | None = strawberry.field(
        default=None, description="The hash function that computed the artifact's digest."
    )

    def to_artifact(self) -> artifacts.Artifact:
        """Return the engine's form."""
        return artifacts.Artifact(
            name=self.name,
            size=self.size,
            digest=self.digest,
            digest_algorithm=self.digest_algorithm,
        )


@strawberry.input(description="One name and text of the context in which something was built.")
class ContextEntryInput:
    name: str = strawberry.field(
        description="What the text says, such as `repository`, `commit` or `build`."
    )
    value: str = strawberry.field(description="The text that goes with the name.")


def context_of(entries: Sequence[ContextEntryInput] | None) -> artifacts.Context | None:
    """Return the context; refuses a name that is given twice."""
    if not entries:
        return None
    context = {entry.name: entry.value for entry in entries}
    if len(context) != len(entries):
        raise Refusal(Code.INVALID_INPUT, "Give each name in the context once.", "context")
    return context
