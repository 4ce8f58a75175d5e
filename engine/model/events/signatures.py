"""Events of signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orjson import Fragment

from engine.model.artifacts import Artifact
from engine.model.events.base import Event


@dataclass(frozen=True, kw_only=True)
class SignatureMade(Event):
    """A signature was made and returned."""

    tag = "signature:made"
    kind = "Signature"
    keypair_id: UUID
    digest: str
    digest_algorithm: str
    #: Canonical JSON, as it is kept beside the signature.
    factors: str
    #: What it is for, as its caller says.
    artifact: Artifact | None = None
    #: Canonical JSON; None where the caller gave none.
    context: str | None = None

    def details(self) -> dict[str, Any]:
        """What is JSON already as it is; artifact and context only where they were given."""
        details = super().details() | {"factors": Fragment(self.factors)}
        del details["artifact"], details["context"]
        if self.artifact is not None:
            details["artifact"] = self.artifact.as_details()
        if self.context is not None:
            details["context"] = Fragment(self.context)
        return details


@dataclass(frozen=True, kw_only=True)
class SignatureDropped(Event):
    """A reserved signature was not made; it does not count any more."""

    tag = "signature:dropped"
    kind = "Signature"
    keypair_id: UUID
    state: str
