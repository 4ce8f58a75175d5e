"""Spans of time in words: the largest units, each with its own plural, in every language."""

from datetime import timedelta

import pytest

from notifications.content import texts
from notifications.content.durations import largest_units

SPANS: list[tuple[timedelta, tuple[tuple[str, int], ...]]] = [
    (timedelta(), ()),
    (timedelta(seconds=-5), ()),
    (timedelta(days=-1), ()),
    (timedelta(seconds=59, microseconds=999_999), ()),
    (timedelta(seconds=60), (("minute", 1),)),
    (timedelta(minutes=59, seconds=59), (("minute", 59),)),
    (timedelta(hours=1), (("hour", 1),)),
    (timedelta(hours=2, minutes=1), (("hour", 2), ("minute", 1))),
    (timedelta(hours=23, minutes=59), (("hour", 23), ("minute", 59))),
    (timedelta(days=1), (("day", 1),)),
    (timedelta(days=1, minutes=59), (("day", 1),)),
    (timedelta(days=2, hours=3, minutes=4), (("day", 2), ("hour", 3))),
    (timedelta(days=3_652_058, hours=23, minutes=59), (("day", 3_652_058), ("hour", 23))),
]
SAID = [
    ("en", (), ("less than a minute", "in less than a minute", "for less than a minute")),
    ("en", (("day", 1),), ("1 day", "in 1 day", "for 1 day")),
    (
        "en",
        (("day", 2), ("hour", 1)),
        ("2 days and 1 hour", "in 2 days and 1 hour", "for 2 days and 1 hour"),
    ),
    (
        "en",
        (("hour", 1), ("minute", 30)),
        ("1 hour and 30 minutes", "in 1 hour and 30 minutes", "for 1 hour and 30 minutes"),
    ),
    ("de", (), ("weniger als eine Minute", "in weniger als einer Minute")),
    ("de", (("day", 1),), ("1 Tag", "in 1 Tag", "seit 1 Tag")),
    (
        "de",
        (("day", 2), ("hour", 1)),
        ("2 Tage und 1 Stunde", "in 2 Tagen und 1 Stunde", "seit 2 Tagen und 1 Stunde"),
    ),
    ("de", (("minute", 1),), ("1 Minute", "in 1 Minute", "seit 1 Minute")),
]


@pytest.mark.parametrize(("span", "units"), SPANS)
def test_the_two_largest_units_count(span: timedelta, units: tuple[tuple[str, int], ...]) -> None:
    assert largest_units(span) == units


@pytest.mark.parametrize(("language", "units", "said"), SAID)
def test_each_has_its_form(
    language: str, units: tuple[tuple[str, int], ...], said: tuple[str, ...]
) -> None:
    module = texts.environment((texts.HERE,), language, "text").get_template("durations.j2").module
    forms = [getattr(module, name)(units).strip() for name in ("lasting", "from_now", "until_now")]
    assert tuple(forms)[: len(said)] == said
