"""Reads the rows of link tables as sets, grouped by their owner."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect, ScalarSelect, Select, TypeDecorator

from engine.persistence.db.compiled import run_compiled


def column_set(connection: Connection, column: Any, **where: UUID) -> frozenset[UUID]:
    """The values of a column in the rows whose other columns have these values."""
    query = sa.select(column)
    for name, value in where.items():
        query = query.where(column.table.c[name] == value)
    return frozenset(connection.execute(query).scalars().all())


class AggregatedSet(TypeDecorator[frozenset[Any]]):
    """Values aggregated into one text; no value at all is the empty set."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, parse: Callable[[str], Any]) -> None:
        super().__init__()
        self.parse = parse

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[Any]:
        """Split the text and parse each value."""
        return frozenset(map(self.parse, value.split(","))) if value else frozenset()


def aggregate_set(column: Any, parse: Callable[[str], Any], *where: Any) -> ScalarSelect[Any]:
    """A subquery for a SELECT: the values in another table that belong to the row, as a set.

    So a record and its links are loaded by one statement.

    Args:
        column: Its values are collected; none may contain a comma.
        parse: Reads a value from its text.
        where: Conditions that refer to the row of the outer statement.
    """
    joined = sa.func.aggregate_strings(sa.cast(column, sa.Text), ",")
    return sa.select(sa.type_coerce(joined, AggregatedSet(parse))).where(*where).scalar_subquery()


def fetch_grouped(
    connection: Connection, statement: Select[Any], ids: Iterable[UUID]
) -> dict[UUID, frozenset[Any]]:
    """Run a statement with the parameter `ids`; its pairs of owner and value, grouped by owner."""
    return gather(run_compiled(connection, statement, {"ids": sorted(ids)}).all())


def gather(pairs: Iterable[Any]) -> dict[UUID, frozenset[Any]]:
    """Group pairs of owner and value by owner."""
    groups: dict[UUID, set[Any]] = {}
    for key, value in pairs:
        groups.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in groups.items()}
