"""Conditions of statements that each database gets in the form it plans best."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Dialect, Select, Text, TypeDecorator
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType


class no_index(FunctionElement[Any]):  # noqa: N801 - used in statements like SQLAlchemy's functions
    """A column whose indexes are not used, since the rows are found by their ids.

    SQLite assumes that an index it knows nothing about selects ten rows: for a dozen ids it would
    rather scan the account. A plus before the column keeps the column's indexes out.
    """

    inherit_cache = True
    name = "no_index"

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(no_index)
def _plain_column(element: no_index, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(no_index, "sqlite")
def _column_with_plus(element: no_index, compiler: SQLCompiler, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"


class id_in(FunctionElement[bool]):  # noqa: N801 - used in statements like SQLAlchemy's functions
    """The condition that a column has one of the ids in the statement's parameter `ids`.

    PostgreSQL gets them as one array, so that the text of the statement does not depend on their
    number: it is planned and prepared once.
    """

    inherit_cache = True
    name = "id_in"
    type = sa.Boolean()

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)

    def self_group(self, against: OperatorType | None = None) -> id_in:
        """Keep the condition as it is: compared with true, no index would be used for it."""
        return self


@compiles(id_in)
def _in_list(element: id_in, compiler: SQLCompiler, **more: Any) -> str:
    (column,) = element.clauses
    return compiler.process(column.in_(sa.bindparam("ids", expanding=True)), **more)


@compiles(id_in, "postgresql")
def _in_array(element: id_in, compiler: SQLCompiler, **more: Any) -> str:
    (column,) = element.clauses
    ids = sa.cast(sa.bindparam("ids", type_=_Array()), sa.ARRAY(sa.Uuid))
    return compiler.process(column == sa.any_(ids), **more)


class in_subquery(FunctionElement[bool]):  # noqa: N801 - used in statements like SQLAlchemy's functions
    """The condition that a column has one of the ids that a subquery finds, which runs once.

    PostgreSQL assumes that a queue table is almost empty, as it mostly is, and would run the
    subquery for each row.
    """

    inherit_cache = True
    name = "in_subquery"
    type = sa.Boolean()

    def __init__(self, column: ColumnElement[Any], query: Select[Any]) -> None:
        super().__init__(column, query.correlate(None).scalar_subquery())

    def self_group(self, against: OperatorType | None = None) -> in_subquery:
        """Keep the condition as it is, like `id_in`."""
        return self


@compiles(in_subquery)
def _in_query(element: in_subquery, compiler: SQLCompiler, **more: Any) -> str:
    column, query = element.clauses
    return compiler.process(column.in_(query), **more)


@compiles(in_subquery, "postgresql")
def _in_array_of_query(element: in_subquery, compiler: SQLCompiler, **more: Any) -> str:
    column, query = element.clauses
    return compiler.process(column == sa.any_(sa.func.array(query)), **more)


class _Array(TypeDecorator[Iterable[UUID]]):
    """Ids as the text of a PostgreSQL array, which the driver makes several times as slowly."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[UUID] | None, dialect: Dialect) -> str | None:
        """Join the ids, which contain nothing to be escaped."""
        return None if value is None else "{" + ",".join(id_.hex for id_ in value) + "}"


def is_statement_error(error: BaseException) -> bool:
    """Tell whether an error's message repeats a statement with its values."""
    return isinstance(error, StatementError)
