"""What loops log of a database that is away or full: now and then, not at every try."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine.logs.log_throttle import LogThrottle

log = structlog.get_logger("countersign.notifications")

_MAX_LOGGED_CHARACTERS = 500
_logged = LogThrottle()


def log_database_trouble(event: str, error: Exception, **fields: str) -> None:
    """Log an event of a loop that tries again by itself, each kind of error at a limited rate.

    Of a refusal, what the database said is logged, where that is its cause.
    """
    if isinstance(error.__cause__, SQLAlchemyError):
        error = error.__cause__
    kind = type(getattr(error, "orig", None) or error)
    _, not_logged = _logged.admit((event, kind, *fields.values()))
    if not_logged is not None:
        first_line = str(error).partition("\n")[0][:_MAX_LOGGED_CHARACTERS]
        log.warning(event, error=first_line, not_logged=not_logged, **fields)
