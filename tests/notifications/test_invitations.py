"""The window in people's calendars: published, updated, cancelled; names stay in their line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.invitations import STATES, window_calendar
from notifications.messages import Reader, Writer, read_facts
from notifications.vocabulary import Kind
from tests.notifications.test_messages import facts, mail_of


def lines_of(calendar: str) -> list[str]:
    """The file's lines, unfolded."""
    assert max(len(line.encode()) for line in calendar.split("\r\n")) <= 75
    return calendar.replace("\r\n ", "").split("\r\n")


@pytest.mark.parametrize("kind", STATES)
def test_what_it_says(kind: Kind) -> None:
    calendar = window_calendar(kind, read_facts(facts(release={"revision": 2})))

    assert calendar is not None
    lines = lines_of(calendar)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert "METHOD:PUBLISH" in lines
    assert "DTSTART:20300603T130000Z" in lines
    assert "DTEND:20300604T013000Z" in lines
    assert f"STATUS:{STATES[kind][0]}" in lines
    assert "UID:release-01a2094b-e7a7-7531-801a-1e238f7f6f66@countersign" in lines


def test_a_later_one_replaces_an_earlier_one() -> None:
    def sequence(kind: Kind, revision: int) -> int:
        calendar = window_calendar(kind, read_facts(facts(release={"revision": revision})))
        assert calendar is not None
        (line,) = [line for line in lines_of(calendar) if line.startswith("SEQUENCE:")]
        return int(line.removeprefix("SEQUENCE:"))

    told = [(Kind.APPROVED, 1), (Kind.OPENED, 1), (Kind.STOPPED, 1), (Kind.APPROVED, 2)]
    numbers = [sequence(*each) for each in told]
    assert numbers == sorted(set(numbers))


def test_what_awaits_approval_again_is_uncertain_until_it_comes() -> None:
    anew = facts(release={"revision": 2}, event={"asks_anew": True})

    uncertain, sure = (
        lines_of(window_calendar(kind, read_facts(anew)) or "")
        for kind in (Kind.REVISED, Kind.APPROVED)
    )

    assert ("STATUS:TENTATIVE" in uncertain, "SEQUENCE:20" in uncertain) == (True, True)
    assert ("STATUS:CONFIRMED" in sure, "SEQUENCE:21" in sure) == (True, True)


def test_one_closed_early_ends_when_it_was_closed() -> None:
    event = {"early": True, "at": "2030-06-03T14:00:00.000000Z"}

    calendar = window_calendar(Kind.CLOSED, read_facts(facts(event=event)))

    assert calendar is not None
    assert "DTEND:20300603T140000Z" in lines_of(calendar)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_name_adds_a_line(name: str) -> None:
    plain = window_calendar(Kind.APPROVED, read_facts(facts()))
    told = json.loads(facts(release={"name": name, "keypairs": [name]}))

    calendar = window_calendar(Kind.APPROVED, read_facts(json.dumps(told)))

    assert plain is not None
    assert calendar is not None
    assert len(lines_of(calendar)) == len(lines_of(plain))


def test_it_comes_with_the_mail() -> None:
    message = Writer("https://x.example.com").write(Kind.APPROVED, facts(), Reader())

    mail = mail_of(message=message)

    assert mail.get_content_type() == "multipart/mixed"
    words, calendar = mail.iter_parts()
    assert [part.get_content_type() for part in words.iter_parts()] == ["text/plain", "text/html"]
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "PUBLISH"
    assert message.calendar is not None
    assert calendar.get_content().replace("\r\n", "\n") == message.calendar.replace("\r\n", "\n")
