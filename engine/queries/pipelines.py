"""Trusted issuers and rules about pipelines, for whoever manages users."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement

from engine.model.claims import Conditions
from engine.model.grants import missing_permission
from engine.model.origins import warnings_of
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from engine.persistence.store.administration.pipelines import RuleFields
from engine.queries.context import QueryContext
from engine.queries.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFilter:
    """Conditions on rules about pipelines; None leaves a condition out."""

    issuer_id: UUID | None = None
    user_id: UUID | None = None

    def conditions(self, context: QueryContext) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        r = t.pipeline_rules.c
        chosen = ((r.issuer_id, self.issuer_id), (r.user_id, self.user_id))
        return [column == id_ for column, id_ in chosen if id_ is not None]


def require_manager(context: QueryContext) -> None:
    """Refuse FORBIDDEN unless the viewer manages users."""
    refusal = missing_permission(context.actor, Permission.MANAGE_USERS)
    if refusal is not None:
        raise refusal


def conditions_of(row: Record) -> Conditions:
    """Return the conditions of a stored rule."""
    return RuleFields.of(row).conditions


def scopes_of(row: Record) -> list[Permission]:
    """Return the scopes of a stored rule."""
    return sorted(RuleFields.of(row).scopes)


def keypairs_of(row: Record) -> frozenset[UUID]:
    """Return the keypairs of a stored rule."""
    return RuleFields.of(row).keypair_ids


def warnings_about(row: Record, issuer: Record) -> list[str]:
    """Return what is allowed in a rule although something else would be safer."""
    return warnings_of(issuer.kind, conditions_of(row))
