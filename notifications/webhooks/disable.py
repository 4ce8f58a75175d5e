"""Switches a webhook off whose receiver answered that it is gone."""

from __future__ import annotations

from uuid import UUID

from engine.commands.transactions import transaction
from engine.model.facts import CLOCK
from engine.persistence.store.locks import Lock
from engine.system import System
from notifications.tables import webhooks
from notifications.webhooks.base import record_subscriptions
from notifications.webhooks.events import WebhookDisabled


def disable_gone(system: System, account_id: UUID, webhook_id: UUID, reason: str) -> None:
    """Switch a webhook off, unless it is off already; its queued deliveries are then void."""
    with transaction(system, account_id, None, Lock()) as uow:
        w = webhooks
        changed = uow.connection.execute(
            w.update()
            .where(w.c.id == webhook_id, w.c.active)
            .values(active=False, disabled_reason=reason)
        )
        if changed.rowcount:
            record_subscriptions(uow)
            event = WebhookDisabled(subject_id=webhook_id, reason=reason)
            uow.record(event, actor=CLOCK)
