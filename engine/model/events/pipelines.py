"""Events of the issuers that an account trusts, and of the rules about pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.model.events.administration import Administered
from engine.model.events.base import Event


@dataclass(frozen=True, kw_only=True)
class TrustedIssuerCreated(Administered):
    """An issuer of tokens is trusted from now on."""

    tag = "issuer:created"
    kind = "TrustedIssuer"


@dataclass(frozen=True, kw_only=True)
class TrustedIssuerUpdated(Administered):
    """The name or the audience of a trusted issuer changed."""

    tag = "issuer:updated"
    kind = "TrustedIssuer"


@dataclass(frozen=True, kw_only=True)
class TrustedIssuerDeleted(Administered):
    """An issuer is trusted no more, and its rules were deleted with it."""

    tag = "issuer:deleted"
    kind = "TrustedIssuer"


@dataclass(frozen=True, kw_only=True)
class PipelineRuleCreated(Administered):
    """Pipelines that fulfil a rule get tokens from now on."""

    tag = "pipeline:created"
    kind = "PipelineRule"


@dataclass(frozen=True, kw_only=True)
class PipelineRuleUpdated(Administered):
    """What a rule asks of pipelines, or what it gives them, changed."""

    tag = "pipeline:updated"
    kind = "PipelineRule"


@dataclass(frozen=True, kw_only=True)
class PipelineRuleDeleted(Administered):
    """No pipeline gets a token by this rule any more."""

    tag = "pipeline:deleted"
    kind = "PipelineRule"


@dataclass(frozen=True, kw_only=True)
class PipelineTokenIssued(Event):
    """A pipeline that has proved itself got a token for some minutes; nobody gets a message."""

    tag = "token:issued"
    kind = "ApiToken"
    name: str
    rule_id: UUID
    user_id: UUID
    scopes: list[str]
    expires_at: datetime
    origin: dict[str, str]
    #: The verified claims of the pipeline's own token.
    claims: dict[str, str]
