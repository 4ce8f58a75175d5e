"""What a signature is for: the artifact that is signed, and the context in which it was built.

Whoever asks for a signature says it; nothing here is verified but the form. It is kept with the
signature and in the ledger (spec section 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from engine.model.algorithms import DigestAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.text import check_name, check_text

#: Bytes of the context as JSON at most.
MAX_CONTEXT_BYTES = 2048
MAX_ARTIFACT_NAME_LENGTH = 1000
MAX_CONTEXT_NAME_LENGTH = 64
#: Bytes of an artifact at most: the largest number that every reader of JSON keeps exactly.
MAX_ARTIFACT_SIZE = 2**53 - 1

#: Names and texts about a build, such as repository, commit, URL and tool.
Context = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file or another thing that a signature is for."""

    #: Its file name, perhaps with folders.
    name: str
    #: In bytes.
    size: int | None = None
    #: Of the artifact itself, which need not be what was signed: many formats sign a part of it, or
    #: a digest of digests.
    digest: bytes | None = None
    digest_algorithm: DigestAlgorithm | None = None

    def as_details(self) -> dict[str, Any]:
        """The artifact as the ledger has it; what was not given is left out."""
        details = {
            "name": self.name,
            "size": self.size,
            "digest": self.digest.hex() if self.digest is not None else None,
            "digest_algorithm": self.digest_algorithm,
        }
        return {name: value for name, value in details.items() if value is not None}


def check_artifact(artifact: Artifact) -> Refusal | None:
    """Why the artifact cannot be kept: its name, its size or its digest."""
    refusal = check_name(
        artifact.name, "artifact's name", "artifact", "name", limit=MAX_ARTIFACT_NAME_LENGTH
    )
    if refusal is not None:
        return refusal
    if artifact.size is not None and not 0 <= artifact.size <= MAX_ARTIFACT_SIZE:
        message = "Give the artifact's size in bytes, as a whole number from 0."
        return Refusal(Code.INVALID_INPUT, message, "artifact", "size")
    if (artifact.digest is None) != (artifact.digest_algorithm is None):
        message = "Give the artifact's digest together with its algorithm, or neither."
        return Refusal(Code.INVALID_INPUT, message, "artifact", "digest")
    if artifact.digest is None or artifact.digest_algorithm is None:
        return None
    if len(artifact.digest) != artifact.digest_algorithm.length:
        message = (
            f"A {artifact.digest_algorithm} digest has {artifact.digest_algorithm.length} bytes,"
            f" the artifact's has {len(artifact.digest)}."
        )
        return Refusal(Code.INVALID_INPUT, message, "artifact", "digest")
    return None


def check_context(context: Context) -> Refusal | None:
    """Why the context cannot be kept: a name, a text, or that it is too large."""
    for name, text in context.items():
        refusal = check_name(name, "name", "context", limit=MAX_CONTEXT_NAME_LENGTH) or check_text(
            text, f"text of {name}", "context"
        )
        if refusal is not None:
            return refusal
    if len(context_json(context).encode()) > MAX_CONTEXT_BYTES:
        message = f"The context has more than {MAX_CONTEXT_BYTES} bytes. Leave something out."
        return Refusal(Code.INVALID_INPUT, message, "context")
    return None


def context_json(context: Context) -> str:
    """The context as it is stored: JSON with sorted names."""
    return orjson.dumps(dict(context), option=orjson.OPT_SORT_KEYS).decode()
