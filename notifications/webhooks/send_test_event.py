"""The command that sends a webhook a test event."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.commands.command import Command
from engine.model.errors import refuse
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.outbox import resend_limits
from notifications.vocabulary import WebhookKind
from notifications.webhooks import base, payload, queueing


@dataclass(frozen=True, kw_only=True)
class SendTestEvent(Command[UUID]):
    """Queue a test event for a webhook, and return the delivery's id."""

    command_name = "send_test_webhook"
    subject_kind = "Webhook"
    subject_field = "webhook_id"

    webhook_id: UUID

    def apply(self, uow: UnitOfWork) -> UUID:
        """Queue it; needs `MANAGE_ACCOUNT`, and is limited for each person and hour."""
        row = base.load_webhook(uow, self.webhook_id)
        refuse(base.refuse_test_of_inactive(active=row.active))
        resend_limits.check_person(uow)
        body = payload.of_test(uow.now, row.name)
        event = queueing.WebhookEvent(
            webhook_id=row.id, kind=WebhookKind.TEST, body=body, requested_by=uow.actor.user_id
        )
        (delivery_id,) = queueing.enqueue(uow, [event])
        return delivery_id
