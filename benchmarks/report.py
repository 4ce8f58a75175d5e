"""The table: Markdown to read, JSON to keep, with the machine and its load."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.comparison import Comparison

HEADINGS = ("what", "unit", "Countersign", "against", "theirs", "ratio", "goal", "met")


def machine() -> dict[str, Any]:
    """Describe the machine; its load is what else ran when the measurement started."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def as_json(machine: dict[str, Any], comparisons: Sequence[Comparison]) -> str:
    """Render every round's figures, with the ratio and whether the goal is met."""
    rows = [asdict(c) | {"ratio": c.ratio, "met": c.is_met} for c in comparisons]
    return json.dumps({"machine": machine, "comparisons": rows}, indent=1) + "\n"


def as_markdown(machine: dict[str, Any], comparisons: Sequence[Comparison]) -> str:
    """Render the table: medians, and in brackets the lowest and highest figure."""
    heading = (
        "Measured {at} on {cores} cores, {memory_gib} GiB, Python {python}; load before: {load[0]}."
    )
    lines = [
        heading.format(**machine),
        "",
        _line(HEADINGS),
        _line("---" for _ in HEADINGS),
        *map(as_row, comparisons),
    ]
    notes = [f"* {c.title}: {c.note}" for c in comparisons if c.note]
    return "\n".join([*lines, "", *notes]) + "\n"


def as_row(c: Comparison) -> str:
    """Render one comparison as a row of the table."""
    met = {True: "yes", False: "no", None: ""}[c.is_met]
    ratio = "" if c.ratio is None else f"{c.ratio:.2f}"
    goal = "" if c.goal is None else str(c.goal)
    return _line(
        [c.title, c.unit, _spread(c.ours), c.other or "", _spread(c.theirs), ratio, goal, met]
    )


def write(folder: Path, machine: dict[str, Any], comparisons: Sequence[Comparison]) -> None:
    """Write both forms into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(as_json(machine, comparisons))
    (folder / "benchmarks.md").write_text(as_markdown(machine, comparisons))


def _spread(figures: list[float]) -> str:
    if not figures:
        return ""
    low, middle, high = (_number(f) for f in (min(figures), median(figures), max(figures)))
    return middle if len(figures) == 1 else f"{middle} ({low} to {high})"


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
