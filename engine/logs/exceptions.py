"""Log an exception from third-party code without its text.

A library or a plug-in may put a link, a token, a PIN or an address into the text of an exception.
So it is left out, as are the texts of its causes; types and lines of code show where the fault is.
"""

from __future__ import annotations

import traceback
from typing import Any

#: How many of the innermost frames are logged.
_MAX_FRAMES = 12


def log_origin(log: Any, event: str, error: BaseException, **fields: Any) -> None:
    """Log an error: the types of the exception and its causes, and the lines it passed through.

    Args:
        log: The structlog logger of the caller.
        event: The name of the log entry.
        error: The exception, as it was caught.
        fields: What the caller's own code knows.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    log.error(
        event,
        error=" <- ".join(_type_of(cause) for cause in _causes(error)),
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        **fields,
    )


def _type_of(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _causes(error: BaseException) -> list[BaseException]:
    """Return the exception and its causes; a cycle of causes ends the list."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes
