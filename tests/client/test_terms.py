"""Which terms of a release differ from those that a request asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from countersign.releases.terms import Terms
from countersign.times import is_relative

RELEASE = {
    "keypairs": [{"alias": "one"}, {"alias": "two"}],
    "maxSignatures": 3,
    "team": {"name": "Releases"},
    "version": None,
    "note": "Why.",
    "startsAt": "2031-05-04T12:00:00Z",
    "endsAt": "2031-05-04T14:00:00Z",
    "participants": [{"email": "a@example.com"}, {"email": "b@example.com"}],
}
START = datetime(2031, 5, 4, 12, tzinfo=UTC)
ASKED: dict[str, Any] = {
    "keypairs": ["two", "one"],
    "max_signatures": 3,
    "team": "Releases",
    "note": "Why.",
    "starts_at": START,
    "length": timedelta(hours=2),
}


@pytest.mark.parametrize(
    ("other", "names"),
    [
        ({}, []),
        ({"team": None, "note": None, "starts_at": None, "length": None}, []),
        ({"ends_at": START + timedelta(hours=2)}, []),
        ({"keypairs": ["one"]}, ["keypairs"]),
        ({"max_signatures": 4}, ["signatures"]),
        ({"team": "Others", "version": "1.0", "note": "So."}, ["team", "version", "note"]),
        ({"starts_at": START + timedelta(hours=1)}, ["start"]),
        ({"ends_at": START + timedelta(hours=3)}, ["end"]),
        ({"length": timedelta(hours=1)}, ["length"]),
        ({"participants": ["b@example.com", "a@example.com"]}, []),
        ({"participants": []}, []),
        ({"participants": ["a@example.com"]}, ["participants"]),
    ],
    ids=str,
)
def test_what_is_asked_and_is_otherwise_is_named(other: dict[str, Any], names: list[str]) -> None:
    differences = Terms(**ASKED | other).differences(RELEASE)
    assert [text.partition(" (requested: ")[0] for text in differences] == names


def test_whether_a_release_has_the_keypairs_that_are_asked() -> None:
    assert Terms(**ASKED).has_keypairs(RELEASE)
    assert not Terms(**ASKED | {"keypairs": ["one"]}).has_keypairs(RELEASE)


def test_a_release_without_a_team_has_none() -> None:
    (difference,) = Terms(**ASKED).differences(RELEASE | {"team": None})
    assert difference == "team (requested: Releases; has: none)"


@pytest.mark.parametrize(
    ("text", "relative"),
    [("now", True), ("now+10m", True), ("2031-05-04T12:00:00Z", False), ("today 14:00", False)],
)
def test_what_counts_from_now_is_no_fixed_time(text: str, relative: bool) -> None:
    assert is_relative(text) is relative
