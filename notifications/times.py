"""Instants as people read them: in their own time zone, and in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PATTERN = "{weekday} {day} {month} {year}, {time}"
#: Everything here that a catalogue translates.
WORDS = (*WEEKDAYS, *MONTHS, PATTERN)

Words = Callable[[str], str]


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local_text(instant: datetime, zone: ZoneInfo, words: Words) -> str:
    """As on the reader's clock, with the zone's short name: `Mon 3 Jun 2030, 14:00 CEST`."""
    there = instant.astimezone(zone)
    return f"{_spelt(there, words)} {_short_name(there)}"


def utc_text(instant: datetime, zone: ZoneInfo, words: Words) -> str:
    """The same in UTC, the day only where it differs; empty where the reader's zone is UTC."""
    there, utc = instant.astimezone(zone), instant.astimezone(UTC)
    if not there.utcoffset():
        return ""
    text = _clock(utc) if there.date() == utc.date() else _spelt(utc, words)
    return f"{text} UTC"


def _spelt(instant: datetime, words: Words) -> str:
    return words(PATTERN).format(
        weekday=words(WEEKDAYS[instant.weekday()]),
        day=instant.day,
        month=words(MONTHS[instant.month - 1]),
        year=instant.year,
        time=_clock(instant),
    )


def _clock(instant: datetime) -> str:
    return f"{instant:%H:%M:%S}" if instant.second else f"{instant:%H:%M}"


def _short_name(instant: datetime) -> str:
    # Some zones have no letters of their own but an offset: -03.
    name = instant.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
