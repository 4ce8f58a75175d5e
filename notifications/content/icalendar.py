"""An iCalendar file (RFC 5545) with the window of a release, for mail (RFC 5546: PUBLISH).

The package `icalendar` escapes texts and folds lines. Its components are not used: to build them
took half as long as the rest of a mail. Lines that have only one form are joined here, byte for
byte as it would join them, and equal files are written once.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from icalendar import vCalAddress, vText
from icalendar.parser import Contentline, Parameters


@lru_cache(maxsize=256)
def calendar_file(stored: str, mail_from: str) -> str:
    """Return the file with what a delivery stores of it (`calendar_updates`).

    Args:
        stored: The delivery's column `calendar`.
        mail_from: The sender of mails, who is the organizer of the window.
    """
    file: dict[str, Any] = json.loads(stored)
    shown = file["shown"]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Countersign//Release windows//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        _text("SUMMARY", shown["summary"]),
        _instant("DTSTART", shown["starts_at"]),
        _instant("DTEND", shown["ends_at"]),
        _instant("DTSTAMP", file["at"]),
        _text("UID", f"release-{file['uid']}@countersign"),
        # A later one replaces an earlier one.
        f"SEQUENCE:{file['sequence']}",
        _text("DESCRIPTION", shown["description"]),
        _organizer(mail_from),
        _text("STATUS", shown["status"]),
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _text(name: str, value: str) -> str:
    return _folded(Contentline.from_parts(name, Parameters(), vText(value)))


def _instant(name: str, stored: str) -> str:
    return f"{name}:{datetime.fromisoformat(stored).astimezone(UTC):%Y%m%dT%H%M%SZ}"


@lru_cache(maxsize=16)
def _organizer(mail_from: str) -> str:
    name, address = parseaddr(mail_from)
    organizer = vCalAddress(f"mailto:{address}")
    if name:
        organizer.params["CN"] = name
    return _folded(Contentline.from_parts("ORGANIZER", organizer.params, organizer))


def _folded(line: Contentline) -> str:
    written: bytes = line.to_ical()  # type: ignore[no-untyped-call]
    return written.decode()
