"""Many rows in one statement: what they share is given once.

PostgreSQL gets the rows as one JSON text, in one statement: one for each row costs several times
as much there. SQLite, which is in the same process, runs one prepared statement for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import BindParameter, Connection, Insert, Table, TableValuedAlias, Update
from sqlalchemy.dialects.postgresql import JSON

Values = Mapping[str, Any]


def insert_many(
    connection: Connection, table: Table, shared: Values, rows: Sequence[Values]
) -> None:
    """Insert rows that all name the same columns, besides those they share."""
    if connection.dialect.name == "sqlite":
        connection.execute(_insert_each(table), [{**shared, **row} for row in rows])
    else:
        statement = _insert_set(table, tuple(shared), tuple(rows[0]))
        connection.execute(statement, _given_all(shared) | _given_rows(rows))


def update_many(
    connection: Connection, table: Table, only: Any, shared: Values, rows: Sequence[Values]
) -> None:
    """Update rows by their `id` if `only` holds for them: some values shared, some their own."""
    names, everyone = (tuple(shared), tuple(rows[0])), _given_all(shared)
    if connection.dialect.name == "sqlite":
        each = [{**everyone, **{f"each_{k}": v for k, v in row.items()}} for row in rows]
        connection.execute(_update_each(table, only, *names), each)
    else:
        statement = _update_set(table, only, *names)
        connection.execute(statement, everyone | _given_rows(rows))


def _given_all(shared: Values) -> dict[str, Any]:
    return {f"all_{name}": value for name, value in shared.items()}


def _given_rows(rows: Sequence[Values]) -> dict[str, str]:
    return {"rows": orjson.dumps(rows, _plain).decode()}


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(type(value).__name__)


def _recordset(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    columns = (sa.column(name, table.c[name].type) for name in names)
    rows = sa.cast(sa.bindparam("rows", type_=sa.Text), JSON)
    return (
        sa.func.json_to_recordset(rows)
        .table_valued(*columns)
        .render_derived("given", with_types=True)
    )


def _all(table: Table, names: tuple[str, ...]) -> dict[str, BindParameter[Any]]:
    return {name: sa.bindparam(f"all_{name}", type_=table.c[name].type) for name in names}


# Statements are built once: to build one costs more than to run it.


@cache
def _insert_each(table: Table) -> Insert:
    return table.insert()


@cache
def _insert_set(table: Table, shared: tuple[str, ...], own: tuple[str, ...]) -> Insert:
    given = _recordset(table, own)
    values = sa.select(*_all(table, shared).values(), *(given.c[name] for name in own))
    return table.insert().from_select([*shared, *own], values)


@cache
def _update_each(table: Table, only: Any, shared: tuple[str, ...], own: tuple[str, ...]) -> Update:
    each: dict[str, Any] = {name: sa.bindparam(f"each_{name}") for name in own}
    chosen = table.update().where(table.c.id == each.pop("id"), only)
    return chosen.values(_all(table, shared) | each)


@cache
def _update_set(table: Table, only: Any, shared: tuple[str, ...], own: tuple[str, ...]) -> Update:
    given = _recordset(table, own)
    each = {name: given.c[name] for name in own if name != "id"}
    chosen = table.update().where(table.c.id == given.c.id, only)
    return chosen.values(_all(table, shared) | each)
