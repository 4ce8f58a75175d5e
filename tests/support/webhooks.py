"""Shorthand for webhooks in a world: make them, relay to them, and look what became of it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from notifications import tables as n
from notifications.channels.webhook import WebhookChannel
from notifications.channels.webhook_secrets import PURPOSE, NewSecret
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.links import keys
from notifications.webhooks.create import CreateWebhook
from tests.support.notices import LINK_KEY
from tests.support.world import World

KEY = keys.derive("a secret for tests", PURPOSE)
PUBLIC = "https://countersign.example.com"


@dataclass
class Hooks:
    """The webhooks of a world."""

    world: World
    secrets: dict[str, NewSecret] = field(default_factory=dict)

    def make(self, name: str, url: str, *tags: str, who: str = "admin") -> NewSecret:
        tags = tags or ("release:*",)
        command = CreateWebhook(name=name, url=url, tags=tags, key=KEY, allow_private=True)
        self.secrets[name] = self.world.do(who, command)
        return self.secrets[name]

    def relay(self, *, allow_private: bool = True, key: bytes = KEY, **more: Any) -> Relay:
        limit = more.pop("time_limit", 5)
        channel = WebhookChannel(key, allow_private=allow_private, time_limit=limit)
        return Relay(
            self.world.system,
            self.world.executor,
            channel,
            MessageRenderer(PUBLIC),
            LINK_KEY,
            PUBLIC,
            **more,
        )

    async def send(self, **more: Any) -> int:
        """Send what is due, once; answers how many were tried."""
        relay = self.relay(**more)
        tried = await relay.run_once()
        await relay._finish()
        return tried

    def rows(self, **where: Any) -> list[Row[Any]]:
        """Deliveries to webhooks, in the order they were queued."""
        d = n.deliveries
        query = sa.select(d).where(d.c.webhook_id.is_not(None))
        for name, value in where.items():
            query = query.where(d.c[name] == value)
        with self.world.system.database.reading() as connection:
            return list(connection.execute(query.order_by(d.c.id)))

    def row(self, webhook_id: UUID) -> Row[Any]:
        """The webhook as stored."""
        w = n.webhooks
        with self.world.system.database.reading() as connection:
            return connection.execute(sa.select(w).where(w.c.id == webhook_id)).one()
