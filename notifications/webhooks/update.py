"""The command that changes a webhook, or switches it off or on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.commands.administration.validation import clean_name, differences
from engine.commands.command import Command
from engine.model.errors import Faults, refuse
from engine.model.text import normalize
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.net.url_rules import origin_only, require_url
from notifications.tables import webhooks
from notifications.webhooks import base, tags
from notifications.webhooks.events import WebhookUpdated


@dataclass(frozen=True, kw_only=True)
class UpdateWebhook(Command[UUID]):
    """Change a webhook, and return its id.

    What is None stays as it is. Queued deliveries are sent to the new address.
    """

    command_name = "update_webhook"
    subject_kind = "Webhook"
    subject_field = "webhook_id"
    #: So that an account never has too many.
    account_hold = Hold.EXCLUSIVE

    webhook_id: UUID
    name: str | None = None
    url: str | None = None
    tags: Collection[str] | None = None
    active: bool | None = None
    allow_private: bool = False

    def apply(self, uow: UnitOfWork) -> UUID:
        """Change it; needs `MANAGE_ACCOUNT`, and the right to see what a new address is sent."""
        row = base.load_webhook(uow, self.webhook_id)
        changes = differences(row._asdict(), self._requested_values(uow))
        if not changes:
            return self.webhook_id
        columns = {name: after for name, (_, after) in changes.items()}
        if columns.get("active") or "url" in columns:
            base.require_tags(uow, tags.patterns_of(columns.get("tags", row.tags)))
        if columns.get("active"):
            refuse(base.refuse_one_more(uow.connection, uow.account_id))
            columns["disabled_reason"] = None
        uow.connection.execute(webhooks.update().where(webhooks.c.id == row.id).values(**columns))
        base.record_subscriptions(uow)
        if "url" in changes:
            before, after = changes["url"]
            changes["url"] = (origin_only(before), origin_only(after))
        uow.record(WebhookUpdated(subject_id=row.id, changes=changes))
        return self.webhook_id

    def _requested_values(self, uow: UnitOfWork) -> dict[str, Any]:
        values: dict[str, Any] = {}
        faults = Faults()
        if self.name is not None:
            with faults:
                values["name"] = clean_name(normalize(self.name), "name", "name")
        if self.url is not None:
            with faults:
                require_url(self.url, allow_private=self.allow_private)
            values["url"] = self.url
        if self.tags is not None:
            with faults:
                base.require_tags(uow, self.tags)
                values["tags"] = tags.to_text(self.tags)
        faults.refuse()
        if self.active is not None:
            values["active"] = self.active
        return values
