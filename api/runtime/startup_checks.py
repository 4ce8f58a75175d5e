"""Checks before anything starts: the database, its tables, and the clocks."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from api.config.settings import Settings
from engine.persistence.db.clock import skew
from engine.persistence.db.database import Database
from engine.persistence.store.schema_version import SchemaState, schema_state
from engine.system import System

#: Seconds between two clocks that are worth a warning.
SKEW = 1.0

_NOT_READY = {
    SchemaState.BEHIND: "The database lacks this version's tables. Run `countersign migrate`.",
    SchemaState.CONTRACTED: "A newer version has taken away tables or columns that this one needs."
    " Run that version, or a newer one.",
}

NO_DATABASE = "There is no database here yet: run `countersign init`."

_CANNOT_OPEN = (
    "The database {file} cannot be opened: does its folder exist, and may this user write there?"
)

log = structlog.get_logger("countersign")


class NotReadyError(Exception):
    """The service cannot start; the message says what to do."""


def open_database(settings: Settings) -> Database:
    """Return the database of the settings; raises NotReadyError if its file cannot be opened."""
    database = Database(settings.database_url.get_secret_value(), pool_size=settings.pool_size)
    file = database.file
    if file is not None and not _can_be_opened(file):
        raise NotReadyError(_CANNOT_OPEN.format(file=file))
    return database


def _can_be_opened(file: Path) -> bool:
    # Beside the file SQLite writes its log.
    if not os.access(file.parent, os.W_OK | os.X_OK):
        return False
    return not file.exists() or (file.is_file() and os.access(file, os.R_OK | os.W_OK))


def require_current(database: Database) -> None:
    """Raise NotReadyError unless the tables are those of this version."""
    if database.is_empty_file:
        raise NotReadyError(NO_DATABASE)
    with database.reading() as connection:
        state = schema_state(connection)
    if state in _NOT_READY:
        raise NotReadyError(_NOT_READY[state])


def compare_clocks(system: System) -> None:
    """Log how far the clocks of the database and this machine differ; warn if it is much."""
    if system.database.is_sqlite:
        return
    with system.database.reading() as connection:
        ahead = skew(system.clock, connection).total_seconds()
    if abs(ahead) > SKEW:
        log.warning("clock_differs_from_database", database_ahead_seconds=round(ahead, 3))
    else:
        log.info("clock_compared", database_ahead_seconds=round(ahead, 3))
