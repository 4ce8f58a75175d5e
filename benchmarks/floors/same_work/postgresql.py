"""The floor's transaction on PostgreSQL, with psycopg: a statement for each table, two trips."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import psycopg

from benchmarks.environment.databases import connect_postgresql
from benchmarks.floors.same_work.model import Head, Model, Row

_RELEASE = """
SELECT status, starts_at, ends_at, signatures_used, signatures_reserved, max_signatures
FROM releases WHERE id = %s FOR UPDATE"""
_HEAD = "SELECT count, hash, clock_timestamp() FROM ledger_heads WHERE account_id = %s FOR UPDATE"
_SIGNATURES = """
INSERT INTO signatures (id, account_id, user_id, keypair_id, release_id, state, digest,
    digest_algorithm, value, factors, channel, reserved_at, lapses_at, settled_at)
SELECT id, %(account)s, %(user)s, %(keypair)s, %(release)s, 'MADE', digest,
    'SHA256', value, %(factors)s, %(channel)s, %(now)s, %(now)s, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS each (id uuid, digest bytea, value bytea)"""
_ENTRIES = """
INSERT INTO ledger_entries (account_id, position, tag, actor_id, subject_id, release_id,
    effective_at, recorded_at, body, hash)
SELECT %(account)s, position, 'signature:made', %(user)s, id, %(release)s, %(now)s, %(now)s,
    body, hash
FROM jsonb_to_recordset(%(rows)s) AS each (position bigint, id uuid, body text, hash bytea)"""
_COUNT = "UPDATE releases SET signatures_used = signatures_used + %s WHERE id = %s"
_UPDATE_HEAD = "UPDATE ledger_heads SET count = %s, hash = %s WHERE account_id = %s"


class PostgresqlWriter:
    """Signs and writes batches over one connection, with prepared statements."""

    def __init__(self, url: str, model: Model) -> None:
        self._connection: psycopg.Connection = connect_postgresql(url)
        self._model = model

    def write(self, digests: Sequence[bytes]) -> list[bytes]:
        """Return a signature for each digest, once all are committed."""
        m, connection = self._model, self._connection
        with connection.pipeline():
            connection.execute("BEGIN")
            connection.execute(_RELEASE, (m.release_id,))
            head = connection.execute(_HEAD, (m.account_id,)).fetchone()
        assert head is not None
        rows = m.rows(digests, Head(*head))
        with connection.pipeline():
            self._insert(rows, Head(*head))
            connection.execute(_COUNT, (len(rows), m.release_id))
            connection.execute(_UPDATE_HEAD, (rows[-1].position, rows[-1].hash, m.account_id))
            connection.execute("COMMIT")
        return [row.value for row in rows]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _insert(self, rows: Sequence[Row], head: Head) -> None:
        m = self._model
        ids = {"account": m.account_id, "user": m.user_id, "release": m.release_id}
        shared = ids | {"keypair": m.keypair_id, "now": head.now}
        signatures = [
            {"id": row.id, "digest": _bytea(row.digest), "value": _bytea(row.value)} for row in rows
        ]
        self._connection.execute(
            _SIGNATURES,
            shared | {"factors": m.factors, "channel": m.channel, "rows": _json(signatures)},
        )
        entries = [
            {"position": row.position, "id": row.id, "body": row.body, "hash": _bytea(row.hash)}
            for row in rows
        ]
        self._connection.execute(_ENTRIES, shared | {"rows": _json(entries)})


def _bytea(value: bytes) -> str:
    return f"\\x{value.hex()}"


def _json(rows: list[dict[str, object]]) -> str:
    return orjson.dumps(rows).decode()
