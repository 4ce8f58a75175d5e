"""The SQL of claims: which deliveries are due, claiming them, and all that sending them needs.

Statements are built once: to build one takes longer than to run it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, Update

from engine.persistence.db.sql import id_in, in_subquery
from engine.persistence.db.types import Id
from engine.persistence.store import tables as t
from notifications.delivery.lease import lease_values
from notifications.outbox import lanes
from notifications.tables import IS_QUEUED, action_links, deliveries, webhooks
from notifications.vocabulary import DeliveryState

_D = deliveries
_NOW = sa.bindparam("now", type_=_D.c.next_attempt_at.type)
#: Whom a delivery is for: a person, or a webhook.
RECIPIENT = sa.func.coalesce(_D.c.user_id, _D.c.webhook_id)
#: Without it PostgreSQL, which takes a queue for almost empty, sorts all of it for each delivery
#: that is looked at, and does not read the index of lanes, which is in order. It holds for the
#: transaction.
AVOID_SORTING = sa.text("SET LOCAL enable_sort = off")
#: Voids deliveries that are not sent after all, which gives their attempt back.
VOID = (
    _D.update()
    .where(id_in(_D.c.id))
    .values(
        state=DeliveryState.VOID,
        settled_at=_NOW,
        attempts=_D.c.attempts - 1,
        last_error=sa.bindparam("reason", type_=sa.Text),
    )
)


@cache
def select_due(*, fresh_only: bool) -> Select[Any]:
    """Return the query for one delivery that could be claimed.

    Args:
        fresh_only: Leave out what was tried before.
    """
    return sa.select(_D.c.id).where(*_is_due(fresh_only=fresh_only), lanes.is_first(_D)).limit(1)


@cache
def claim_due(*, fresh_only: bool) -> Update:
    """Return the statement that claims due deliveries and answers their ids.

    Args:
        fresh_only: Leave out what was tried before.
    """
    is_due = _is_due(fresh_only=fresh_only)
    # However long the queue is, no more of it is looked at than this.
    head = (
        sa.select(_D.c.id, RECIPIENT.label("recipient_id"), _D.c.release_id, _D.c.next_attempt_at)
        .where(*is_due, *_is_recipient_free(), lanes.is_first(_D))
        .order_by(_D.c.next_attempt_at, _D.c.id)
        .limit(sa.bindparam("lookahead", type_=sa.Integer))
        .subquery()
    )
    # A few for each recipient: whoever is slow, or has thousands, keeps only themselves waiting.
    rank = sa.func.row_number().over(
        partition_by=head.c.recipient_id, order_by=(head.c.next_attempt_at, head.c.id)
    )
    ranked = sa.select(head.c.id, head.c.release_id, rank.label("rank")).subquery()
    per_recipient = sa.bindparam("per_recipient", type_=sa.Integer)
    most = sa.case((ranked.c.release_id.is_(None), 1), else_=per_recipient)
    chosen = (
        sa.select(_D.c.id)
        .where(*is_due, in_subquery(_D.c.id, sa.select(ranked.c.id).where(ranked.c.rank <= most)))
        .order_by(_D.c.next_attempt_at, _D.c.id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
        .with_for_update(skip_locked=True)
    )
    until = sa.bindparam("until", type_=_D.c.next_attempt_at.type)
    values = lease_values(_D.c.next_attempt_at, _D.c.attempts, until)
    values["claim_id"] = sa.bindparam("claim", type_=Id)
    return _D.update().where(in_subquery(_D.c.id, chosen)).values(values).returning(_D.c.id)


def _is_recipient_free() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a recipient may be sent more; what has no release comes alone."""
    busy: sa.BindParameter[Any] = sa.bindparam("busy", expanding=True)
    full: sa.BindParameter[Any] = sa.bindparam("full", expanding=True)
    return RECIPIENT.not_in(full), _D.c.release_id.is_not(None) | RECIPIENT.not_in(busy)


def _is_due(*, fresh_only: bool) -> tuple[Any, ...]:
    saturated: sa.BindParameter[Any] = sa.bindparam("saturated_accounts", expanding=True)
    is_due = (
        IS_QUEUED,
        _D.c.next_attempt_at <= _NOW,
        _D.c.channel == sa.bindparam("by_channel"),
        _D.c.account_id.not_in(saturated),
    )
    return (*is_due, _D.c.attempts == 0) if fresh_only else is_due


_U, _W, _L, _R, _C = t.users, webhooks, action_links, t.releases, t.address_changes
_OF_RECIPIENT = (
    RECIPIENT.label("recipient_id"),
    sa.func.coalesce(_U.c.active, _W.c.active).label("active"),
    _W.c.name.label("webhook_name"),
    _W.c.url,
    _W.c.seed,
    # The secret before this one, while receivers change over.
    sa.case((_W.c.previous_until > _NOW, _W.c.previous_seed)).label("previous_seed"),
    _U.c.email,
    _U.c.name,
    _U.c.locale,
    _U.c.time_zone,
)
_OF_LINKS = (
    _L.c.nonce,
    _L.c.token_hash,
    _L.c.used_at,
    _L.c.voided_at,
    _L.c.expires_at,
    _L.c.material_revision.label("link_revision"),
    _C.c.nonce.label("change_nonce"),
    _C.c.expires_at.label("change_expires_at"),
    sa.func.coalesce(_C.c.used_at, _C.c.voided_at).label("change_ended_at"),
)
_OF_RELEASE = (
    _R.c.revision.label("release_revision"),
    _R.c.material_revision,
    _R.c.round_revision,
    _R.c.required_approvals,
    _R.c.signatures_used,
    _R.c.max_signatures,
    _R.c.status,
    _R.c.starts_at,
    _R.c.ends_at,
)
_IS_FOLLOWED = lanes.is_followed(_D).label("is_followed")

#: Everything about claimed deliveries that rendering and sending them needs.
CLAIMED = (
    sa.select(_D, *_OF_RECIPIENT, _IS_FOLLOWED, *_OF_LINKS, *_OF_RELEASE)
    .outerjoin(_U, _U.c.id == _D.c.user_id)
    .outerjoin(_W, _W.c.id == _D.c.webhook_id)
    .outerjoin(_L, _L.c.id == _D.c.action_link_id)
    .outerjoin(_R, _R.c.id == _D.c.release_id)
    .outerjoin(_C, _C.c.id == _D.c.address_change_id)
    .where(id_in(_D.c.id))
    .order_by(_D.c.id)
)
