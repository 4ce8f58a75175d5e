"""Events of signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orjson import Fragment

from engine.model.artifacts import Artifact
from engine.model.events.base import Event
from engine.model.vocabulary import SignatureForm

#: The forms that entries name; in others a digest or content was signed.
_NAMED_FORMS = frozenset({SignatureForm.MESSAGE, SignatureForm.SSHSIG})


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
    #: Canonical JSON of where the pipeline runs that signed; None where no pipeline did.
    origin: str | None = None
    form: SignatureForm | None = None
    #: Of a signature of OpenSSH.
    namespace: str | None = None

    def details(self) -> dict[str, Any]:
        """What is JSON already as it is; artifact, context and origin only where there are any."""
        details = super().details() | {"factors": Fragment(self.factors)}
        del details["artifact"], details["context"], details["origin"]
        del details["form"], details["namespace"]
        if self.artifact is not None:
            details["artifact"] = self.artifact.as_details()
        if self.context is not None:
            details["context"] = Fragment(self.context)
        if self.origin is not None:
            details["origin"] = Fragment(self.origin)
        if self.form in _NAMED_FORMS:
            details["form"] = self.form
        if self.namespace is not None:
            details["namespace"] = self.namespace
        return details


@dataclass(frozen=True, kw_only=True)
class SignatureDropped(Event):
    """A reserved signature was not made; it does not count any more."""

    tag = "signature:dropped"
    kind = "Signature"
    keypair_id: UUID
    state: str
