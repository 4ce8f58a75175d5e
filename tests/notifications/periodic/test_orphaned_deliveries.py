"""What waits for a channel that is no more ends, and nobody is left unasked."""

import asyncio

import pytest

from engine.model.errors import Code
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.delivery.resend import ResendDelivery
from notifications.outbox.preferences import UpdatePreferences
from notifications.periodic.orphaned_deliveries import GRACE, OrphanedDeliveries
from notifications.vocabulary import DeliveryState, MessageKind
from tests.notifications.delivery.test_relay import PUBLIC, link_in
from tests.support.notices import LINK_KEY, Notices, with_outbox
from tests.support.smtp_server import smtp_server
from tests.support.world import World

BOTH = frozenset({"email", "chat"})
GONE = "the channel chat is not configured any more"


def orphaned(world: World, *channels: str) -> OrphanedDeliveries:
    """What ends deliveries of other channels than these and webhooks."""
    return OrphanedDeliveries(world.system, world.executor, [*channels, "webhook"])


@pytest.fixture
def world(world: World) -> World:
    """Bob hears of everything in a chat, ann is asked by mail too."""
    with_outbox(world, channels=BOTH)
    choose(world, "bob", "chat")
    choose(world, "ann", "chat", "email")
    return world


def choose(world: World, name: str, *channels: str) -> None:
    chosen = {kind: frozenset(channels) for kind in (MessageKind.REQUEST, MessageKind.APPROVED)}
    world.do(name, UpdatePreferences(chosen=chosen, channels=BOTH))


def outcomes(notices: Notices, name: str) -> list[tuple[str, str, str, str | None]]:
    rows = notices.rows(user_id=notices.world.people[name])
    return [(row.kind, row.channel, row.state, row.last_error) for row in rows]


@pytest.mark.anyio
async def test_a_request_goes_out_by_mail_once_its_channel_is_gone(
    world: World, notices: Notices
) -> None:
    release = world.request()
    ending = orphaned(world, "email")
    assert await ending.run_once() == 0

    world.clock.pass_(seconds=GRACE.total_seconds())
    assert await ending.run_once() == 2
    assert await ending.run_once() == 0

    async with smtp_server() as inbox:
        channel = SmtpChannel(inbox.url, "Countersign <c@example.com>")
        relay = Relay(
            world.system, world.executor, channel, MessageRenderer(PUBLIC), LINK_KEY, PUBLIC
        )
        await relay.run_once()
        await relay._finish()
        # Ann was asked by mail at once, and is not asked twice.
        assert (len(inbox.to("ann")), len(inbox.to("bob"))) == (1, 1)
        assert link_in(inbox.to("bob")[0]) == notices.spelling("bob", release)
    assert outcomes(notices, "bob") == [
        ("REQUEST", "chat", DeliveryState.FAILED, GONE),
        ("REQUEST", "email", DeliveryState.SENT, None),
    ]
    assert len(notices.links(release_id=release)) == 2


def test_news_for_it_have_failed(world: World, notices: Notices) -> None:
    choose(world, "ann", "email")
    release = world.request()
    world.decide("ann", release)
    world.decide("bob", release)

    world.clock.pass_(seconds=GRACE.total_seconds())

    assert asyncio.run(orphaned(world, "email").run_once()) == 2
    assert outcomes(notices, "bob")[1:] == [
        ("APPROVED", "chat", DeliveryState.FAILED, GONE),
        ("REQUEST", "email", DeliveryState.QUEUED, None),
    ]


def test_what_has_a_channel_is_left_alone(world: World, notices: Notices) -> None:
    world.request()
    world.clock.pass_(days=1)
    before = world.snapshot()

    assert asyncio.run(orphaned(world, *BOTH).run_once()) == 0
    assert world.snapshot() == before


def test_sent_again_it_goes_by_the_way_they_have_now(world: World, notices: Notices) -> None:
    release = world.request()
    world.decide("ann", release)
    world.decide("bob", release)
    world.clock.pass_(seconds=GRACE.total_seconds())
    asyncio.run(orphaned(world, "email").run_once())
    (failed,) = notices.rows(user_id=world.people["bob"], kind="APPROVED")

    def again(*channels: str) -> str:
        command = ResendDelivery(
            delivery_id=failed.id, release_id=release, link_key=LINK_KEY, channels=channels
        )
        (row,) = notices.rows(id=world.do("dev", command))
        world.clock.pass_(minutes=5)
        return str(row.channel)

    assert again("email") == "email"
    assert again("chat", "email") == "chat"
    choose(world, "bob", "email")
    assert again("chat", "email") == "email"

    nothing = {MessageKind.APPROVED: frozenset[str]()}
    world.do("bob", UpdatePreferences(chosen=nothing, channels=BOTH))
    before = world.snapshot()
    command = ResendDelivery(delivery_id=failed.id, release_id=release, link_key=LINK_KEY)
    assert world.refused("dev", command).code is Code.WRONG_STATUS
    assert world.snapshot() == before
