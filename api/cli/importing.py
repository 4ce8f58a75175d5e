"""Prepares a process of the command line for the imports that follow, which take most of a start.

It is run before anything else of the package is imported.
"""

from __future__ import annotations

import gc
import sys

#: New objects until cycles among them are looked for, and how much more seldom among older ones.
#: With Python's own numbers a tenth of the time of a start went into looking for some.
COLLECTION_THRESHOLDS = (20_000, 20, 20)


def prepare_imports() -> None:
    """Look for cycles seldom, and leave out what structlog imports only because it is there."""
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    _import_structlog_without_rich()


def _import_structlog_without_rich() -> None:
    """Import structlog as if `rich` were not installed; the help of commands may still use it.

    structlog draws tracebacks with it, which `configure_logs` formats itself. It takes 80 modules
    and 3.6 MiB.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
