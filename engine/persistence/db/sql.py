"""Conditions of statements that each database gets in the form it plans best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Dialect, Select
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import UserDefinedType


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
    return compiler.process(column == sa.any_(sa.bindparam("ids", type_=_IdArray())), **more)


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


class _IdArray(UserDefinedType[Sequence[UUID]]):
    """Ids for a parameter of PostgreSQL's type `uuid[]`.

    The driver gets their text, since it makes an array several times as slowly. The parameter
    itself has the type: a text that the statement casts would be parsed again for every row that
    is compared with it.
    """

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the type of the parameter itself."""
        return "UUID[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Join the ids, which contain nothing to be escaped."""
        return lambda ids: "{" + ",".join([id_.hex for id_ in ids]) + "}"


def is_statement_error(error: BaseException) -> bool:
    """Tell whether an error's message repeats a statement with its values."""
    return isinstance(error, StatementError)
