"""Instants as people read them: in their own time zone, and in UTC.

No function here fails: any instant in any zone has a text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PATTERN = "{weekday} {day} {month} {year}, {time}"
CLOCK = "{time}"
BOTH = "{local} ({utc})"
#: Short names of zones that are called otherwise in other languages.
ZONES = ("WET", "WEST", "CET", "CEST", "EET", "EEST")
#: Everything here that a catalogue translates.
WORDS = (*WEEKDAYS, *MONTHS, PATTERN, CLOCK, BOTH, *ZONES)

Translate = Callable[[str], str]


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of a name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    # The name of a folder, or one that is too long, is an error of the file system.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_text(instant: datetime, zone: ZoneInfo, translate: Translate) -> str:
    """Format an instant in the reader's zone, with its short name: `Mon 3 Jun 2030, 14:00 CEST`."""
    local = _in_zone(instant, zone)
    return f"{_date_and_time(local, translate)} {_short_name(local, translate)}"


def utc_text(instant: datetime, zone: ZoneInfo, translate: Translate) -> str:
    """Format an instant in UTC, the day only where it differs; empty if the zone is UTC."""
    local, utc = _in_zone(instant, zone), _in_zone(instant, UTC)
    if not local.utcoffset():
        return ""
    text = _clock(utc, translate) if local.date() == utc.date() else _date_and_time(utc, translate)
    return f"{text} UTC"


def when_text(instant: datetime, zone: ZoneInfo, translate: Translate) -> str:
    """Format an instant for a sentence: `Mon 3 Jun 2030, 14:00 CEST (12:00 UTC)`, or UTC alone."""
    local, utc = local_text(instant, zone, translate), utc_text(instant, zone, translate)
    return translate(BOTH).format(local=local, utc=utc) if utc else local


def _in_zone(instant: datetime, zone: tzinfo) -> datetime:
    """Convert an instant to a zone; unchanged where the result has no year from 1 to 9999."""
    try:
        return instant.astimezone(zone)
    except (OverflowError, ValueError):
        return instant


def _date_and_time(instant: datetime, translate: Translate) -> str:
    return translate(PATTERN).format(
        weekday=translate(WEEKDAYS[instant.weekday()]),
        day=instant.day,
        month=translate(MONTHS[instant.month - 1]),
        year=instant.year,
        time=_clock(instant, translate),
    )


def _clock(instant: datetime, translate: Translate) -> str:
    digits = f"{instant:%H:%M:%S}" if instant.second else f"{instant:%H:%M}"
    return translate(CLOCK).format(time=digits)


def _short_name(instant: datetime, translate: Translate) -> str:
    # Some zones have no letters of their own but an offset: -03, or +0545.
    name = instant.tzname() or ""
    if name.isalpha():
        return translate(name)
    return f"UTC{name[:3]}:{name[3:]}" if len(name) > len("+00") else f"UTC{name}"
