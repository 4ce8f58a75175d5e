"""An iCalendar file (RFC 5545) with the window of a release, for mail (RFC 5546: PUBLISH).

The package `icalendar` writes it, which escapes and folds lines. That takes nearly a millisecond,
about as long as the rest of a mail, so equal files are written once.
"""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from icalendar import Calendar, Event, vCalAddress


@lru_cache(maxsize=256)
def calendar_file(stored: str, mail_from: str) -> str:
    """Return the file with what a delivery stores of it (`calendar_updates`).

    Args:
        stored: The delivery's column `calendar`.
        mail_from: The sender of mails, who is the organizer of the window.
    """
    file: dict[str, Any] = json.loads(stored)
    shown = file["shown"]
    event = Event()
    event.add("UID", f"release-{file['uid']}@countersign")
    # A later one replaces an earlier one.
    event.add("SEQUENCE", file["sequence"])
    event.add("DTSTAMP", datetime.fromisoformat(file["at"]))
    event.add("DTSTART", datetime.fromisoformat(shown["starts_at"]))
    event.add("DTEND", datetime.fromisoformat(shown["ends_at"]))
    event.add("SUMMARY", shown["summary"])
    event.add("DESCRIPTION", shown["description"])
    event.add("STATUS", shown["status"])
    event.add("TRANSP", "TRANSPARENT")
    event.add("ORGANIZER", _organizer(mail_from))
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//Countersign//Release windows//EN")
    calendar.add("METHOD", "PUBLISH")
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written.decode()


def _organizer(mail_from: str) -> vCalAddress:
    name, address = parseaddr(mail_from)
    organizer = vCalAddress(f"mailto:{address}")
    if name:
        organizer.params["CN"] = name
    return organizer
