"""Instants as people read them: in their own time zone, and in UTC.

Every function here is total: any instant in any zone has a text.
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

Words = Callable[[str], str]


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    # The name of a folder, or one that is too long, is an error of the file system.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_text(instant: datetime, zone: ZoneInfo, words: Words) -> str:
    """As on the reader's clock, with the zone's short name: `Mon 3 Jun 2030, 14:00 CEST`."""
    there = _in_zone(instant, zone)
    return f"{_spelt(there, words)} {_short_name(there, words)}"


def utc_text(instant: datetime, zone: ZoneInfo, words: Words) -> str:
    """The same in UTC, the day only where it differs; empty where the reader's zone is UTC."""
    there, utc = _in_zone(instant, zone), _in_zone(instant, UTC)
    if not there.utcoffset():
        return ""
    text = _clock(utc, words) if there.date() == utc.date() else _spelt(utc, words)
    return f"{text} UTC"


def when_text(instant: datetime, zone: ZoneInfo, words: Words) -> str:
    """Both, for a sentence: `Mon 3 Jun 2030, 14:00 CEST (12:00 UTC)`; UTC once where it is both."""
    local, utc = local_text(instant, zone, words), utc_text(instant, zone, words)
    return words(BOTH).format(local=local, utc=utc) if utc else local


def _in_zone(instant: datetime, zone: tzinfo) -> datetime:
    """The instant on that zone's clock; as it is where that is before year 1 or after 9999."""
    try:
        return instant.astimezone(zone)
    except (OverflowError, ValueError):
        return instant


def _spelt(instant: datetime, words: Words) -> str:
    return words(PATTERN).format(
        weekday=words(WEEKDAYS[instant.weekday()]),
        day=instant.day,
        month=words(MONTHS[instant.month - 1]),
        year=instant.year,
        time=_clock(instant, words),
    )


def _clock(instant: datetime, words: Words) -> str:
    digits = f"{instant:%H:%M:%S}" if instant.second else f"{instant:%H:%M}"
    return words(CLOCK).format(time=digits)


def _short_name(instant: datetime, words: Words) -> str:
    # Some zones have no letters of their own but an offset: -03, or +0545.
    name = instant.tzname() or ""
    if name.isalpha():
        return words(name)
    return f"UTC{name[:3]}:{name[3:]}" if len(name) > len("+00") else f"UTC{name}"
