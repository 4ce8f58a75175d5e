"""Durations as people say them: in their two largest units."""

from __future__ import annotations

from datetime import timedelta

#: Name and length of each unit, the largest first.
UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def largest_units(span: timedelta) -> tuple[tuple[str, int], ...]:
    """The largest unit of which there is one, and the next smaller one unless there is none.

    Args:
        span: Any length; a negative one counts as none.

    Returns:
        At most two pairs of a unit's name and how many; none for less than a minute. What is
        smaller is left out: 1 day, 2 hours and 59 minutes are 1 day and 2 hours.
    """
    counts, rest = [], max(span, timedelta())
    for name, length in UNITS:
        count, rest = divmod(rest, length)
        counts.append((name, count))
    first = next((index for index, (_, count) in enumerate(counts) if count), len(counts))
    return tuple(part for part in counts[first : first + 2] if part[1])
