"""How pipelines prove themselves to this installation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSettings:
    """What an operator has set for tokens of trusted issuers."""

    #: The audience of tokens where an issuer has none of its own.
    public_url: str = ""
    #: Issuers may be at private addresses, and without TLS.
    allow_private: bool = False
