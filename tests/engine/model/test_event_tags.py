"""Patterns of tags: one meaning for the ledger and for webhooks."""

import pytest

from engine.model.events import any_matches, tag_matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("release:approved", True),
        ("release:*", True),
        ("release:app*", True),
        ("*", True),
        ("release:approve", False),
        ("release", False),
        ("team:*", False),
        # Only a star at the end stands for anything.
        ("*:approved", False),
        ("release:?pproved", False),
        ("[r]elease:*", False),
    ],
)
def test_a_pattern_is_a_tag_or_what_it_begins_with(pattern: str, matches: bool) -> None:
    assert tag_matches(pattern, "release:approved") is matches


def test_one_pattern_of_several_is_enough() -> None:
    assert any_matches(["team:*", "release:approved"], "release:approved")
    assert not any_matches([], "release:approved")
