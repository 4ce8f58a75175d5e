"""Channels are found by their entry points; a fault of one is told by its name."""

import asyncio
import base64
import os
import secrets
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any, Self

import pytest

from api.bootstrap import load_message_settings
from api.config.settings import Settings
from api.runtime.channels import channel_options
from api.runtime.runtime import Runtime
from api.runtime.startup_checks import NotReadyError
from api.worker.build import build_relays, build_reminders
from engine.concurrency.executor import Executor
from engine.signing.service import SigningService
from notifications.channels import loading
from notifications.channels.base import ChannelContext, ChannelFailed, Outgoing
from notifications.channels.smtp import SmtpChannel
from notifications.channels.webhook import WebhookChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.delivery.wakeup import Wakeup
from notifications.outbox.outbox import Outbox
from notifications.outbox.preferences import UpdatePreferences
from notifications.vocabulary import MessageKind
from tests.support.notices import LINK_KEY, Notices
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World, make_world

OPTIONS = {"smtp_url": "smtp://mx.example.com", "mail_from": "C <c@example.com>"}


@dataclass
class Chat:
    """A channel from elsewhere: it keeps what it is given."""

    name: str = "chat"
    said: list[tuple[str, str, bool]] = field(default_factory=list)
    closed: bool = False

    @classmethod
    def from_context(cls, context: ChannelContext) -> Self | None:
        return cls() if context.options.get("chat_token") else None

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        return outgoing

    async def send(self, prepared: Outgoing) -> None:
        text = prepared.message.text
        self.said.append((prepared.address, prepared.message.subject, "/decide/" in text))

    async def close(self) -> None:
        self.closed = True


class Spaced(Chat):
    @classmethod
    def from_context(cls, context: ChannelContext) -> Self | None:
        return cls(name="two words")


def context(**options: str) -> ChannelContext:
    return ChannelContext(OPTIONS | options, lambda purpose: purpose.encode().ljust(32))


def entry(value: str) -> EntryPoint:
    return EntryPoint("other", value, loading.ENTRY_POINTS)


def with_entries(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    found = loading.entry_points(group=loading.ENTRY_POINTS)
    more = [entry(value) for value in values]
    monkeypatch.setattr(loading, "entry_points", lambda group: [*found, *more])


def test_ours_are_registered() -> None:
    channels = loading.load_channels(context())

    assert {name: type(one) for name, one in channels.items()} == {
        "email": SmtpChannel,
        "webhook": WebhookChannel,
    }


def test_one_from_elsewhere_is_there_once_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    with_entries(monkeypatch, f"{__name__}:Chat")

    assert "chat" not in loading.load_channels(context())
    assert loading.load_channels(context(chat_token="x"))["chat"].name == "chat"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nowhere.to_be_found:Chat", "nowhere"),
        (f"{__name__}:Missing", "Missing"),
        (f"{__name__}:Spaced", "proper name"),
        ("notifications.channels.smtp:SmtpChannel ", "Two channels are named email"),
    ],
)
def test_one_at_fault_is_named(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    with_entries(monkeypatch, value)

    with pytest.raises(ChannelFailed, match=message):
        loading.load_channels(context())


def test_a_wrong_mail_server_is_told_at_the_start() -> None:
    with pytest.raises(ChannelFailed, match="smtp://host:port"):
        loading.load_channels(context(smtp_url="mx.example.com"))


def settings(**more: Any) -> Settings:
    return Settings(
        _env_file=None,
        public_url="https://countersign.example.com",
        secret_key=secrets.token_urlsafe(32),
        master_key=base64.b64encode(os.urandom(32)).decode(),
        **(OPTIONS | more),
    )


def test_options_of_channels_from_elsewhere_come_from_the_settings() -> None:
    options = channel_options(settings(channel_options='{"chat_token": "x", "smtp_url": "mine"}'))

    assert options["chat_token"] == "x"
    # Nobody's options take the place of ours.
    assert options["smtp_url"] == "smtp://mx.example.com"
    for wrong in ("[]", "{", '{"a": 1}'):
        with pytest.raises(NotReadyError, match="CHANNEL_OPTIONS"):
            load_message_settings(settings(channel_options=wrong))


@pytest.mark.anyio
async def test_a_relay_for_each_channel_and_people_told_by_the_ways_they_chose(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_entries(monkeypatch, f"{__name__}:Chat")
    telling = load_message_settings(settings(channel_options='{"chat_token": "x"}'))
    assert telling.personal == {"email", "chat"}
    outbox = Outbox(LINK_KEY, channels=telling.personal)
    world = make_world(world.system.database, account="Chatty", event_handlers=(outbox,))
    both = {MessageKind.REQUEST: frozenset({"chat", "email"})}
    world.do("ann", UpdatePreferences(chosen=both, channels=telling.personal))
    only = {MessageKind.REQUEST: frozenset({"chat"})}
    world.do("bob", UpdatePreferences(chosen=only, channels=telling.personal))

    release = world.request()

    notices = Notices(world)
    rows = notices.rows(release_id=release)
    assert sorted((row.email.partition("@")[0], row.channel) for row in rows) == [
        ("ann", "chat"),
        ("ann", "email"),
        ("bob", "chat"),
    ]
    # One link for a person, by whichever way they get it.
    assert len(notices.links(release_id=release)) == 2
    executor = Executor(world.system.database)
    gate = SigningService(world.system, executor)
    runtime = Runtime(world.system, executor, gate, message_settings=telling)
    relays = build_relays(settings(), runtime)
    assert [relay._channel.name for relay in relays] == ["email", "webhook", "chat"]
    assert build_reminders(settings(), runtime)._channels == {"email", "chat"}
    chat = telling.channels["chat"]
    relay = Relay(
        world.system,
        world.executor,
        chat,
        MessageRenderer("https://c.example.com"),
        LINK_KEY,
        "https://c",
    )
    await relay.run_once()
    await relay._finish()
    executor.shutdown()
    subject = "Approval requested: Falcon 1.0"
    assert sorted(chat.said) == [  # type: ignore[attr-defined]
        ("ann@example.com", subject, True),
        ("bob@example.com", subject, True),
    ]
    assert chat.closed  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_one_news_wakes_every_relay() -> None:
    root = Wakeup()
    branches = [root.branch(), root.branch()]
    waits = [asyncio.create_task(one.wait(5)) for one in branches]
    await asyncio.sleep(0.05)

    root()

    await asyncio.wait_for(asyncio.gather(*waits), WAIT_LIMIT_SECONDS)
