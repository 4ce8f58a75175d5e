"""Change a webhook, switch it off, and on again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.commands.administration.validation import clean_name, differences
from engine.commands.command import Command
from engine.model.text import normalize
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.net.url_rules import origin_only, require_url
from notifications.tables import webhooks
from notifications.webhooks import base, tags
from notifications.webhooks.events import WebhookUpdated


@dataclass(frozen=True, kw_only=True)
class UpdateWebhook(Command[UUID]):
    """Answers its id. What is None stays as it is; what is still queued goes where it is now."""

    command_name = "update_webhook"
    subject_kind = "Webhook"
    subject_field = "webhook_id"
    #: So that an account never has too many.
    account_hold = Hold.ALONE

    webhook_id: UUID
    name: str | None = None
    url: str | None = None
    tags: Collection[str] | None = None
    active: bool | None = None
    allow_private: bool = False

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_ACCOUNT`, and to see what is told at another address or told again."""
        row = base.find(uow, self.webhook_id)
        changes = differences(row._asdict(), self._asked(uow))
        if not changes:
            return self.webhook_id
        columns = {name: after for name, (_, after) in changes.items()}
        if columns.get("active") or "url" in columns:
            base.require_tags(uow, tags.patterns_of(columns.get("tags", row.tags)))
        if columns.get("active"):
            base.require_room(uow)
            columns["disabled_reason"] = None
        uow.connection.execute(webhooks.update().where(webhooks.c.id == row.id).values(**columns))
        base.note_heard(uow)
        if "url" in changes:
            before, after = changes["url"]
            changes["url"] = (origin_only(before), origin_only(after))
        uow.record(WebhookUpdated(subject_id=row.id, changes=changes))
        return self.webhook_id

    def _asked(self, uow: UnitOfWork) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if self.name is not None:
            asked["name"] = clean_name(normalize(self.name), "name", "name")
        if self.url is not None:
            require_url(self.url, allow_private=self.allow_private)
            asked["url"] = self.url
        if self.tags is not None:
            base.require_tags(uow, self.tags)
            asked["tags"] = tags.stored(self.tags)
        if self.active is not None:
            asked["active"] = self.active
        return asked
