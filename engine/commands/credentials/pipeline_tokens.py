"""Issue tokens to pipelines that have proved themselves, and end them with their rule."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from engine.commands.command import Command
from engine.commands.credentials.api_tokens import PREFIX, secret_hash
from engine.model.claims import failed_condition
from engine.model.errors import Code, Refusal
from engine.model.events import PipelineTokenIssued
from engine.model.origins import Origin, PipelineCredential, claims_to_keep
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import pipelines
from engine.persistence.store.administration.pipelines import RuleFields
from engine.persistence.store.credentials import api_tokens, pipeline_tokens
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

_USED = "This subject_token was exchanged already. Ask for a new one in each job that needs one."
_CHANGED = "The rule was changed meanwhile. Try again with a new subject_token."


@dataclass(frozen=True, slots=True)
class IssuedPipelineToken:
    """A new token; its secret is nowhere else and cannot be read again."""

    token_id: UUID
    secret: str = field(repr=False)
    scopes: frozenset[Permission]
    lifetime_seconds: int


@dataclass(frozen=True, kw_only=True)
class IssuePipelineToken(Command[IssuedPipelineToken]):
    """Issue a token by a rule, whose service user is the principal.

    The caller has verified a pipeline's own token. It is used once, by whichever process.
    """

    command_name = "issue_pipeline_token"
    subject_kind = "PipelineRule"
    subject_field = "rule_id"
    #: Neither the rule nor its service user changes meanwhile.
    account_hold = Hold.SHARED

    rule_id: UUID
    #: The issuer that has signed the pipeline's own token.
    issuer: str
    #: The audience that the issuer had here meanwhile; None: the public URL of this service.
    audience: str | None
    #: Its verified claims.
    claims: Mapping[str, str]
    #: The same for every use of that token, and until when it could be used again.
    proof_hash: bytes
    proof_expires_at: datetime
    #: None: all scopes of the rule.
    scopes: frozenset[Permission] | None = None

    def apply(self, uow: UnitOfWork) -> IssuedPipelineToken:
        """Check the rule as it is now, note the use, and store the token's hash."""
        rule = pipelines.load_rule(uow, self.rule_id)
        issuer = pipelines.load_issuer(uow, rule.issuer_id)
        fields = RuleFields.of(rule)
        checked = self.issuer, self.audience, uow.actor.user_id
        is_changed = checked != (issuer.issuer, issuer.audience, fields.user_id)
        if is_changed or failed_condition(fields.conditions, self.claims) is not None:
            raise Refusal(Code.FORBIDDEN, _CHANGED)
        scopes = fields.scopes if self.scopes is None else self.scopes
        if not scopes <= fields.scopes:
            names = ", ".join(sorted(fields.scopes))
            raise Refusal(Code.FORBIDDEN, f"The rule grants {names} only.", "scope")
        if not pipeline_tokens.mark_used(uow, self.proof_hash, self.proof_expires_at):
            raise Refusal(Code.FORBIDDEN, _USED, "subject_token")
        credential = PipelineCredential(
            rule_id=rule.id,
            keypair_ids=fields.keypair_ids,
            origin=Origin.of(issuer.kind, issuer.issuer, self.claims),
            claims=claims_to_keep(self.claims),
        )
        return _issue(uow, fields, scopes, credential)


def _issue(
    uow: UnitOfWork,
    fields: RuleFields,
    scopes: frozenset[Permission],
    credential: PipelineCredential,
) -> IssuedPipelineToken:
    lifetime = fields.lifetime_seconds
    token = IssuedPipelineToken(uuid7(), PREFIX + secrets.token_urlsafe(32), scopes, lifetime)
    expires_at = uow.now + timedelta(seconds=lifetime)
    api_tokens.insert_token(
        uow,
        token.token_id,
        fields.user_id,
        name=fields.name,
        secret_hash=secret_hash(token.secret),
        scopes=scopes,
        parent_id=None,
        expires_at=expires_at,
        pipeline=credential,
    )
    event = PipelineTokenIssued(
        subject_id=token.token_id,
        name=fields.name,
        rule_id=credential.rule_id,
        user_id=fields.user_id,
        scopes=sorted(scopes),
        expires_at=expires_at,
        origin=credential.origin.to_json(),
        claims=dict(credential.claims),
    )
    uow.record(event)
    return token
