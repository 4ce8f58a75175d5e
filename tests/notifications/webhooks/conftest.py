"""A world whose changes are told to webhooks too."""

from collections.abc import AsyncIterator

import pytest

from api.graphql.ids import to_global
from notifications.webhooks.outbox import WebhookOutbox
from tests.support.notices import with_outbox
from tests.support.webhook_receiver import Receiver, receiving
from tests.support.webhooks import Hooks
from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    """The small account, with both outboxes."""
    return with_outbox(world, WebhookOutbox(to_global))


@pytest.fixture
def hooks(world: World) -> Hooks:
    """Its webhooks."""
    return Hooks(world)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server to send to."""
    async with receiving() as opened:
        yield opened
