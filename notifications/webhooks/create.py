"""The command that creates a webhook."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from engine.commands.administration.validation import clean_name, require_permission
from engine.commands.command import Command
from engine.model.errors import Faults, refuse
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.channels.webhook_secrets import NewSecret, new_seed, secret_of
from notifications.net.url_rules import origin_only, require_url
from notifications.tables import webhooks
from notifications.webhooks import base, tags
from notifications.webhooks.events import WebhookCreated


@dataclass(frozen=True, kw_only=True)
class CreateWebhook(Command[NewSecret]):
    """Create a webhook, and return its id and its secret."""

    command_name = "create_webhook"
    detail_fields = ("name",)
    #: Held alone, so that concurrent commands cannot exceed the maximum.
    account_hold = Hold.EXCLUSIVE

    name: str
    url: str
    tags: Collection[str] = tags.DEFAULT_TAGS
    key: bytes = field(repr=False)
    #: Whether the operator allows private addresses, and addresses without TLS.
    allow_private: bool = False

    def apply(self, uow: UnitOfWork) -> NewSecret:
        """Create it; needs `MANAGE_ACCOUNT`."""
        require_permission(uow, Permission.MANAGE_ACCOUNT)
        faults = Faults()
        with faults:
            name = clean_name(normalize(self.name), "name", "name")
        with faults:
            require_url(self.url, allow_private=self.allow_private)
        with faults:
            base.require_tags(uow, self.tags)
        faults.refuse()
        refuse(base.refuse_one_more(uow.connection, uow.account_id))
        webhook_id, patterns = uuid7(), tags.to_text(self.tags)
        seed = new_seed(self.key, webhook_id)
        uow.connection.execute(
            webhooks.insert().values(
                id=webhook_id,
                account_id=uow.account_id,
                name=name,
                url=self.url,
                tags=patterns,
                active=True,
                seed=seed,
                created_at=uow.now,
            )
        )
        base.record_subscriptions(uow)
        values = {"name": name, "url": origin_only(self.url), "tags": patterns}
        changes = {field_: (None, value) for field_, value in values.items()}
        uow.record(WebhookCreated(subject_id=webhook_id, changes=changes))
        return NewSecret(webhook_id, secret_of(self.key, webhook_id, seed))
