"""Writes many rows with one statement; values they share are sent once.

PostgreSQL gets the rows as one JSON text, in one statement: one for each row costs several times
as much there. SQLite, which is in the same process, runs one prepared statement for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import (
    BindParameter,
    Connection,
    Dialect,
    Insert,
    Table,
    TableValuedAlias,
    Update,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.types import UserDefinedType

from engine.persistence.db.compiled import (
    Convert,
    bind_converter,
    may_run_by_driver,
    run_by_driver,
    run_compiled,
)
from engine.persistence.db.sql import id_in

ColumnValues = Mapping[str, Any]


class _JsonText(UserDefinedType[str]):
    """JSON that is a text already, for a parameter of PostgreSQL's type `jsonb`.

    A text that the statement casts would be parsed again for every row.
    """

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the type of the parameter itself."""
        return "JSONB"


def insert_many(
    connection: Connection, table: Table, shared: ColumnValues, rows: Sequence[ColumnValues]
) -> None:
    """Insert rows that all name the same columns, besides those they share."""
    shared, rows = _extract_shared(shared, rows)
    names = tuple(shared), tuple(rows[0])
    if connection.dialect.name == "sqlite":
        _run_each(connection, table, _insert_each(table, *names), shared, rows)
    else:
        statement = _insert_set(table, *names)
        run_compiled(connection, statement, _shared_parameters(shared) | _row_parameters(rows))


def insert_one(connection: Connection, table: Table, values: ColumnValues) -> None:
    """Insert a single row."""
    run_compiled(connection, _insert_row(table, tuple(values)), values)


def update_many(
    connection: Connection, table: Table, shared: ColumnValues, rows: Sequence[ColumnValues]
) -> None:
    """Update locked rows by their `id`: some values are shared, some their own.

    No other condition chooses them: by one that a partial index has, PostgreSQL would go through
    every row that met it since the table was last vacuumed.
    """
    names = tuple(shared), tuple(rows[0])
    if connection.dialect.name == "sqlite":
        _run_each(connection, table, _update_each(table, *names), shared, rows)
    else:
        by_id = {str(row["id"]): row for row in rows}
        parameters = (
            _shared_parameters(shared)
            | _row_parameters(by_id)
            | {"ids": [row["id"] for row in rows]}
        )
        run_compiled(connection, _update_set(table, *names), parameters)


def _extract_shared(
    shared: ColumnValues, rows: Sequence[ColumnValues]
) -> tuple[ColumnValues, Sequence[ColumnValues]]:
    """Move values that are the same object in all rows, often the largest, to the shared ones."""
    first, *others = rows
    if not others:
        return shared, rows
    same = {k: v for k, v in first.items() if all(row[k] is v for row in others)}
    return {**shared, **same}, [{k: row[k] for k in row if k not in same} for row in rows]


def _run_each(
    connection: Connection,
    table: Table,
    statement: Insert | Update,
    shared: ColumnValues,
    rows: Sequence[ColumnValues],
) -> None:
    """Bind the values by column here, so that shared ones are bound once and not for each row."""
    text, binders = _compiled(table, statement, connection.dialect)
    columns: list[Iterable[Any]] = [
        repeat(bind(shared[name]), len(rows)) if name in shared else [bind(r[name]) for r in rows]
        for name, bind in binders
    ]
    rows_of_values = list(zip(*columns, strict=True))
    if may_run_by_driver(connection):
        run_by_driver(connection, text, rows_of_values, fetch=False, many=True)
    else:
        connection.exec_driver_sql(text, rows_of_values)


def _shared_parameters(shared: ColumnValues) -> dict[str, Any]:
    return {f"all_{name}": value for name, value in shared.items()}


def _row_parameters(rows: Sequence[ColumnValues] | Mapping[str, ColumnValues]) -> dict[str, str]:
    return {"rows": orjson.dumps(rows, _as_json).decode()}


def _as_json(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(type(value).__name__)


def _recordset(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    columns = (sa.column(name, table.c[name].type) for name in names)
    rows = sa.cast(sa.bindparam("rows", type_=sa.Text), JSON)
    return (
        sa.func.json_to_recordset(rows)
        .table_valued(*columns)
        .render_derived("input", with_types=True)
    )


def _all(table: Table, names: tuple[str, ...]) -> dict[str, BindParameter[Any]]:
    return {name: sa.bindparam(f"all_{name}", type_=table.c[name].type) for name in names}


def _each(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: sa.bindparam(f"each_{name}") for name in names}


# Statements are built once: to build one costs more than to run it.


@cache
def _compiled(
    table: Table, statement: Insert | Update, dialect: Dialect
) -> tuple[str, list[tuple[str, Convert]]]:
    """The statement's text, and for each of its parameters the column and how to bind it."""
    compiled = statement.compile(dialect=dialect)
    names = [name.partition("_")[2] for name in compiled.positiontup or ()]
    return str(compiled), [
        (name, bind_converter(table.c[name].type, dialect) or (lambda value: value))
        for name in names
    ]


@cache
def _insert_row(table: Table, names: tuple[str, ...]) -> Insert:
    return table.insert().values({name: sa.bindparam(name) for name in names})


@cache
def _insert_each(table: Table, shared: tuple[str, ...], own: tuple[str, ...]) -> Insert:
    return table.insert().values(_all(table, shared) | _each(own))


@cache
def _insert_set(table: Table, shared: tuple[str, ...], own: tuple[str, ...]) -> Insert:
    rows = _recordset(table, own)
    values = sa.select(*_all(table, shared).values(), *(rows.c[name] for name in own))
    return table.insert().from_select([*shared, *own], values)


@cache
def _update_each(table: Table, shared: tuple[str, ...], own: tuple[str, ...]) -> Update:
    each = _each(own)
    statement = table.update().where(table.c.id == each.pop("id"))
    return statement.values(_all(table, shared) | each)


@cache
def _update_set(table: Table, shared: tuple[str, ...], own: tuple[str, ...]) -> Update:
    # Not a join: planned while the table was small, it would scan the table, or all the input for
    # each row, and that plan is kept while the table grows. The input is looked up by id instead.
    rows = sa.bindparam("rows", type_=_JsonText())
    row = rows.op("->", return_type=JSONB())(sa.cast(table.c.id, sa.Text))
    each = {
        name: sa.cast(row.op("->>", return_type=sa.Text())(name), table.c[name].type)
        for name in own
        if name != "id"
    }
    return table.update().where(id_in(table.c.id)).values(_all(table, shared) | each)
