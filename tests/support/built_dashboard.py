"""The dashboard of this checkout, built as the package's build does it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DASHBOARD = Path(__file__).parents[2] / "dashboard"


def build_dashboard() -> bool:
    """Build it unless it is up to date; returns whether it is there."""
    spec = importlib.util.spec_from_file_location("hatch_build", DASHBOARD / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hatch_build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hatch_build)
    return bool(hatch_build.build())
