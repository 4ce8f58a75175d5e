"""Whether a database could store something now, as far as that can be told without storing."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.db.database import Database
from engine.persistence.db.storage_faults import StorageFault

#: Bytes that have to be free on the disk of a SQLite file.
ROOM_BYTES = 1024 * 1024

_IS_READ_ONLY = sa.text(
    "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
)


def storage_fault(database: Database, connection: Connection) -> StorageFault | None:
    """What was met lately, or what the disk or the server says by itself; None: nothing."""
    if database.storage.fault is not None:
        return database.storage.fault
    if database.file is not None:
        return _of_file(database.file)
    is_read_only = connection.execute(_IS_READ_ONLY).scalar_one()
    return StorageFault.READ_ONLY if is_read_only else None


def _of_file(file: Path) -> StorageFault | None:
    disk = os.statvfs(file.parent)
    if disk.f_flag & os.ST_RDONLY or not os.access(file, os.W_OK):
        return StorageFault.READ_ONLY
    return StorageFault.FULL if disk.f_bavail * disk.f_frsize < ROOM_BYTES else None
