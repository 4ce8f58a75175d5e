"""Linking tables, read as sets by their owner."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Select

#: The ids a statement is asked for. Statements are built once: to build costs more than to run.
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)


def column_set(connection: Connection, column: Any, **where: UUID) -> frozenset[UUID]:
    """One column of the rows in which others have these values."""
    query = sa.select(column)
    for name, value in where.items():
        query = query.where(column.table.c[name] == value)
    return frozenset(connection.execute(query).scalars().all())


def grouped(
    connection: Connection, by: Any, column: Any, ids: Iterable[UUID]
) -> dict[UUID, frozenset[UUID]]:
    """The other column's values of each owner; owners without any are left out."""
    return gather(connection.execute(_pairs(by, column), {"ids": sorted(ids)}))


@cache
def _pairs(by: Any, column: Any) -> Select[tuple[UUID, Any]]:
    return sa.select(by, column).where(by.in_(IDS))


def gather(pairs: Iterable[Any]) -> dict[UUID, frozenset[Any]]:
    """Pairs of owner and value, by owner."""
    groups: dict[UUID, set[Any]] = {}
    for key, value in pairs:
        groups.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in groups.items()}
