"""Events of signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orjson import Fragment

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

    def details(self) -> dict[str, Any]:
        """The factors as they are: they need not be read to be written again."""
        return super().details() | {"factors": Fragment(self.factors)}


@dataclass(frozen=True, kw_only=True)
class SignatureDropped(Event):
    """A reserved signature was not made; it does not count any more."""

    tag = "signature:dropped"
    kind = "Signature"
    keypair_id: UUID
    state: str
