"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Dialect, Select, Text, TypeDecorator
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

#: Those of people, teams and keypairs are read again and again, and to make one takes a while.
uuid_of = lru_cache(maxsize=10_000)(UUID)


class Id(sa.Uuid[UUID]):
    """Who or what it is. SQLite has it as text, and gives one and the same each time."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Nothing is left to do where the database knows ids."""
        if dialect.supports_native_uuid:
            return None
        return lambda text: None if text is None else uuid_of(text)


class Instant(TypeDecorator[datetime]):
    """A UTC instant with microseconds, of fixed width, so that text order is time order."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes: they name no instant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs an offset")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """SQLite gives text without an offset; PostgreSQL an instant with the session's."""
        if dialect.name == "sqlite":
            return lambda text: None if text is None else datetime.fromisoformat(f"{text}+00:00")
        return lambda value: None if value is None else value.astimezone(UTC)


#: Text compared byte by byte on both databases, whatever the server's locale.
ExactText = Text().with_variant(Text(collation="C"), "postgresql")


def enum_column(enum: type[StrEnum]) -> sa.Enum:
    """One word of a closed set, stored as text; the rows hold no other (CHECK)."""
    name = "".join("_" + c.lower() if c.isupper() else c for c in enum.__name__).lstrip("_")
    return sa.Enum(enum, native_enum=False, create_constraint=True, length=30, name=name)


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


def primary_key() -> Column[UUID]:
    """The primary key: a version 7 UUID, made by the engine."""
    return Column("id", Id, primary_key=True)


def foreign_key(name: str, target: str, **options: Any) -> Column[UUID]:
    """A reference to another row; not null unless said otherwise."""
    options.setdefault("nullable", False)
    return Column(name, Id, sa.ForeignKey(target), **options)


def timestamp(name: str, **options: Any) -> Column[datetime]:
    """A UTC instant; not null unless said otherwise."""
    options.setdefault("nullable", False)
    return Column(name, Instant, **options)


def is_statement_error(error: BaseException) -> bool:
    """Tell whether an error's message repeats a statement with its values."""
    return isinstance(error, StatementError)
