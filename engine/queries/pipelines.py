"""Trusted issuers and rules about pipelines, for whoever manages users."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from engine.model.claims import Conditions
from engine.model.grants import missing_permission
from engine.model.origins import warnings_of
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from engine.persistence.store.administration.pipelines import RuleFields, load_conditions
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


@dataclass(frozen=True, slots=True)
class TrustedRule:
    """A rule with its issuer, as the exchange of a token needs it."""

    id: UUID
    account_id: UUID
    user_id: UUID
    conditions: Conditions
    issuer: str
    #: None: the public URL of this service.
    audience: str | None


def trusted_rule(connection: Connection, rule_id: UUID) -> TrustedRule | None:
    """Return a rule of any account: whoever knows its id may ask for a token by it."""
    r, i = t.pipeline_rules, t.trusted_issuers
    columns = r.c["id", "account_id", "user_id", "conditions"], i.c["issuer", "audience"]
    query = sa.select(*columns[0], *columns[1]).join(i, i.c.id == r.c.issuer_id)
    row = connection.execute(query.where(r.c.id == rule_id)).one_or_none()
    if row is None:
        return None
    id_, account_id, user_id, conditions, issuer, audience = row
    return TrustedRule(id_, account_id, user_id, load_conditions(conditions), issuer, audience)


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
