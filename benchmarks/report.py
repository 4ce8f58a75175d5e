"""The table: Markdown to read, JSON to keep, with the machine and its load."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.comparison import Comparison

HEADINGS = ("what", "unit", "Countersign", "against", "theirs", "ratio", "goal", "met")


def machine() -> dict[str, Any]:
    """Where and when it was measured; the load is what else ran at the start."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def as_json(where: dict[str, Any], found: Sequence[Comparison]) -> str:
    """Every round's figures, and what the table makes of them."""
    rows = [asdict(c) | {"ratio": c.ratio, "met": c.is_met} for c in found]
    return json.dumps({"machine": where, "comparisons": rows}, indent=1) + "\n"


def as_markdown(where: dict[str, Any], found: Sequence[Comparison]) -> str:
    """A row for each comparison: medians, and in brackets the lowest and highest."""
    told = (
        "Measured {at} on {cores} cores, {memory_gib} GiB, Python {python}; load before: {load[0]}."
    )
    lines = [
        told.format(**where),
        "",
        _line(HEADINGS),
        _line("---" for _ in HEADINGS),
        *(_line(_cells(c)) for c in found),
    ]
    notes = [f"* {c.title}: {c.note}" for c in found if c.note]
    return "\n".join([*lines, "", *notes]) + "\n"


def write(folder: Path, where: dict[str, Any], found: Sequence[Comparison]) -> None:
    """Both forms, beside each other."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(as_json(where, found))
    (folder / "benchmarks.md").write_text(as_markdown(where, found))


def _cells(c: Comparison) -> list[str]:
    met = {True: "yes", False: "no", None: ""}[c.is_met]
    ratio = "" if c.ratio is None else f"{c.ratio:.2f}"
    goal = "" if c.goal is None else str(c.goal)
    return [c.title, c.unit, _spread(c.ours), c.other or "", _spread(c.theirs), ratio, goal, met]


def _spread(figures: list[float]) -> str:
    if not figures:
        return ""
    low, middle, high = (_number(f) for f in (min(figures), median(figures), max(figures)))
    return middle if len(figures) == 1 else f"{middle} ({low} to {high})"


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"
