"""The floor's transaction on SQLite, with the driver of Python's library."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.environment.databases import connect_sqlite
from benchmarks.floors.same_work.model import Head, Model, Row

_RELEASE = """
SELECT status, starts_at, ends_at, signatures_used, signatures_reserved, max_signatures
FROM releases WHERE id = ?"""
_HEAD = "SELECT count, hash FROM ledger_heads WHERE account_id = ?"
_SIGNATURES = """
INSERT INTO signatures (id, account_id, user_id, keypair_id, release_id, state, digest,
    digest_algorithm, value, factors, channel, reserved_at, lapses_at, settled_at)
VALUES (?, ?, ?, ?, ?, 'MADE', ?, 'SHA256', ?, ?, ?, ?, ?, ?)"""
_ENTRIES = """
INSERT INTO ledger_entries (account_id, position, tag, actor_id, subject_id, release_id,
    effective_at, recorded_at, body, hash)
VALUES (?, ?, 'signature:made', ?, ?, ?, ?, ?, ?, ?)"""
_COUNT = "UPDATE releases SET signatures_used = signatures_used + ? WHERE id = ?"
_UPDATE_HEAD = "UPDATE ledger_heads SET count = ?, hash = ? WHERE account_id = ?"


class SqliteWriter:
    """Signs and writes batches over one connection, whose pragmas are the engine's."""

    def __init__(self, url: str, model: Model) -> None:
        self._connection: sqlite3.Connection = connect_sqlite(url)
        self._model = model

    def write(self, digests: Sequence[bytes]) -> list[bytes]:
        """Return a signature for each digest, once all are committed."""
        m, execute = self._model, self._connection.execute
        account, release = m.account_id.hex, m.release_id.hex
        execute("BEGIN IMMEDIATE")
        execute(_RELEASE, (release,)).fetchone()
        count, last_hash = execute(_HEAD, (account,)).fetchone()
        head = Head(count, last_hash, datetime.now(UTC))
        rows = m.rows(digests, head)
        self._insert(rows, head.now.strftime("%Y-%m-%d %H:%M:%S.%f"))
        execute(_COUNT, (len(rows), release))
        execute(_UPDATE_HEAD, (rows[-1].position, rows[-1].hash, account))
        execute("COMMIT")
        return [row.value for row in rows]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _insert(self, rows: Sequence[Row], now: str) -> None:
        m = self._model
        account, user, release = m.account_id.hex, m.user_id.hex, m.release_id.hex
        owner = account, user, m.keypair_id.hex, release
        end = m.factors, m.channel, now, now, now
        self._connection.executemany(
            _SIGNATURES, [(row.id.hex, *owner, row.digest, row.value, *end) for row in rows]
        )
        self._connection.executemany(
            _ENTRIES,
            [
                (account, row.position, user, row.id.hex, release, now, now, row.body, row.hash)
                for row in rows
            ],
        )
