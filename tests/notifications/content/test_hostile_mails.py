"""What one person writes never reaches another with somebody's secret link in it."""

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa

from engine.commands.administration.teams import UpdateTeam
from engine.commands.releases.revise_release import ReviseRelease
from notifications import tables as n
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.vocabulary import DeliveryState, MessageKind
from tests.support.hostile_texts import CONSTANTS, HOSTILE
from tests.support.notices import LINK_KEY, Notices
from tests.support.smtp_server import Inbox, smtp_server
from tests.support.world import World

pytestmark = pytest.mark.anyio
PUBLIC = "https://countersign.example.com"
IMPOSSIBLE = "2026-99-99T99:99:99.999999Z"
COLLECTOR = "see http://collector.example.com/c?u=https://link.invalid/of-one-person-alone"


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with smtp_server() as opened:
        yield opened


async def deliver(world: World, inbox: Inbox, writer: MessageRenderer | None = None) -> None:
    channel = SmtpChannel(inbox.url, "Countersign <countersign@example.com>", timeout=5)
    relay = Relay(
        world.system, world.executor, channel, writer or MessageRenderer(PUBLIC), LINK_KEY, PUBLIC
    )
    await relay.run_once()
    await relay._finish()


def contents(mail: EmailMessage) -> list[str]:
    """The text and the HTML, without a calendar file."""
    expected = {"text/plain", "text/html"}
    return [part.get_content() for part in mail.walk() if part.get_content_type() in expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"note": COLLECTOR},
        {"note": "X countersign-link-of-one-person y"},
        {"name": "X countersign-link-of-one-person y"},
        {"name": COLLECTOR, "version": "https://link.invalid/of-one-person-alone"},
        {"note": "\n".join(text for text in CONSTANTS if text.isprintable())[:9000]},
        {"note": " ".join(text for text in HOSTILE if text.isprintable())[:9000]},
    ],
)
async def test_each_mail_holds_its_readers_link_once_in_each_form(
    world: World, notices: Notices, inbox: Inbox, changes: dict[str, Any]
) -> None:
    release = world.request(**changes)

    await deliver(world, inbox)

    assert len(inbox.mails) == 2
    for name in ("ann", "bob"):
        (mail,) = inbox.to(name)
        link = f"{PUBLIC}/decide/{notices.spelling(name, release)}"
        assert [text.count(link) for text in contents(mail)] == [1, 1]
        assert [text.count("/decide/") for text in contents(mail)] == [1, 1]
        assert not any("decide" in value for value in mail.values())
        assert mail.defects == []
        assert mail["MIME-Version"] == "1.0"


@pytest.mark.parametrize("field", ["note", "version", "name"])
async def test_a_text_that_looks_like_an_instant_silences_no_mail(
    world: World, notices: Notices, inbox: Inbox, field: str
) -> None:
    release = world.approved(**{field: IMPOSSIBLE})
    world.clock.pass_(hours=1)
    widened = {"max_signatures": 50}
    world.do("ann", ReviseRelease(release_id=release, revision=1, changes=widened))

    await deliver(world, inbox)

    assert {row.state for row in notices.rows(kind=MessageKind.REVISED)} == {DeliveryState.SENT}
    texts = [contents(mail)[0] for mail in inbox.to("bob")]
    assert [text for text in texts if "maximum of signatures: 5 → 50" in text]


@pytest.mark.parametrize("name", [IMPOSSIBLE, "{{ link }}", "%(name)s"])
async def test_a_team_whose_name_looks_like_something_is_told_of(
    world: World, notices: Notices, inbox: Inbox, name: str
) -> None:
    blue = world.things["blue"]
    world.do("ann", UpdateTeam(team_id=blue, name=name, required_approvals=1))
    # What changes within a minute is one mail.
    world.clock.pass_(minutes=2)

    await deliver(world, inbox)

    assert {row.state for row in notices.rows()} == {DeliveryState.SENT}
    (mail,) = inbox.to("admin")
    assert mail["Subject"] == f"Team changed: {name}"


async def test_a_message_in_its_plain_form_says_so_in_its_delivery(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    release = world.request()
    with world.system.database.writing() as connection:
        connection.execute(sa.update(n.deliveries).values(facts='{"format":2,"release":{}}'))
        connection.commit()
    faults: list[MessageKind] = []

    await deliver(world, inbox, MessageRenderer(PUBLIC, on_fault=faults.append))

    assert faults == [MessageKind.REQUEST, MessageKind.REQUEST]
    assert {(row.state, row.last_error) for row in notices.rows()} == {
        (DeliveryState.SENT, "It was sent in its plain form: UndefinedError while rendering it.")
    }
    (mail,) = inbox.to("ann")
    assert mail["Subject"] == "Approval requested"
    (found,) = re.findall(r"https://\S+/decide/(\S+)", contents(mail)[0])
    assert found == notices.spelling("ann", release)


async def test_a_link_of_another_key_keeps_no_mail_back(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.request()
    channel = SmtpChannel(inbox.url, "Countersign <countersign@example.com>", timeout=5)

    relay = Relay(world.system, world.executor, channel, MessageRenderer(PUBLIC), bytes(32), PUBLIC)
    await relay.run_once()
    await relay._finish()

    assert {row.state for row in notices.rows()} == {DeliveryState.SENT}
    assert [mail["Subject"] for _, mail in inbox.mails] == ["Approval requested: Falcon 1.0"] * 2
    assert not any("/decide/" in text for _, mail in inbox.mails for text in contents(mail))
