"""Measuring by turns: A B A B, medians, and the ratio of each round's own pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal, TypeVar

#: Measures one side once; returns its figure in the comparison's unit.
Run = Callable[[], float]
Figure = TypeVar("Figure")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a comparison is to reach. The report shows it; nothing fails by it."""

    limit: float
    bound: Literal["at least", "at most"] = "at least"
    #: Whether the limit is for the ratio, or for Countersign's own figure.
    of: Literal["ratio", "figure"] = "ratio"

    def is_met(self, value: float) -> bool:
        """Return whether a measured ratio or figure reaches the goal."""
        return value >= self.limit if self.bound == "at least" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.of} {self.bound} {self.limit:,g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A row of the report: Countersign's figure of each round, and the other side's if any."""

    title: str
    unit: str
    ours: list[float]
    #: The other side, as the report names it; None where Countersign's figure stands alone.
    other: str | None = None
    theirs: list[float] = field(default_factory=list)
    goal: Goal | None = None
    note: str = ""

    @property
    def figure(self) -> float:
        """The median of Countersign's figures."""
        return median(self.ours)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios, Countersign's figure to the other side's."""
        if not self.theirs:
            return None
        return median(ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True))

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        value = self.figure if self.goal.of == "figure" else self.ratio
        assert value is not None, "a goal for a ratio needs another side"
        return self.goal.is_met(value)


def by_turns(rounds: int, sides: Mapping[str, Callable[[], Figure]]) -> dict[str, list[Figure]]:
    """Measure every side once in each round, after one round that is not counted.

    The uncounted round warms up what a server keeps warm: connections, prepared statements, caches.
    """
    figures: dict[str, list[Figure]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, run in sides.items():
            figure = run()
            if number:
                figures[name].append(figure)
    return figures
