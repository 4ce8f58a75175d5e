"""A long value is cut where it is told of, and never the part that differs."""

import pytest

from notifications.content.shortened_values import MAX_CHARACTERS, before_and_after, shortened
from notifications.content.stored_facts import store_facts
from notifications.content.writer import MessageRenderer, Reader
from notifications.vocabulary import MessageKind
from tests.support.message_facts import EVENT

LONG = "https://hooks.example.com/" + "a" * 1000


@pytest.mark.parametrize("length", [0, 1, MAX_CHARACTERS])
def test_what_fits_is_whole(length: int) -> None:
    assert shortened("x" * length) == "x" * length
    change = {"before": "x" * length, "after": "y" * length}
    assert before_and_after(change) == ("x" * length, "y" * length)


def test_what_is_too_long_says_that_it_is_cut() -> None:
    assert shortened("x" * (MAX_CHARACTERS + 1)) == "x" * (MAX_CHARACTERS - 3) + "..."


def test_values_that_differ_at_once_are_shown_from_their_beginning() -> None:
    before, after = before_and_after({"before": "x" * 500, "after": "y" * 500})

    assert (before, after) == (
        "x" * (MAX_CHARACTERS - 3) + "...",
        "y" * (MAX_CHARACTERS - 3) + "...",
    )


def test_values_that_begin_alike_are_shown_from_shortly_before_they_differ() -> None:
    change = {"before": f"{LONG}good" + "z" * 500, "after": f"{LONG}evil"}

    before, after = before_and_after(change)

    assert before == "..." + "a" * 40 + "good" + "z" * (MAX_CHARACTERS - 6 - 44) + "..."
    assert after == "..." + "a" * 40 + "evil"


def test_where_one_goes_on_its_end_is_seen() -> None:
    assert before_and_after({"before": LONG, "after": f"{LONG}/more"}) == (
        "..." + "a" * 40,
        "..." + "a" * 40 + "/more",
    )


@pytest.mark.parametrize("value", [None, True, 5, ["a"]])
def test_what_is_no_text_stays_as_it_is(value: object) -> None:
    assert before_and_after({"before": value, "after": "x"}) == (value, "x")


def test_a_mail_never_tells_of_a_change_as_if_it_were_none() -> None:
    change = {"field": "url", "before": f"{LONG}<good>", "after": f"{LONG}<evil>"}
    event = EVENT | {"tag": "webhook:updated", "changes": [change]}
    facts = {"account": "Acme", "event": event, "subject": {"kind": "Webhook", "name": "x"}}

    message = MessageRenderer("https://x.example.com").render(
        MessageKind.ADMINISTERED, store_facts(facts), Reader(audiences="ADMINISTRATOR")
    )

    assert message.fault is None
    tail = "..." + "a" * 39
    assert f"* address: {tail}<good> → {tail}<evil>\n" in message.text
    assert f"address: {tail}&lt;good&gt; → {tail}&lt;evil&gt;</li>" in message.html
