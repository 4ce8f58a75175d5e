"""Rows of the report: medians of rounds, their ratios, and whether a goal is met."""

from __future__ import annotations

from itertools import count

import pytest

from benchmarks.clients.graphql_http import Load, RequestTemplate, walks
from benchmarks.comparison import Comparison, Goal, by_turns
from benchmarks.report import as_row


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal(0.5), True),
        (Goal(0.51), False),
        (Goal(0.5, "at most"), True),
        (Goal(0.49, "at most"), False),
        (Goal(20, of="figure"), True),
        (Goal(21, of="figure"), False),
        (Goal(19, "at most", "figure"), False),
        (None, None),
    ],
)
def test_a_goal_is_about_the_ratio_or_the_own_figure(goal: Goal | None, met: bool | None) -> None:
    row = Comparison(
        title="sign", unit="/s", ours=[10, 20, 30], other="floor", theirs=[20, 40, 70], goal=goal
    )

    assert row.is_met is met


def test_a_row_shows_medians_spread_ratio_and_goal() -> None:
    row = Comparison(
        title="sign",
        unit="/s",
        ours=[1000, 3000, 2000],
        other="floor",
        theirs=[2000, 3000, 8000],
        goal=Goal(0.6),
    )

    assert as_row(row) == (
        "| sign | /s | 2,000 (1,000 to 3,000) | floor | 3,000 (2,000 to 8,000) | 0.50"
        " | ratio at least 0.6 | no |"
    )


def test_every_side_is_measured_once_in_each_round_and_the_first_round_is_not_counted() -> None:
    turns = count()

    figures = by_turns(2, {"a": lambda: next(turns), "b": lambda: next(turns)})

    assert figures == {"a": [2, 4], "b": [3, 5]}


def test_connections_are_spread_over_servers_and_begin_at_different_places() -> None:
    questions = [RequestTemplate(url, str(number)) for url in ("x", "y") for number in range(2)]

    spread = walks(questions, 4)

    assert [walk[0].url for walk in spread] == ["x", "y", "x", "y"]
    assert [[question.query for question in walk] for walk in spread] == [
        ["0", "1"],
        ["0", "1"],
        ["1", "0"],
        ["1", "0"],
    ]


def test_the_rate_of_a_load_counts_every_connection() -> None:
    assert Load([[0.1, 0.1], [0.2]], seconds=1.5).rate == 2
