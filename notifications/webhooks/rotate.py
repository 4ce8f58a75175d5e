"""The command that gives a webhook a new secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from engine.commands.command import Command
from engine.model.errors import Code, Refusal
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.channels.webhook_secrets import NewSecret, new_seed, secret_of
from notifications.tables import webhooks
from notifications.webhooks import base
from notifications.webhooks.events import WebhookSecretRotated

#: How long the old secret also signs, unless requested otherwise.
OVERLAP_HOURS = 24
MAX_OVERLAP_HOURS = 24 * 7


@dataclass(frozen=True, kw_only=True)
class RotateWebhookSecret(Command[NewSecret]):
    """Give a webhook a new secret, and return it.

    During the overlap both secrets sign, so that receivers can change over. With an overlap of 0 a
    secret that may have leaked signs nothing any more.
    """

    command_name = "rotate_webhook_secret"
    subject_kind = "Webhook"
    subject_field = "webhook_id"

    webhook_id: UUID
    overlap_hours: int = OVERLAP_HOURS
    key: bytes = field(repr=False)

    def apply(self, uow: UnitOfWork) -> NewSecret:
        """Replace the secret; needs `MANAGE_ACCOUNT`. Older secrets than the last end at once."""
        row = base.load_webhook(uow, self.webhook_id)
        if not 0 <= self.overlap_hours <= MAX_OVERLAP_HOURS:
            message = f"The old secret can go on for 0 to {MAX_OVERLAP_HOURS} hours."
            raise Refusal(Code.INVALID_INPUT, message, "overlap_hours")
        until = uow.now + timedelta(hours=self.overlap_hours) if self.overlap_hours else None
        seed = new_seed(self.key, row.id)
        uow.connection.execute(
            webhooks.update()
            .where(webhooks.c.id == row.id)
            .values(
                seed=seed,
                previous_seed=row.seed if until is not None else None,
                previous_until=until,
            )
        )
        uow.record(WebhookSecretRotated(subject_id=row.id))
        return NewSecret(row.id, secret_of(self.key, row.id, seed))
