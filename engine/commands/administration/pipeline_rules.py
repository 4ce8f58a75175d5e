"""Rules about pipelines: which claims of a token make a pipeline which service user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.validation import (
    clean_name,
    differences,
    require_keypairs,
    require_permission,
)
from engine.commands.command import Command
from engine.commands.credentials.token_endings import end_tokens_of_rule
from engine.model.claims import ClaimCondition, as_words, check_conditions, normalized
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import PipelineRuleCreated, PipelineRuleDeleted, PipelineRuleUpdated
from engine.model.grants import refuse_scopes
from engine.model.origins import check_identity
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import pipelines, users
from engine.persistence.store.administration.pipelines import RuleFields
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

MAX_RULES = 200
MAX_KEYPAIRS = 50
MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS = 60, 900
#: What a pipeline's token can be for. None of these leads to another credential, or to keypairs
#: that the rule does not name.
PIPELINE_SCOPES = frozenset(
    {
        Permission.REQUEST_RELEASE,
        Permission.VIEW_RELEASES,
        Permission.SIGN,
        Permission.VIEW_LEDGER,
    }
)


@dataclass(frozen=True, kw_only=True)
class CreatePipelineRule(Command[UUID]):
    """Let pipelines with these claims act as a service user; returns the rule's id."""

    command_name = "create_pipeline_rule"
    detail_fields = ("name",)
    account_hold = Hold.EXCLUSIVE

    issuer_id: UUID
    name: str
    user_id: UUID
    conditions: Sequence[ClaimCondition]
    scopes: frozenset[Permission]
    keypair_ids: frozenset[UUID] = frozenset()
    lifetime_seconds: int = MAX_LIFETIME_SECONDS

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what the rule grants: see `grants.refuse_scopes`."""
        require_permission(uow, Permission.MANAGE_USERS)
        faults = Faults()
        issuer = None
        with faults:
            issuer = pipelines.load_issuer(uow, self.issuer_id, "issuer_id")
        with faults:
            _require_room(uow)
        fields = RuleFields(
            name=normalize(self.name),
            user_id=self.user_id,
            conditions=normalized(self.conditions),
            scopes=self.scopes,
            keypair_ids=self.keypair_ids,
            lifetime_seconds=self.lifetime_seconds,
        )
        _check(uow, faults, issuer, self.conditions, fields)
        faults.refuse()
        assert issuer is not None
        rule_id = uuid7()
        pipelines.insert_rule(uow, rule_id, issuer.id, fields)
        changes = differences({}, {"issuer": issuer.name, **_shown(fields)})
        uow.record(PipelineRuleCreated(subject_id=rule_id, changes=changes))
        return rule_id


@dataclass(frozen=True, kw_only=True)
class UpdatePipelineRule(Command[UUID]):
    """Change a rule; returns its id. What is None stays as it is.

    Everything is checked again, and the actor has to hold what it grants, as if it were
    made anew: somebody else may have made it. The tokens that pipelines have by it end, unless it
    asks for the same and grants the same as before.
    """

    command_name = "update_pipeline_rule"
    subject_kind = "PipelineRule"
    subject_field = "rule_id"
    account_hold = Hold.EXCLUSIVE

    rule_id: UUID
    name: str | None = None
    user_id: UUID | None = None
    conditions: Sequence[ClaimCondition] | None = None
    scopes: frozenset[Permission] | None = None
    keypair_ids: frozenset[UUID] | None = None
    lifetime_seconds: int | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what the rule grants."""
        require_permission(uow, Permission.MANAGE_USERS)
        row = pipelines.load_rule(uow, self.rule_id)
        issuer = pipelines.load_issuer(uow, row.issuer_id)
        before = RuleFields.of(row)
        after = replace(before, **self._new_values())
        if after == before:
            return self.rule_id
        conditions = after.conditions if self.conditions is None else self.conditions
        faults = Faults()
        _check(uow, faults, issuer, conditions, after)
        faults.refuse()
        pipelines.update_rule(uow, row.id, after)
        if replace(after, name=before.name, lifetime_seconds=before.lifetime_seconds) != before:
            end_tokens_of_rule(uow, row, f"The rule {row.name} was changed.")
        changes = differences(_shown(before), _shown(after))
        uow.record(PipelineRuleUpdated(subject_id=row.id, changes=changes))
        return self.rule_id

    def _new_values(self) -> dict[str, Any]:
        names = ("user_id", "scopes", "keypair_ids", "lifetime_seconds")
        values = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.name is not None:
            values["name"] = normalize(self.name)
        if self.conditions is not None:
            values["conditions"] = normalized(self.conditions)
        return values


