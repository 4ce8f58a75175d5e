"""What the commands on webhooks have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.commands.administration.validation import require_permission
from engine.model.errors import Code, Refusal, not_found
from engine.model.vocabulary import Permission
from engine.persistence.store import ledger
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.tables import webhooks
from notifications.webhooks import tags

#: In use at a time, in one account: each is told in the transaction of the change.
MOST = 20


def find(uow: UnitOfWork, webhook_id: UUID) -> Row[Any]:
    """The account's webhook, for whoever manages the account; else a refusal."""
    require_permission(uow, Permission.MANAGE_ACCOUNT)
    w = webhooks
    query = sa.select(w).where(w.c.id == webhook_id, w.c.account_id == uow.account_id)
    # Deliveries that others queue meanwhile refer to the row, and need not wait for it.
    row = uow.connection.execute(query.with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise not_found("webhook", "id")
    return row


def require_tags(uow: UnitOfWork, patterns: Collection[str]) -> None:
    """Patterns that mean something, about what the actor may see.

    What a webhook is told of releases takes VIEW_RELEASES, what it is told of anything else
    VIEW_LEDGER too.
    """
    tags.require_patterns(patterns)
    require_permission(uow, Permission.VIEW_RELEASES)
    if not tags.only_of_releases(patterns):
        require_permission(uow, Permission.VIEW_LEDGER)


def require_room(uow: UnitOfWork) -> None:
    """One more can be in use."""
    w = webhooks
    query = sa.select(sa.func.count()).where(w.c.account_id == uow.account_id, w.c.active)
    if uow.connection.execute(query).scalar_one() >= MOST:
        message = f"At most {MOST} webhooks can be active. Switch one off first."
        raise Refusal(Code.INVALID_INPUT, message)


def note_heard(uow: UnitOfWork) -> None:
    """Write on the ledger's head what the account's webhooks listen to, after any change of that.

    Looked up once the head is locked: of two changes at a time the later knows of the earlier.
    """
    ledger.head(uow.connection, uow.account_id, lock=True)
    w = webhooks
    query = sa.select(w.c.tags).where(w.c.account_id == uow.account_id, w.c.active)
    told = uow.connection.execute(query).scalars().all()
    heard = {pattern for text in told for pattern in tags.patterns_of(text)}
    ledger.subscribe(uow.connection, uow.account_id, heard)
