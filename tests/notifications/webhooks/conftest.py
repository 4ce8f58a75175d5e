"""A world whose changes are told to webhooks too."""

from collections.abc import AsyncIterator

import pytest

from api.graphql.ids import to_global
from engine.persistence.db.database import Database
from notifications.webhooks.outbox import WebhookOutbox
from tests.support.notices import outbox_world
from tests.support.webhook_receiver import Receiver, receiving
from tests.support.webhooks import Hooks
from tests.support.world import World


@pytest.fixture
def world(database: Database) -> World:
    """The small account, with both outboxes."""
    return outbox_world(database, WebhookOutbox(to_global))


@pytest.fixture
def hooks(world: World) -> Hooks:
    """Its webhooks."""
    return Hooks(world)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server to send to."""
    async with receiving() as opened:
        yield opened
