"""Edits composed into one, and taken back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lifecycle.release_changes import Edit, composed, edits_after, fields_at, fields_before
from engine.model.facts import ReleaseFields
from tests.support.facts import fields


def edit(revision: int, **changes: tuple[Any, Any]) -> Edit:
    return Edit(revision=revision, changes=changes)


CASES: list[tuple[str, list[Edit], dict[str, tuple[Any, Any]]]] = [
    ("no edit", [], {}),
    ("one edit", [edit(2, name=("A", "B"))], {"name": ("A", "B")}),
    (
        "the same field twice",
        [edit(2, max_signatures=(5, 6)), edit(3, max_signatures=(6, 9))],
        {"max_signatures": (5, 9)},
    ),
    (
        "different fields",
        [edit(2, note=(None, "x")), edit(3, max_signatures=(6, 9))],
        {"note": (None, "x"), "max_signatures": (6, 9)},
    ),
    ("back to what it was", [edit(2, name=("A", "B")), edit(3, name=("B", "A"))], {}),
    (
        "one of two back",
        [edit(2, name=("A", "B"), note=("x", None)), edit(3, name=("B", "A"))],
        {"note": ("x", None)},
    ),
    (
        "back, and away again",
        [edit(2, name=("A", "B")), edit(3, name=("B", "A")), edit(4, name=("A", "C"))],
        {"name": ("A", "C")},
    ),
    (
        "a list that grows and shrinks",
        [
            edit(2, keypair_ids=(frozenset({1}), frozenset({1, 2}))),
            edit(3, keypair_ids=(frozenset({1, 2}), frozenset({2}))),
        ],
        {"keypair_ids": (frozenset({1}), frozenset({2}))},
    ),
]


@pytest.mark.parametrize(("name", "edits", "result"), CASES, ids=[case[0] for case in CASES])
def test_edits_are_composed(
    name: str, edits: list[Edit], result: dict[str, tuple[Any, Any]]
) -> None:
    assert composed(edits) == result


def test_only_the_edits_after_a_revision_are_new_to_who_looked_at_it() -> None:
    edits = [edit(number, max_signatures=(number, number + 1)) for number in (2, 3, 4)]

    assert composed(edits_after(edits, 1)) == {"max_signatures": (2, 5)}
    assert composed(edits_after(edits, 3)) == {"max_signatures": (4, 5)}
    assert composed(edits_after(edits, 4)) == {}


STEPS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from("ABC"),
            "note": st.sampled_from([None, "x", "y"]),
            "max_signatures": st.integers(1, 3),
            "ends_at": st.integers(1, 3).map(lambda n: fields().ends_at + timedelta(hours=n)),
        },
    ),
    max_size=6,
)


@given(STEPS)
def test_every_earlier_revision_comes_out_as_it_was(steps: list[dict[str, Any]]) -> None:
    versions: list[ReleaseFields] = [fields()]
    edits = []
    for number, step in enumerate(steps, 2):
        before, after = versions[-1], replace(versions[-1], **step)
        changes = {
            name: (getattr(before, name), getattr(after, name))
            for name in after.changed_from(before)
        }
        edits.append(Edit(revision=number, changes=changes))
        versions.append(after)

    for revision, version in enumerate(versions, 1):
        assert fields_at(versions[-1], edits, revision) == version
        seen = composed(edits_after(edits, revision))
        assert seen.keys() == versions[-1].changed_from(version)
    assert fields_before(versions[-1], edits) == versions[0]
