"""What the commands on webhooks have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.commands.administration.validation import require_permission
from engine.model.errors import Code, Refusal, not_found, refuse
from engine.model.facts import Actor
from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission
from engine.persistence.store import ledger
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.tables import webhooks
from notifications.webhooks import tags

#: Active webhooks of one account; each of them costs time in the transaction of a change.
MAX_ACTIVE_WEBHOOKS = 20


def load_webhook(uow: UnitOfWork, webhook_id: UUID) -> Row[Any]:
    """Return a webhook of the account.

    Raises:
        Refusal: There is none, or the actor lacks `MANAGE_ACCOUNT`.
    """
    require_permission(uow, Permission.MANAGE_ACCOUNT)
    w = webhooks
    query = sa.select(w).where(w.c.id == webhook_id, w.c.account_id == uow.account_id)
    # Deliveries that are queued meanwhile refer to the row, and need not wait for this lock.
    row = uow.connection.execute(query.with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise not_found("webhook", "id")
    return row


def require_tags(uow: UnitOfWork, patterns: Collection[str]) -> None:
    """Refuse patterns that match no tag, or entries that the actor may not see."""
    tags.require_patterns(patterns)
    refuse(refuse_unseen(uow.actor, patterns))


def refuse_unseen(actor: Actor, patterns: Collection[str]) -> Refusal | None:
    """Refuse patterns that match entries which the actor may not see; None if allowed.

    Entries about releases need `VIEW_RELEASES`; all others need `VIEW_LEDGER` too.
    """
    refusal = missing_permission(actor, Permission.VIEW_RELEASES)
    if refusal is None and not tags.match_releases_only(patterns):
        return missing_permission(actor, Permission.VIEW_LEDGER)
    return refusal


def refuse_one_more(connection: Connection, account_id: UUID) -> Refusal | None:
    """Refuse where the account already has as many active webhooks as it may."""
    w = webhooks
    query = sa.select(sa.func.count()).where(w.c.account_id == account_id, w.c.active)
    if connection.execute(query).scalar_one() < MAX_ACTIVE_WEBHOOKS:
        return None
    message = f"At most {MAX_ACTIVE_WEBHOOKS} webhooks can be active. Switch one off first."
    return Refusal(Code.INVALID_INPUT, message)


def refuse_test_of_inactive(*, active: bool) -> Refusal | None:
    """Refuse to send a test to a webhook that is switched off."""
    if active:
        return None
    message = "This webhook is switched off. Switch it on first."
    return Refusal(Code.WRONG_STATUS, message, "id")


def record_subscriptions(uow: UnitOfWork) -> None:
    """Write on the ledger's head which tags the account's active webhooks subscribe to.

    To be called after each change of them. The webhooks are read once the head is locked, so that
    of two concurrent changes the later sees the earlier.
    """
    ledger.lock_head(uow.connection, uow.account_id)
    w = webhooks
    query = sa.select(w.c.tags).where(w.c.account_id == uow.account_id, w.c.active)
    stored_tags = uow.connection.execute(query).scalars().all()
    patterns = {pattern for text in stored_tags for pattern in tags.patterns_of(text)}
    ledger.write_subscribed_tags(uow.connection, uow.account_id, patterns)
