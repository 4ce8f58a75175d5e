"""Connections to SQLite with the driver of the standard library."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from engine.persistence.db import write_queue
from engine.persistence.db.compiled import run_by_driver
from engine.persistence.db.timeouts import LOCK_WAIT_SECONDS

#: Pages in SQLite's log before they are copied into the database, each once however often it was
#: written meanwhile: 32 MB.
WAL_CHECKPOINT_PAGES = 8192


def create_writer(url: URL) -> Engine:
    """An engine of one connection, whose transactions have the write lock from their begin."""
    # The queue waits for the lock itself.
    engine = _create_engine(url, pool_size=1, query_only="OFF", busy_timeout=0)
    file = Path(url.database or "").absolute()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        write_queue.begin_immediate(connection, file)

    return engine


def create_reader(url: URL, pool_size: int) -> Engine:
    """An engine whose transactions cannot write, each of which sees one instant."""
    engine = _create_engine(url, pool_size, query_only="ON", busy_timeout=LOCK_WAIT_SECONDS * 1000)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        run_by_driver(connection, "BEGIN", (), fetch=False)

    return engine


def _create_engine(url: URL, pool_size: int, **pragmas: str | int) -> Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=LOCK_WAIT_SECONDS,
        # The driver's own begin loses the outer transaction when a first savepoint is released,
        # so the driver is told to leave transactions alone and the `begin` event emits ours.
        connect_args={
            "isolation_level": None,
            "check_same_thread": False,
            "timeout": LOCK_WAIT_SECONDS,
        },
    )
    pragmas |= {
        "synchronous": "FULL",
        "wal_autocheckpoint": WAL_CHECKPOINT_PAGES,
        "foreign_keys": "ON",
    }

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        _enable_wal(connection)
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name}={value}")

    return engine


def _enable_wal(connection: Any) -> None:
    """Switch to WAL, retrying: of several that open a new file, SQLite lets all but one fail."""
    until = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
