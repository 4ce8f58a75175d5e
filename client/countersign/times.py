"""Points in time and lengths of time, as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from countersign.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LENGTH = re.compile(r"(?:\d+[smhd])+", re.ASCII)
_RELATIVE = re.compile(r"now(?:\+(?P<length>\S+))?", re.ASCII)
_LOCAL = re.compile(
    r"(?P<day>today|tomorrow|\d{4}-\d\d-\d\d) (?P<time>\d\d?:\d\d)(?: (?P<zone>[A-Za-z0-9_+/-]+))?",
    re.ASCII,
)
_EXAMPLES = "2031-05-04T14:00:00Z, now+10m or 'today 14:00 Europe/Vienna'"


def parse_length(text: str) -> timedelta:
    """Return a length of time: `90s`, `10m`, `2h`, `1d`, or several of them like `1h30m`.

    Raises:
        UsageError: It is none, or is longer than any clock counts.
    """
    if not _LENGTH.fullmatch(text):
        raise UsageError(f"{text!r} is no length of time. Write 90s, 10m, 2h, 1d or 1h30m.")
    parts = re.findall(r"(\d+)([smhd])", text)
    try:
        return sum(
            (timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta()
        )
    except OverflowError as error:
        raise UsageError(f"{text} is too long.") from error


def is_relative(text: str) -> bool:
    """Whether a point in time is another one whenever it is read: `now`, or `now+10m`."""
    return _RELATIVE.fullmatch(" ".join(text.split())) is not None


def parse_instant(text: str, now: datetime) -> datetime:
    """Return a point in time: RFC 3339, `now`, `now+10m`, or a day and time of a time zone.

    Args:
        text: What a person wrote. Without a time zone the one of this machine holds.
        now: The present time.

    Raises:
        UsageError: It is none of these, or no clock of that time zone shows it, or shows it twice.
    """
    text = " ".join(text.split())
    if match := _RELATIVE.fullmatch(text):
        return now + (parse_length(match["length"]) if match["length"] else timedelta())
    if match := _LOCAL.fullmatch(text):
        return _local_instant(match, now)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no point in time. Write {_EXAMPLES}.") from error
    if instant.tzinfo is None:
        raise UsageError(f"{text!r} names no offset. Write {_EXAMPLES}.")
    return instant.astimezone(UTC)


def _local_instant(match: re.Match[str], now: datetime) -> datetime:
    zone = _zone(match["zone"])
    try:
        wall = datetime.combine(
            _day(match["day"], now.astimezone(zone).date()),
            time.fromisoformat(match["time"].zfill(5)),
        )
    except ValueError as error:
        raise UsageError(f"{match[0]!r} is no day and time: {error}.") from error
    instants = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    shown = {at for at in instants if at.astimezone(zone).replace(tzinfo=None) == wall}
    if len(shown) != 1:
        times = "twice" if shown else "never"
        raise UsageError(
            f"Clocks show {match[0]!r} {times}, since they are changed then. Write the offset:"
            " 2031-10-26T02:30:00+01:00."
        )
    return shown.pop()


def _day(text: str, today: date) -> date:
    relative = {"today": 0, "tomorrow": 1}
    if text in relative:
        return today + timedelta(days=relative[text])
    return date.fromisoformat(text)


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"{name!r} is no time zone, like Europe/Vienna.") from error


def rfc3339(instant: datetime) -> str:
    """Return an instant as the API takes it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shown_instant(text: str | None) -> str:
    """Return an instant of an answer in the time zone of this machine, for people."""
    if text is None:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M %Z")
