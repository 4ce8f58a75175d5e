"""Whole hours and days of a time zone, also where its clocks are changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.errors import Code, Refusal
from engine.queries.buckets import MAX_BUCKETS, BucketSize, bucket_edges

HOUR, DAY = BucketSize.HOUR, BucketSize.DAY
#: Clocks changed at midnight, by half an hour, by 45 minutes' offset, and a day left out.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Santiago",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def lengths(size: BucketSize, since: datetime, until: datetime, zone: str) -> list[float]:
    """How many hours long each bucket is."""
    edges = bucket_edges(size, since, until, ZoneInfo(zone))
    return [(after - before) / timedelta(hours=1) for before, after in pairwise(edges)]


@pytest.mark.parametrize(
    ("since", "until", "zone", "expected"),
    [
        (utc(2026, 3, 28, 12), utc(2026, 3, 30, 12), "Europe/Berlin", [24, 23, 24]),
        (utc(2026, 10, 24, 12), utc(2026, 10, 26, 12), "Europe/Berlin", [24, 25, 24]),
        # Midnight itself is left out, on the first Sunday of September.
        (utc(2026, 9, 5, 12), utc(2026, 9, 7, 12), "America/Santiago", [24, 23, 24]),
        # The hour before midnight comes twice.
        (utc(2026, 4, 4, 12), utc(2026, 4, 5, 12), "America/Santiago", [25, 24]),
        # The hour after midnight comes twice: the day begins with the first one.
        (utc(2026, 10, 31, 12), utc(2026, 11, 1, 12), "America/Havana", [24, 25]),
        # Friday, 30 December 2011 never was.
        (utc(2011, 12, 29, 12), utc(2011, 12, 31, 9), "Pacific/Apia", [24, 24]),
        (utc(2026, 6, 1), utc(2026, 6, 1, 0, 0, 1), "UTC", [24]),
    ],
)
def test_days_are_those_of_the_zone(
    since: datetime, until: datetime, zone: str, expected: list[float]
) -> None:
    assert lengths(DAY, since, until, zone) == expected


@pytest.mark.parametrize(
    ("since", "until", "zone", "expected"),
    [
        (utc(2026, 3, 29, 0, 30), utc(2026, 3, 29, 2, 0), "Europe/Berlin", [1, 1]),
        (utc(2026, 10, 25, 0, 0), utc(2026, 10, 25, 2, 0), "Europe/Berlin", [1, 1]),
        (utc(2026, 6, 1, 0, 5), utc(2026, 6, 1, 2, 5), "Asia/Kathmandu", [1, 1, 1]),
        # By half an hour forth at 2:00, which is 15:30 UTC, and back.
        (utc(2026, 10, 3, 14, 30), utc(2026, 10, 3, 17), "Australia/Lord_Howe", [1, 0.5, 1]),
        (utc(2026, 4, 4, 14), utc(2026, 4, 4, 16, 30), "Australia/Lord_Howe", [1.5, 1]),
    ],
)
def test_hours_are_those_of_the_zone(
    since: datetime, until: datetime, zone: str, expected: list[float]
) -> None:
    assert lengths(HOUR, since, until, zone) == expected


@given(
    size=st.sampled_from(BucketSize),
    zone=st.sampled_from(ZONES),
    since=st.datetimes(datetime(2000, 1, 3), datetime(2199, 12, 1)),  # noqa: DTZ001 - made UTC below
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=20)),
)
def test_buckets_cover_the_stretch_and_begin_on_the_clock(
    size: BucketSize, zone: str, since: datetime, length: timedelta
) -> None:
    start = since.replace(tzinfo=UTC)
    edges = bucket_edges(size, start, start + length, ZoneInfo(zone))
    assert edges[0] <= start < edges[1]
    assert edges[-2] < start + length <= edges[-1]
    assert all(before < after for before, after in pairwise(edges))
    for edge in edges:
        local = edge.astimezone(ZoneInfo(zone))
        before = (edge - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
        # A bucket begins where the zone's date or hour becomes another one, or the same one again.
        if size is DAY:
            assert before.date() < local.date()
        else:
            assert (before.hour, before.utcoffset()) != (local.hour, local.utcoffset())


@pytest.mark.parametrize(
    ("size", "since", "until", "field"),
    [
        (DAY, utc(2026, 6, 2), utc(2026, 6, 2), "until"),
        (DAY, utc(2026, 6, 2), utc(2026, 6, 1), "until"),
        (DAY, utc(1, 1, 1), utc(2026, 6, 1), "until"),
        (HOUR, utc(2026, 6, 1), datetime.max.replace(tzinfo=UTC), "until"),
        (DAY, utc(2000, 1, 1), utc(2200, 1, 1), "from"),
        (HOUR, utc(2026, 6, 1, 0, 30), utc(2026, 6, 1, 0, 30) + timedelta(hours=750), "from"),
    ],
)
def test_a_stretch_without_limits_is_refused(
    size: BucketSize, since: datetime, until: datetime, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        bucket_edges(size, since, until, ZoneInfo("UTC"))
    assert (refused.value.code, refused.value.field) == (Code.INVALID_INPUT, (field,))


def test_as_many_buckets_as_are_allowed() -> None:
    start = utc(2026, 6, 1)
    edges = bucket_edges(HOUR, start, start + timedelta(hours=MAX_BUCKETS), ZoneInfo("UTC"))
    assert len(edges) == MAX_BUCKETS + 1
