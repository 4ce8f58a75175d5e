"""Copies a SQLite database as of one instant, while it is in use, and checks the copy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from engine.persistence.db.database import Database
from engine.persistence.db.timeouts import LOCK_WAIT_SECONDS
from engine.persistence.store.ledger_verification import verify
from engine.persistence.store.tables import accounts


class BackupError(Exception):
    """There is no backup; the message says why."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied."""

    bytes: int
    #: Ledgers that were walked, and entries in them.
    accounts: int
    entries: int


def back_up(database: Database, path: Path) -> Backup:
    """Copy the database to a new file that only its owner can read. Raises BackupError."""
    if not database.is_sqlite:
        raise BackupError("This database is PostgreSQL. Back it up with pg_dump.")
    source = Path(database.url.database or "").resolve()
    _create(path)
    try:
        _copy(source, path)
        return _check(path)
    except (sqlite3.Error, BackupError) as error:
        path.unlink()
        raise BackupError(f"No backup was made: {error}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise BackupError(f"{path} exists. Name another file.") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error


def _copy(source: Path, path: Path) -> None:
    """Copy in one step, in one read transaction: in pieces it would start over at each commit."""
    with (
        closing(
            sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=LOCK_WAIT_SECONDS)
        ) as origin,
        closing(sqlite3.connect(path)) as copy,
    ):
        origin.backup(copy, pages=-1)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _check(path: Path) -> Backup:
    """Check the integrity of the copy and the chain of every ledger. Raises BackupError."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
    try:
        with engine.connect() as connection:
            problems = connection.execute(sa.text("PRAGMA integrity_check")).scalars().all()
            if problems != ["ok"]:
                raise BackupError(f"the copy is damaged: {problems[0]}")
            if connection.execute(sa.text("PRAGMA foreign_key_check")).first() is not None:
                raise BackupError("the copy has rows that refer to nothing")
            ids = connection.execute(sa.select(accounts.c.id)).scalars().all()
            verifications = [verify(connection, account_id) for account_id in ids]
    finally:
        engine.dispose()
    for account_id, verification in zip(ids, verifications, strict=True):
        if not verification.holds:
            place = f"entry {verification.broken_at}: {verification.fault}"
            raise BackupError(f"the ledger of account {account_id} is broken at {place}")
    return Backup(
        path.stat().st_size,
        len(ids),
        sum(verification.head.count for verification in verifications),
    )
