"""Ids and rows reach PostgreSQL as parameters of their own type, which it parses once."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from engine.persistence.db import bulk
from engine.persistence.db.database import Database
from engine.persistence.db.ids import uuid7, uuid7s
from engine.persistence.db.sql import id_in
from engine.persistence.db.types import Id, Instant

_ROWS = sa.Table(
    "rows_to_change",
    sa.MetaData(),
    sa.Column("id", Id, primary_key=True),
    sa.Column("amount", sa.Integer),
    sa.Column("content", sa.LargeBinary),
    sa.Column("at", Instant),
    prefixes=["TEMPORARY"],
)
_BY_IDS = sa.select(_ROWS.c.amount).where(id_in(_ROWS.c.id))


def test_ids_are_one_parameter_with_the_type_of_an_array() -> None:
    text = str(_BY_IDS.compile(dialect=PGDialect_psycopg()))
    assert text.partition("WHERE ")[2] == "rows_to_change.id = ANY (%(ids)s::UUID[])"


def test_a_scan_compares_with_the_parameter_and_casts_nothing(database: Database) -> None:
    if database.is_sqlite:
        return
    update = bulk._update_set(_ROWS, (), ("id", "amount"))
    with database.writing() as connection:
        _ROWS.create(connection)
        connection.exec_driver_sql("SET LOCAL enable_indexscan = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        filtered = _generic_plan(connection, _BY_IDS, ids="$1")
        updated = _generic_plan(connection, update, ids="$1", rows="$2", param_1="$3")
    assert "Filter: (rows_to_change.id = ANY ($1))" in filtered
    assert "Filter: (rows_to_change.id = ANY ($1))" in updated
    assert "((($2 -> (id)::text) ->> ($3)::text))::integer" in updated


def test_rows_are_found_by_their_ids(database: Database) -> None:
    ids = uuid7s(3)
    with database.writing() as connection:
        _ROWS.create(connection)
        rows = [{"id": id_, "amount": number} for number, id_ in enumerate(ids)]
        bulk.insert_many(connection, _ROWS, {}, rows)

        def amounts(*ids: Any) -> set[int]:
            return set(connection.scalars(_BY_IDS, {"ids": ids}))

        assert amounts(ids[0], ids[2], uuid7()) == {0, 2}
        assert amounts() == set()


def test_rows_are_changed_by_their_ids(database: Database) -> None:
    ids = uuid7s(3)
    first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=UTC)
    with database.writing() as connection:
        _ROWS.create(connection)
        rows = [
            {"id": id_, "amount": number, "content": bytes([number, 255])}
            for number, id_ in enumerate(ids)
        ]
        bulk.insert_many(connection, _ROWS, {"at": first}, rows)
        changes = [{"id": ids[2], "amount": 20}, {"id": ids[0], "amount": None}]
        bulk.update_many(connection, _ROWS, {"at": second}, changes)
        stored = connection.execute(sa.select(_ROWS).order_by(_ROWS.c.id)).all()
    assert stored == [
        (ids[0], None, b"\x00\xff", second),
        (ids[1], 1, b"\x01\xff", first),
        (ids[2], 20, b"\x02\xff", second),
    ]


def _generic_plan(connection: sa.Connection, statement: Any, **numbers: str) -> str:
    """How the statement is run with whatever parameters."""
    text = str(statement.compile(dialect=connection.dialect)) % numbers
    lines = connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN, VERBOSE) {text}").scalars()
    return "\n".join(lines)
