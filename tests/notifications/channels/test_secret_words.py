"""A mail server that repeats what is in a mail does not make somebody's link known to others."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from notifications.channels.base import Gone, Outgoing, PermanentFailure, Undelivered
from notifications.channels.secret_words import WITHHELD, without_link
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.vocabulary import DeliveryState, MessageKind
from tests.support.notices import LINK_KEY, Notices
from tests.support.smtp_server import smtp_server
from tests.support.world import World

PUBLIC = "https://countersign.example.com"
SECRET = "q7Zr_0aB-cD1eF2gH3iJ4kL5mN6oP7qR8sT9uV0wXyZ"
LINK = f"{PUBLIC}/decide/0123456789abcdef0123456789abcdef.{SECRET}"

SPELLINGS: list[Callable[[str], str]] = [
    lambda link: link,
    lambda link: link.lower(),
    lambda link: link.upper(),
    lambda link: link.rpartition(".")[2],
    lambda link: link[:-3],
    lambda link: link[-8:],
    lambda link: link[:-20] + "=\r\n" + link[-20:],
    lambda link: link[:-20] + "\n" + link[-20:],
    " ".join,
]


@pytest.mark.parametrize("kind", [Undelivered, PermanentFailure, Gone])
@pytest.mark.parametrize("spell", SPELLINGS)
def test_words_with_the_secret_are_withheld(
    kind: type[Undelivered], spell: Callable[[str], str]
) -> None:
    after = timedelta(minutes=3)

    error = without_link(kind(f"550 5.7.1 spam: {spell(LINK)}", after=after), LINK)

    assert (type(error), str(error), error.retry_after) == (kind, f"550 {WITHHELD}", after)


def test_without_a_number_only_that_is_said() -> None:
    assert str(without_link(Undelivered(f"bad: {LINK}"), LINK)) == WITHHELD


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("550 5.1.1 No such user", LINK),
        ("", LINK),
        (f"550 see {LINK[:-43]}", LINK),
        (f"550 see {LINK}", None),
    ],
)
def test_other_words_are_kept(words: str, link: str | None) -> None:
    error = PermanentFailure(words)

    assert without_link(error, link) is error


@pytest.mark.anyio
@pytest.mark.parametrize("number", ["451", "550"])
async def test_a_filter_that_names_the_link_tells_nobody(
    world: World, notices: Notices, number: str
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)

    async with smtp_server() as inbox:
        inbox.at_data["ann@example.com"] = f"{number} 5.7.1 blocked: {PUBLIC}/decide/{spelling}"
        channel = SmtpChannel(inbox.url, "Countersign <countersign@example.com>", timeout=5)
        relay = Relay(
            world.system, world.executor, channel, MessageRenderer(PUBLIC), LINK_KEY, PUBLIC
        )
        with capture_logs() as logs:
            await relay.run_once()
            await relay._finish()

    secret = spelling.rpartition(".")[2]
    (ann,) = [
        row for row in notices.rows(kind=MessageKind.REQUEST) if row.email == "ann@example.com"
    ]
    assert ann.state is (DeliveryState.FAILED if number == "550" else DeliveryState.QUEUED)
    assert ann.last_error == f"{number} {WITHHELD}"
    assert secret not in json.dumps([list(map(str, row)) for row in notices.rows()])
    assert secret not in json.dumps(logs, default=str)
    for _, mail in inbox.mails:
        for part in mail.iter_parts():
            assert secret not in part.get_content()


class BrokenChannel(SmtpChannel):
    """Of somebody else: its own mistakes repeat what it was given, and its own password."""

    at = "send"

    def prepare(self, outgoing: Outgoing) -> Any:
        self.given = outgoing.link
        if self.at == "prepare":
            self._break()
        return super().prepare(outgoing)

    async def send(self, prepared: Any) -> None:
        self._break()

    def _break(self) -> None:
        try:
            {}[f"{self.given} password=hunter2"]
        except KeyError as error:
            message = f"cannot send {self.given}, password=hunter2"
            raise RuntimeError(message) from error


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("at", "event", "reason"),
    [
        ("send", "channel_broke", "the channel failed: RuntimeError"),
        ("prepare", "message_not_written", "it could not be written: RuntimeError"),
    ],
)
async def test_a_channel_that_breaks_tells_nobody_what_it_was_given(
    world: World, notices: Notices, at: str, event: str, reason: str
) -> None:
    release = world.request()
    secret = notices.spelling("ann", release).rpartition(".")[2]
    channel = BrokenChannel("smtp://127.0.0.1:1", "Countersign <countersign@example.com>")
    channel.at = at
    relay = Relay(world.system, world.executor, channel, MessageRenderer(PUBLIC), LINK_KEY, PUBLIC)
    with capture_logs() as logs:
        await relay.run_once()
        await relay._finish()

    entries = [entry for entry in logs if entry["event"] == event]
    assert {entry["error"] for entry in entries} == {"builtins.RuntimeError <- builtins.KeyError"}
    assert all(any("_break" in frame for frame in entry["frames"]) for entry in entries)
    rows = notices.rows(kind=MessageKind.REQUEST)
    assert {row.last_error for row in rows} == {reason}
    for words in (secret, "hunter2"):
        assert words not in json.dumps([list(map(str, row)) for row in notices.rows()])
        assert words not in json.dumps(logs, default=str)
