"""Stretches of time for counts: whole hours or days of a time zone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from engine.lifecycle.requirements import EARLIEST, LATEST
from engine.model.errors import Code, Refusal

#: The most buckets of one answer: the hours of a month, or the days of two years.
MAX_BUCKETS = 750


class BucketSize(StrEnum):
    """How long a bucket is."""

    HOUR = "HOUR"
    DAY = "DAY"


_LENGTHS = {BucketSize.HOUR: timedelta(hours=1), BucketSize.DAY: timedelta(days=1)}


def bucket_edges(
    size: BucketSize, since: datetime, until: datetime, zone: ZoneInfo
) -> list[datetime]:
    """Return the edges of the buckets that overlap [since, until), one more than buckets.

    A day has 23 or 25 hours where the zone's clocks are changed.

    Raises:
        Refusal: INVALID_INPUT where the stretch is empty, too long, or not between the years
            that a window may lie in.
    """
    if not EARLIEST <= since < until <= LATEST:
        message = "The end must come after the start, both between the years 2000 and 2200."
        raise Refusal(Code.INVALID_INPUT, message, "until")
    if (until - since) / _LENGTHS[size] > MAX_BUCKETS:
        raise _too_many(size)
    starts = _hours if size is BucketSize.HOUR else _days
    edges = list(starts(since, until, zone))
    # A zone may leave out a day: then two of them start at the same instant.
    edges = [edges[0], *(after for before, after in pairwise(edges) if before < after)]
    if len(edges) - 1 > MAX_BUCKETS:
        raise _too_many(size)
    return edges


def _too_many(size: BucketSize) -> Refusal:
    unit = f"{size.value.lower()}s"
    message = f"At most {MAX_BUCKETS} {unit} can be counted at once. Choose a later start."
    return Refusal(Code.INVALID_INPUT, message, "from")


def _hours(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the starts of the zone's hours, up to the first that is not before the end.

    Where clocks are put forth by half an hour, an hour has the other half alone; where they are put
    back, it is as much longer.
    """
    start = _hour_of(since, zone)
    yield start
    while start < until:
        after = _hour_of(start + timedelta(hours=1), zone)
        start = after if after > start else _hour_of(start + timedelta(hours=2), zone)
        yield start


def _hour_of(instant: datetime, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone)
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def _days(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the starts of the zone's days, up to the first that is not before the end."""
    day = since.astimezone(zone).date()
    while True:
        # A midnight that clocks leave out is the instant at which they do; of two, the first.
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        yield start
        if start >= until:
            return
        day += timedelta(days=1)
