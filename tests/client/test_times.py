"""Points in time and lengths of time, as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from countersign.errors import UsageError
from countersign.times import parse_instant, parse_length, rfc3339

NOW = datetime(2031, 5, 4, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
    ],
)
def test_a_length_has_units(text: str, length: timedelta) -> None:
    assert parse_length(text) == length


@pytest.mark.parametrize("text", ["", "10", "h", "-1h", "1.5h", "1w", "٣h", "9" * 30 + "d"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_length(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", "2031-05-04T12:30:00Z"),
        ("now+10m", "2031-05-04T12:40:00Z"),
        ("2031-05-04T14:00:00Z", "2031-05-04T14:00:00Z"),
        ("2031-05-04T14:00:00+02:00", "2031-05-04T12:00:00Z"),
        ("today 14:00 Europe/Vienna", "2031-05-04T12:00:00Z"),
        ("tomorrow  9:05 America/New_York", "2031-05-05T13:05:00Z"),
        ("2031-12-24 18:00 Asia/Tokyo", "2031-12-24T09:00:00Z"),
    ],
)
def test_an_instant_is_written_in_one_of_several_ways(text: str, instant: str) -> None:
    assert rfc3339(parse_instant(text, NOW)) == instant


def test_today_is_that_of_the_time_zone() -> None:
    late = datetime(2031, 5, 4, 23, 30, tzinfo=UTC)
    assert rfc3339(parse_instant("today 14:00 Asia/Tokyo", late)) == "2031-05-05T05:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "now-10m",
        "2031-05-04T14:00:00",
        "2031-02-30 14:00 UTC",
        "today 25:00 UTC",
        "today 14:00 Europe/Atlantis",
        "today 14:00 ../../etc/passwd",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_instant(text, NOW)


@pytest.mark.parametrize(
    ("text", "times"),
    [("2031-03-30 02:30 Europe/Vienna", "never"), ("2031-10-26 02:30 Europe/Vienna", "twice")],
)
def test_a_time_that_clocks_skip_or_repeat_is_refused(text: str, times: str) -> None:
    with pytest.raises(UsageError, match=times):
        parse_instant(text, NOW)
