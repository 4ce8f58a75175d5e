"""The release's window as an iCalendar file (RFC 5545), updated and cancelled with the release.

Published, not an invitation to answer: whoever takes it in sees when the key may sign.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifications.vocabulary import Kind

#: Which messages carry one, what it says then, and its place among those of one revision.
STATES: dict[Kind, tuple[str, int]] = {
    Kind.APPROVED: ("CONFIRMED", 1),
    Kind.REVISED: ("CONFIRMED", 2),
    Kind.OPENED: ("CONFIRMED", 3),
    Kind.CLOSED: ("CONFIRMED", 4),
    Kind.WITHDRAWN: ("CANCELLED", 5),
    Kind.STOPPED: ("CANCELLED", 6),
    Kind.REJECTED: ("CANCELLED", 7),
    Kind.EXPIRED: ("CANCELLED", 8),
}
#: A revision that asks for approval anew; its approval comes after.
_UNCERTAIN = ("TENTATIVE", 0)
#: These cancel what an earlier round may have published; in the first there was none.
_NEVER_OPENED = frozenset({Kind.REJECTED, Kind.EXPIRED})
#: A line has 75 octets at most; one is for the space that continues it.
_LINE = 74


def window_calendar(kind: Kind, facts: dict[str, Any]) -> str | None:
    """The file for this message, or None where it has none."""
    release = facts.get("release")
    if release is None or kind not in STATES:
        return None
    if kind in _NEVER_OPENED and release["revision"] == 1:
        return None
    event = facts["event"]
    asks_anew = kind is Kind.REVISED and event.get("asks_anew")
    status, stage = _UNCERTAIN if asks_anew else STATES[kind]
    ends_at = min(release["ends_at"], event["at"]) if event.get("early") else release["ends_at"]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Countersign//Release windows//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:release-{release['id']}@countersign",
        # A later one replaces an earlier one.
        f"SEQUENCE:{release['revision'] * 10 + stage}",
        f"DTSTAMP:{_utc(event['at'])}",
        f"DTSTART:{_utc(release['starts_at'])}",
        f"DTEND:{_utc(max(ends_at, release['starts_at']))}",
        f"SUMMARY:{_text(release['name'])}",
        f"DESCRIPTION:{_text(', '.join(release['keypairs']))}",
        f"STATUS:{status}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) for line in lines)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """Escaped, so that it stays one value of one line."""
    for special in ("\\", ";", ","):
        value = value.replace(special, f"\\{special}")
    return "\\n".join(value.splitlines())


def _folded(line: str) -> str:
    """Cut into lines of no more octets than allowed, never inside a character."""
    pieces, current = [], b""
    for character in line:
        encoded = character.encode()
        if len(current) + len(encoded) > _LINE:
            pieces.append(current)
            current = b""
        current += encoded
    return b"\r\n ".join([*pieces, current]).decode() + "\r\n"
