"""Repairs the subscriptions of webhooks that are written on the ledgers' heads.

During an upgrade an earlier version may still run, which does not write them: a webhook that it
creates would be sent nothing.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from engine.commands.transactions import transaction
from engine.persistence.store.locks import Lock
from engine.persistence.store.tables import ledger_heads
from engine.system import System
from notifications.tables import webhooks
from notifications.webhooks import tags
from notifications.webhooks.base import record_subscriptions


def repair_subscriptions(system: System) -> int:
    """Check every active webhook, and return how many heads lacked a subscription."""
    outdated = _outdated_accounts(system)
    for account_id in outdated:
        with transaction(system, account_id, None, Lock()) as uow:
            record_subscriptions(uow)
    return len(outdated)


def _outdated_accounts(system: System) -> set[UUID]:
    w, head = webhooks, ledger_heads
    query = sa.select(w.c.account_id, w.c.tags, head.c.subscribed_tags).where(w.c.active)
    query = query.join(head, head.c.account_id == w.c.account_id)
    with system.database.reading() as connection:
        rows = connection.execute(query).all()
    return {
        row.account_id
        for row in rows
        if not set(tags.patterns_of(row.tags)) <= set(row.subscribed_tags.split())
    }
