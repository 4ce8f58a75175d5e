"""What the log is told of an exception that code of others raised.

Its text is anybody's: a library or a plug-in may put a link, a token, a PIN or an address there. So
it is left out, as are those of the exceptions behind it; the types and the lines of code say enough
to find the fault.
"""

from __future__ import annotations

import traceback
from typing import Any

#: How many of the innermost lines are kept.
_FRAMES = 12


def log_origin(log: Any, event: str, error: BaseException, **fields: Any) -> None:
    """Log an error: the types of the exception and its causes, and the lines it passed through.

    Args:
        log: The structlog logger of the caller.
        event: The name of the log entry.
        error: The exception, as it was caught.
        fields: What the caller's own code knows.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    log.error(
        event,
        error=" <- ".join(_type_of(cause) for cause in _causes(error)),
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        **fields,
    )


def _type_of(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and what it came from; one can be its own cause."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
