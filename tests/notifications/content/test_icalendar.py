"""Calendar files are byte for byte those that the package `icalendar` writes."""

import json
from datetime import datetime
from email.utils import parseaddr

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event, vCalAddress

from notifications.content.icalendar import calendar_file
from tests.support.calendar_files import stored_calendar

SENDERS = ("c@example.com", "Countersign <c@example.com>", '"Ü, x: y;" <ü@example.com>')
#: Texts as they can be stored: without surrogates.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def by_the_package(stored: str, mail_from: str) -> str:
    """Return the file as components of the package write it."""
    file = json.loads(stored)
    shown, (name, address) = file["shown"], parseaddr(mail_from)
    organizer = vCalAddress(f"mailto:{address}")
    if name:
        organizer.params["CN"] = name
    event = Event()
    event.add("UID", f"release-{file['uid']}@countersign")
    event.add("SEQUENCE", file["sequence"])
    event.add("DTSTAMP", datetime.fromisoformat(file["at"]))
    event.add("DTSTART", datetime.fromisoformat(shown["starts_at"]))
    event.add("DTEND", datetime.fromisoformat(shown["ends_at"]))
    event.add("SUMMARY", shown["summary"])
    event.add("DESCRIPTION", shown["description"])
    event.add("STATUS", shown["status"])
    event.add("TRANSP", "TRANSPARENT")
    event.add("ORGANIZER", organizer)
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//Countersign//Release windows//EN")
    calendar.add("METHOD", "PUBLISH")
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written.decode()


@given(
    summary=TEXTS,
    description=TEXTS,
    mail_from=st.sampled_from(SENDERS),
    sequence=st.integers(min_value=0, max_value=10_000),
)
def test_a_file_is_what_the_package_writes(
    summary: str, description: str, mail_from: str, sequence: int
) -> None:
    stored = stored_calendar(summary=summary, description=description)
    stored = json.dumps(json.loads(stored) | {"sequence": sequence})

    assert calendar_file(stored, mail_from) == by_the_package(stored, mail_from)
