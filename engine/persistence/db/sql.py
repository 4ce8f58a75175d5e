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


class no_index(FunctionElement[Any]):  # noqa: N801 - said in statements like SQLAlchemy's own
    """A column that rows found by their ids are only checked by.

    SQLite takes whatever has an index for ten rows: for a dozen ids it would rather read the whole
    account. A plus before the column keeps its indexes out.
    """

    inherit_cache = True
    name = "unindexed"

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(no_index)
def _as_it_is(element: no_index, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(no_index, "sqlite")
def _with_a_plus(element: no_index, compiler: SQLCompiler, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"


class id_in(FunctionElement[bool]):  # noqa: N801 - said in statements like SQLAlchemy's own
    """A column has one of the ids that a statement is given as its parameter `ids`.

    PostgreSQL gets them as one parameter, so that it is one statement however many they are: it is
    planned and prepared once.
    """

    inherit_cache = True
    name = "among"
    type = sa.Boolean()

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)

    def self_group(self, against: OperatorType | None = None) -> id_in:
        """A condition as it is: compared with true, no index would serve it."""
        return self


@compiles(id_in)
def _in_so_many(element: id_in, compiler: SQLCompiler, **more: Any) -> str:
    (column,) = element.clauses
    return compiler.process(column.in_(sa.bindparam("ids", expanding=True)), **more)


@compiles(id_in, "postgresql")
def _in_an_array(element: id_in, compiler: SQLCompiler, **more: Any) -> str:
    (column,) = element.clauses
    given = sa.cast(sa.bindparam("ids", type_=_Array()), sa.ARRAY(sa.Uuid))
    return compiler.process(column == sa.any_(given), **more)


class in_subquery(FunctionElement[bool]):  # noqa: N801 - said in statements like SQLAlchemy's own
    """A column has one of the ids that a query finds, which is asked once.

    PostgreSQL takes a queue for almost empty, since it mostly is, and would ask again for each row.
    """

    inherit_cache = True
    name = "one_of"
    type = sa.Boolean()

    def __init__(self, column: ColumnElement[Any], query: Select[Any]) -> None:
        super().__init__(column, query.correlate(None).scalar_subquery())

    def self_group(self, against: OperatorType | None = None) -> in_subquery:
        """As it is, like `id_in`."""
        return self


@compiles(in_subquery)
def _in_a_query(element: in_subquery, compiler: SQLCompiler, **more: Any) -> str:
    column, query = element.clauses
    return compiler.process(column.in_(query), **more)


@compiles(in_subquery, "postgresql")
def _in_an_array_of_it(element: in_subquery, compiler: SQLCompiler, **more: Any) -> str:
    column, query = element.clauses
    return compiler.process(column == sa.any_(sa.func.array(query)), **more)


class _Array(TypeDecorator[Iterable[UUID]]):
    """Spelt as PostgreSQL would: by its driver that takes several times as long."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[UUID] | None, dialect: Dialect) -> str | None:
        """Ids have nothing in them that would have to be escaped."""
        return None if value is None else "{" + ",".join(id_.hex for id_ in value) + "}"


def is_statement_error(error: BaseException) -> bool:
    """Tell whether an error's message repeats a statement with its values."""
    return isinstance(error, StatementError)
