"""Exchanges a pipeline's own token for one of a service user (RFC 8693)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from starlette.requests import Request

from api.openid.errors import ProviderError, shown
from api.openid.trusted_issuers import IssuerUnavailableError, TrustedIssuers
from api.runtime.runtime import Runtime
from api.web.oauth.answers import IssuedToken, OAuthError
from api.web.oauth.subject_token import (
    CompactToken,
    Proof,
    TokenError,
    TokenFault,
    check_claims,
    check_issuer,
    read_token,
)
from engine.commands.credentials.pipeline_tokens import IssuePipelineToken
from engine.logs.log_throttle import LogThrottle
from engine.model.claims import failed_condition
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import Permission
from engine.queries.pipelines import TrustedRule, trusted_rule

log = structlog.get_logger("countersign.oauth")

_TYPE = "urn:ietf:params:oauth:token-type:{}"
ACCESS_TOKEN = _TYPE.format("access_token")
#: What a pipeline's token may be called; it is read as a JWT in any case.
SUBJECT_TYPES = frozenset({_TYPE.format("id_token"), _TYPE.format("jwt")})
#: By the header that a signature is refused for.
_HEADER_FAULTS = {
    "crit": TokenFault.CRITICAL_HEADER,
    "alg": TokenFault.ALGORITHM,
    "kid": TokenFault.SIGNATURE,
}
_UNAVAILABLE = frozenset({Code.OVERLOADED, Code.STORAGE_FAILED})


@dataclass(frozen=True, slots=True)
class _Exchange:
    """The parameters of a request."""

    rule_id: UUID
    subject_token: str
    scopes: frozenset[Permission] | None


class TokenExchange:
    """The grant of token exchange: by a rule of an account, which the request names."""

    def __init__(
        self,
        runtime: Runtime,
        issuers: TrustedIssuers,
        rule_id_of: Callable[[str], UUID | None],
    ) -> None:
        self._runtime = runtime
        self._issuers = issuers
        self._rule_id_of = rule_id_of
        self._refusals = LogThrottle()

    async def __call__(self, _request: Request, parameters: Mapping[str, str]) -> IssuedToken:
        """Return a token of the rule's service user.

        Raises:
            OAuthError: The request or the pipeline's token is refused.
        """
        exchange = self._read(parameters)
        look_up = partial(_look_up, exchange.rule_id)
        rule, now = await self._runtime.read_as_system(look_up)
        if rule is None:
            message = "There is no such rule. Give the id of a pipeline rule as client_id."
            raise OAuthError("invalid_client", message, status=401, code="RULE_UNKNOWN")
        try:
            proof = await self._prove(exchange.subject_token, rule, now)
            return await self._issue(exchange, rule, proof)
        except TokenError as error:
            self._log(rule, error)
            raise OAuthError("invalid_request", error.description, code=error.fault) from error

    def _read(self, parameters: Mapping[str, str]) -> _Exchange:
        for name in ("client_id", "subject_token", "subject_token_type"):
            if name not in parameters:
                message = f"The parameter {name} is missing. Send it."
                raise OAuthError("invalid_request", message)
        if parameters["subject_token_type"] not in SUBJECT_TYPES:
            message = (
                f"Give one of these as subject_token_type: {', '.join(sorted(SUBJECT_TYPES))}."
            )
            raise OAuthError("invalid_request", message)
        if parameters.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise OAuthError("invalid_request", f"Leave requested_token_type at {ACCESS_TOKEN}.")
        if "actor_token" in parameters or "actor_token_type" in parameters:
            message = "Nobody can act for a pipeline. Leave actor_token out."
            raise OAuthError("invalid_request", message)
        public_url = self._runtime.pipelines.public_url
        for name in ("resource", "audience"):
            if parameters.get(name, public_url).rstrip("/") != public_url:
                message = f"Leave {name} out, or give the public URL of this service."
                raise OAuthError("invalid_target", message)
        rule_id = self._rule_id_of(parameters["client_id"])
        if rule_id is None:
            message = "Give the id of a pipeline rule as client_id."
            raise OAuthError("invalid_client", message, status=401, code="RULE_UNKNOWN")
        scopes = _scopes(parameters.get("scope"))
        return _Exchange(rule_id, parameters["subject_token"], scopes)

    async def _prove(self, text: str, rule: TrustedRule, now: datetime) -> Proof:
        """Return what the pipeline's token proves.

        Raises:
            TokenError: It proves nothing, or not what the rule asks for.
        """
        token = read_token(text)
        check_issuer(token, rule.issuer)
        await self._verify(token, rule)
        audience = rule.audience or self._runtime.pipelines.public_url
        proof = check_claims(token, audience, now)
        condition = failed_condition(rule.conditions, proof.claims)
        if condition is not None:
            received = proof.claims.get(condition.claim)
            message = f"The claim {condition.claim} is not one that the rule asks for."
            raise TokenError(
                TokenFault.CONDITION,
                f"{message} Compare the job's token with the rule.",
                expected=str(condition),
                received=received,
            )
        return proof

    async def _verify(self, token: CompactToken, rule: TrustedRule) -> None:
        try:
            await self._issuers.verify(token.text, rule.issuer, rule.account_id)
        except IssuerUnavailableError as error:
            message = "The keys of the issuer cannot be fetched. Try again shortly."
            raise TokenError(
                TokenFault.ISSUER_UNAVAILABLE, message, why=error.error.why, **error.error.values
            ) from error
        except ProviderError as error:
            fault = _HEADER_FAULTS.get(str(error.values.get("header")), TokenFault.MALFORMED)
            message = "The signature of the subject_token is not valid by a key of the issuer."
            raise TokenError(
                fault, f"{message} Send the job's ID token as it is.", why=error.why, **error.values
            ) from error

    async def _issue(self, exchange: _Exchange, rule: TrustedRule, proof: Proof) -> IssuedToken:
        principal = Principal(
            account_id=rule.account_id, user_id=rule.user_id, pipeline_rule_id=rule.id
        )
        command = IssuePipelineToken(
            rule_id=rule.id,
            issuer=rule.issuer,
            audience=rule.audience,
            claims=proof.claims,
            proof_hash=proof.hash,
            proof_expires_at=proof.expires_at,
            scopes=exchange.scopes,
        )
        try:
            issued = await self._runtime.execute(principal, command)
        except Refusal as refusal:
            if refusal.code in _UNAVAILABLE:
                raise
            if refusal.field == ("subject_token",):
                raise TokenError(TokenFault.USED, refusal.message) from refusal
            error = "invalid_scope" if refusal.field == ("scope",) else "invalid_request"
            raise OAuthError(error, refusal.message, code=refusal.code) from refusal
        return IssuedToken(
            access_token=issued.secret,
            lifetime_seconds=issued.lifetime_seconds,
            scopes=tuple(sorted(issued.scopes)),
            members={"issued_token_type": ACCESS_TOKEN},
        )

    def _log(self, rule: TrustedRule, error: TokenError) -> None:
        _, suppressed = self._refusals.admit((rule.id, error.fault))
        if suppressed is not None:
            values = {name: shown(value) for name, value in error.values.items()}
            log.warning(
                "pipeline_token_refused",
                rule=str(rule.id),
                account_id=str(rule.account_id),
                code=error.fault,
                not_logged=suppressed,
                **values,
            )


def _scopes(text: str | None) -> frozenset[Permission] | None:
    """Return the scopes that a request asks for; None: all of the rule."""
    if text is None:
        return None
    try:
        return frozenset(map(Permission, text.split()))
    except ValueError as error:
        message = "There is no such scope. Give names like SIGN, with spaces between them."
        raise OAuthError("invalid_scope", message) from error


def _look_up(rule_id: UUID, connection: Connection, now: datetime) -> tuple[Any, datetime]:
    return trusted_rule(connection, rule_id), now
