"""A database that answers and cannot store: its disk is full, broken, or it is read-only.

Other than a database that is away or busy it does not mend itself: somebody has to act. Callers are
told so by a sentence to pass on, the log at a limited rate, and `/readyz` for a while.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from enum import StrEnum

import structlog

from engine.logs.log_throttle import LogThrottle

log = structlog.get_logger("countersign.database")

#: Seconds for which a failure is told of when nothing else is known since.
REMEMBERED_SECONDS = 30.0
_LONGEST_LOGGED = 200


class StorageFault(StrEnum):
    """What keeps the database from storing."""

    #: There is no room left on its disk.
    FULL = "FULL"
    #: It is a replica, or its file or disk does not permit writing.
    READ_ONLY = "READ_ONLY"
    #: Its disk cannot be read or written.
    IO = "IO"
    #: What is stored is not what was written.
    DAMAGED = "DAMAGED"


SENTENCES = {
    StorageFault.FULL: "The disk of the database is full, and nothing was changed. Tell the"
    " operator of this service to make room: it goes on by itself then.",
    StorageFault.READ_ONLY: "The database cannot be written to just now, and nothing was changed."
    " Tell the operator of this service: it is a replica, or its file or disk is read-only.",
    StorageFault.IO: "The database cannot use its disk. Tell the operator of this service to look"
    " at the disk, and look first whether your change was made before you repeat it.",
    StorageFault.DAMAGED: "The database is damaged. Tell the operator of this service to stop it,"
    " to check the disk, and to restore a backup.",
}

#: By https://www.sqlite.org/rescode.html.
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: StorageFault.FULL,
    sqlite3.SQLITE_READONLY: StorageFault.READ_ONLY,
    sqlite3.SQLITE_PERM: StorageFault.READ_ONLY,
    sqlite3.SQLITE_IOERR: StorageFault.IO,
    sqlite3.SQLITE_CANTOPEN: StorageFault.IO,
    sqlite3.SQLITE_CORRUPT: StorageFault.DAMAGED,
    sqlite3.SQLITE_NOTADB: StorageFault.DAMAGED,
}
#: By https://www.postgresql.org/docs/current/errcodes-appendix.html.
_OF_POSTGRESQL = {
    "53100": StorageFault.FULL,
    "25006": StorageFault.READ_ONLY,
    "58030": StorageFault.IO,
    "58P01": StorageFault.IO,
    "XX001": StorageFault.DAMAGED,
    "XX002": StorageFault.DAMAGED,
}


def fault_of(error: object) -> StorageFault | None:
    """What a driver's error says of the storage; None if it is about something else."""
    if isinstance(error, sqlite3.Error):
        return _OF_SQLITE.get(primary_code(error))
    return _OF_POSTGRESQL.get(getattr(error, "sqlstate", None) or "")


def primary_code(error: sqlite3.Error) -> int:
    """The kind of an error of SQLite without its details; 0 where it does not come from there."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


class StorageHealth:
    """The fault that was met last, as long as it is news."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._met: tuple[StorageFault, float] | None = None
        self._logged = LogThrottle()

    def meet(self, error: object) -> None:
        """Remember a driver's error if it is about the storage, and log it now and then."""
        fault = fault_of(error)
        if fault is None:
            return
        self._met = fault, self._clock()
        _, not_logged = self._logged.admit(fault)
        if not_logged is not None:
            said = str(error).partition("\n")[0][:_LONGEST_LOGGED]
            log.error("storage_failed", fault=fault, error=said, not_logged=not_logged)

    @property
    def fault(self) -> StorageFault | None:
        """What was met within the last half minute."""
        if self._met is None or self._clock() - self._met[1] > REMEMBERED_SECONDS:
            return None
        return self._met[0]
