"""Measuring by turns: A B A B, medians, and the ratio of each round's own pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

#: One run of one side: answers its figure in the comparison's unit.
Run = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the ratio is hoped to be. Told in the table; nothing fails by it."""

    ratio: float
    #: "at least" or "under".
    bound: str = "at least"

    def is_met(self, ratio: float) -> bool:
        """Whether a measured ratio does."""
        return ratio >= self.ratio if self.bound == "at least" else ratio < self.ratio

    def __str__(self) -> str:
        return f"{self.bound} {self.ratio:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Ours beside another's, a figure of each from every round; no other: the figure alone."""

    title: str
    unit: str
    ours: list[float]
    #: What it is held against, by what is to be read in the table; None: the figure alone.
    other: str | None = None
    theirs: list[float] = field(default_factory=list)
    goal: Goal | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """The median of ours."""
        return median(self.ours)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios, ours to theirs."""
        if not self.theirs:
            return None
        return median(ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True))

    @property
    def is_met(self) -> bool | None:
        """None without a goal; a goal of a figure alone is about the figure."""
        if self.goal is None:
            return None
        return self.goal.is_met(self.value if self.ratio is None else self.ratio)


def by_turns(rounds: int, sides: Mapping[str, Run]) -> dict[str, list[float]]:
    """Every side once in each round, in turn, after one round that is not counted."""
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, run in sides.items():
            figure = run()
            if number:
                figures[name].append(figure)
    return figures