@dataclass(frozen=True, kw_only=True)
class DeletePipelineRule(Command[UUID]):
    """Delete a rule; returns its id. The tokens that pipelines have by it end at once."""

    command_name = "delete_pipeline_rule"
    subject_kind = "PipelineRule"
    subject_field = "rule_id"
    account_hold = Hold.EXCLUSIVE

    rule_id: UUID

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`."""
        require_permission(uow, Permission.MANAGE_USERS)
        end_rule(uow, pipelines.load_rule(uow, self.rule_id))
        return self.rule_id


def end_rule(uow: UnitOfWork, rule: Row[Any]) -> None:
    """Delete a rule, and end the tokens that pipelines have by it."""
    end_tokens_of_rule(uow, rule, f"The rule {rule.name} was deleted.")
    pipelines.delete_rule(uow, rule.id)
    changes = {name: (before, None) for name, before in _shown(RuleFields.of(rule)).items()}
    uow.record(PipelineRuleDeleted(subject_id=rule.id, changes=changes))


def _require_room(uow: UnitOfWork) -> None:
    """Refuse INVALID_INPUT where the account has as many rules as it may."""
    if pipelines.count_of_rules(uow) >= MAX_RULES:
        message = f"An account has at most {MAX_RULES} rules. Delete one first."
        raise Refusal(Code.INVALID_INPUT, message)


def _check(
    uow: UnitOfWork,
    faults: Faults,
    issuer: Row[Any] | None,
    conditions: Sequence[ClaimCondition],
    fields: RuleFields,
) -> None:
    """Collect why a rule lets in too many, or grants what its author may not grant.

    Args:
        uow: The transaction.
        faults: What they are added to.
        issuer: The row of the issuer; None: there is none.
        conditions: The conditions in the order of the input.
        fields: The rule as it is to be stored.
    """
    with faults:
        clean_name(fields.name, "name", "name")
    with faults:
        refuse(check_conditions(conditions, "conditions"))
    with faults:
        if issuer is not None:
            refuse(check_identity(issuer.kind, fields.conditions, "conditions"))
    with faults:
        refuse(_check_scopes(fields) or refuse_scopes(uow.actor, fields.scopes, own=False))
    with faults:
        refuse(_check_keypairs(fields))
        require_keypairs(uow, fields.keypair_ids, "keypair_ids")
    with faults:
        refuse(_check_lifetime(fields))
    with faults:
        _require_service_user(uow, fields.user_id)


def _require_service_user(uow: UnitOfWork, user_id: UUID) -> None:
    user = users.load_user(uow, user_id, "user_id")
    if not user.service or not user.active:
        message = "A pipeline acts as an active service user. Choose one, or add one."
        raise Refusal(Code.INVALID_INPUT, message, "user_id")


def _check_scopes(fields: RuleFields) -> Refusal | None:
    """Refuse scopes that no pipeline's token can have."""
    if fields.scopes and fields.scopes <= PIPELINE_SCOPES:
        return None
    message = f"Give one or more of the scopes {', '.join(sorted(PIPELINE_SCOPES))}."
    return Refusal(Code.INVALID_INPUT, message, "scopes")


def _check_keypairs(fields: RuleFields) -> Refusal | None:
    """Refuse more keypairs than a rule can have, and none at all for signing."""
    if Permission.SIGN in fields.scopes and not fields.keypair_ids:
        message = "Name the keypairs that the pipeline signs with, or leave the scope SIGN out."
        return Refusal(Code.INVALID_INPUT, message, "keypair_ids")
    if len(fields.keypair_ids) > MAX_KEYPAIRS:
        message = f"Name at most {MAX_KEYPAIRS} keypairs."
        return Refusal(Code.INVALID_INPUT, message, "keypair_ids")
    return None


def _check_lifetime(fields: RuleFields) -> Refusal | None:
    """Refuse a time that no pipeline's token can last for."""
    if MIN_LIFETIME_SECONDS <= fields.lifetime_seconds <= MAX_LIFETIME_SECONDS:
        return None
    message = f"A token lasts {MIN_LIFETIME_SECONDS} to {MAX_LIFETIME_SECONDS} seconds."
    return Refusal(Code.INVALID_INPUT, message, "lifetime_seconds")


def _shown(fields: RuleFields) -> dict[str, Any]:
    """Return the fields of a rule as the ledger and the mail to administrators show them."""
    return {
        "name": fields.name,
        "user_id": fields.user_id,
        "conditions": as_words(fields.conditions),
        "scopes": sorted(fields.scopes),
        "keypair_ids": sorted(fields.keypair_ids),
        "lifetime_seconds": fields.lifetime_seconds,
    }
