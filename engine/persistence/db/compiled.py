"""Statements that are compiled once, and then run by the driver itself.

For each run of a small statement SQLAlchemy takes several times as long as the driver and the
database together: it looks up the compiled form, expands lists, makes a context and describes the
result. A statement that is a constant of a module needs that once. Its text, the conversion of its
parameters and rows, and its errors are those of SQLAlchemy.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, NoReturn, TypeAlias, TypeVarTuple, overload

from sqlalchemy import Connection, Delete, Dialect, Enum, Insert, Result, Select, Update
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

AnyValues: TypeAlias = tuple[Any, ...]
Statement: TypeAlias = Select[*AnyValues] | Insert | Update | Delete
Values = TypeVarTuple("Values")
Arguments: TypeAlias = Mapping[str, Any]
#: Converts a value to what the driver takes, or from what it gives.
Convert: TypeAlias = Callable[[Any], Any]

#: How many compiled statements are kept, and how many forms of them: one form for each database,
#: and on SQLite for each number of values that a list has.
STATEMENTS_KEPT = 500
FORMS_KEPT = 2000


@overload
def run_compiled(
    connection: Connection, statement: Select[*Values], arguments: Arguments
) -> Result[*Values]: ...
@overload
def run_compiled(
    connection: Connection, statement: Statement, arguments: Arguments
) -> Result[*AnyValues]: ...


def run_compiled(
    connection: Connection, statement: Statement, arguments: Arguments
) -> Result[*AnyValues]:
    """Run a constant statement in the connection's transaction; the result holds all its rows.

    Args:
        connection: In a transaction.
        statement: The same object at every call: a constant of a module.
        arguments: The values of its parameters by name.

    Raises:
        StatementError: As `connection.execute` raises it.
    """
    bound = _bound(connection, statement, arguments)
    if bound is None:
        return connection.execute(statement, arguments)
    form, values = bound
    rows = run_by_driver(connection, form.text, values, fetch=form.metadata is not None)
    return IteratorResult(form.metadata or _NO_COLUMNS, iter(rows))


def fetch_compiled(
    connection: Connection, statement: Select[*AnyValues], arguments: Arguments
) -> list[Any]:
    """Run a constant query as `run_compiled` does; its rows are named tuples.

    To read a value of theirs takes a fifth of the time that it takes with SQLAlchemy's rows, which
    counts where there are many.
    """
    bound = _bound(connection, statement, arguments)
    if bound is None:
        result = connection.execute(statement, arguments)
        return list(map(_row_maker(tuple(result.keys())), result))
    form, values = bound
    return form.rows(run_by_driver(connection, form.text, values, fetch=True))


def _bound(
    connection: Connection, statement: Statement, arguments: Arguments
) -> tuple[Form, Any] | None:
    """Return a statement for the driver and its parameters; None if SQLAlchemy has to run it."""
    if not may_run_by_driver(connection):
        return None
    try:
        form = form_of(statement, connection.dialect, arguments)
        return form, form.bind(arguments)
    except Exception:  # noqa: BLE001 - whatever it is
        # SQLAlchemy refuses such arguments too, in its own way.
        return None


class _Bind(NamedTuple):
    """A parameter of the driver, and where its value comes from."""

    name: str
    convert: Convert | None
    #: The argument; None: the value is a constant of the statement.
    argument: str | None
    #: Which value of the argument, where that is a list; None: the argument itself.
    place: int | None
    constant: Any

    def value(self, arguments: Arguments) -> Any:
        """Return the value as the driver takes it."""
        if self.argument is None:
            return self.constant
        value = arguments[self.argument]
        if self.place is not None:
            value = value[self.place]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class Form:
    """A statement as one database gets it."""

    text: str
    binds: tuple[_Bind, ...]
    is_positional: bool
    #: Describes and converts the rows; None: there are none.
    metadata: SimpleResultMetaData | None
    #: The same for rows that become named tuples.
    make_row: Convert
    converters: tuple[Convert | None, ...]

    def bind(self, arguments: Arguments) -> Any:
        """Return the parameters as the driver takes them."""
        if self.is_positional:
            return tuple([bind.value(arguments) for bind in self.binds])
        return {bind.name: bind.value(arguments) for bind in self.binds}

    def rows(self, raw: Sequence[Any]) -> list[Any]:
        """Return the driver's rows as named tuples; they are converted column by column."""
        columns = [
            column if convert is None else map(convert, column)
            for convert, column in zip(self.converters, zip(*raw, strict=True), strict=False)
        ]
        return list(map(self.make_row, zip(*columns, strict=True)))


def form_of(statement: Statement, dialect: Dialect, arguments: Arguments) -> Form:
    """Return the form of a statement for a database, and for lists as long as these."""
    lists = _compiled(statement, dialect).lists
    return _form(statement, dialect, tuple([len(arguments[name]) for name in lists]))


def may_run_by_driver(connection: Connection) -> bool:
    """Tell whether nothing would be missed if SQLAlchemy did not run a statement.

    What listens to statements, such as a tracer, is called by SQLAlchemy, which also begins a
    transaction where there is none.
    """
    listeners = connection.dispatch
    return connection.in_transaction() and not (
        listeners.before_execute
        or listeners.after_execute
        or listeners.before_cursor_execute
        or listeners.after_cursor_execute
    )


def run_text(connection: Connection, text: str) -> None:
    """Run a text without parameters, of which nothing is fetched, in the connection's transaction.

    Raises:
        DBAPIError: As SQLAlchemy raises it.
    """
    if may_run_by_driver(connection):
        run_by_driver(connection, text, (), fetch=False)
    else:
        connection.exec_driver_sql(text)


def run_by_driver(
    connection: Connection, text: str, values: Any, *, fetch: bool, many: bool = False
) -> Sequence[Any]:
    """Run a text by the driver; its error becomes what SQLAlchemy makes of it."""
    cursor = connection.connection.cursor()
    try:
        if many:
            cursor.executemany(text, values)
        else:
            cursor.execute(text, values)
        rows = cursor.fetchall() if fetch else ()
    except BaseException as error:  # noqa: BLE001 - raised again, as by SQLAlchemy
        _raise_translated(connection, error, text, values, cursor)
    cursor.close()
    return rows


def _raise_translated(
    connection: Connection, error: BaseException, text: str, values: Any, cursor: Any
) -> NoReturn:
    """Raise an error as SQLAlchemy does: its listeners are told, a broken connection discarded."""
    is_of_driver = isinstance(error, connection.dialect.loaded_dbapi.Error)
    # There is no public way; tests compare what is raised, so that a change is noticed.
    connection._handle_dbapi_exception(  # noqa: SLF001
        error, text if is_of_driver else None, values, cursor, None
    )


class _Compiled(NamedTuple):
    compiler: SQLCompiler
    #: The arguments whose values are parameters of their own.
    lists: tuple[str, ...]


@lru_cache(maxsize=STATEMENTS_KEPT)
def _compiled(statement: Statement, dialect: Dialect) -> _Compiled:
    compiler = statement.compile(dialect=dialect)
    assert isinstance(compiler, SQLCompiler)
    assert not compiler.insert_prefetch and not compiler.update_prefetch, "defaults are not made"
    binds = compiler.binds.items()
    return _Compiled(compiler, tuple(n for n, b in binds if b.expanding and b.required))


@lru_cache(maxsize=FORMS_KEPT)
def _form(statement: Statement, dialect: Dialect, lengths: tuple[int, ...]) -> Form:
    compiler, lists = _compiled(statement, dialect)
    sources: dict[str, Any] = {
        name: _Source(name, None) for name, bind in compiler.binds.items() if bind.required
    }
    for name, length in zip(lists, lengths, strict=True):
        sources[name] = [_Source(name, index) for index in range(length)]
    expanded = compiler.construct_expanded_state(sources, escape_names=False)
    types = {name: bind.type for name, bind in compiler.binds.items()}
    for name, elements in expanded.parameter_expansion.items():
        types |= dict.fromkeys(elements, types[name])
    names = expanded.parameters if expanded.positiontup is None else expanded.positiontup
    return Form(
        text=expanded.statement,
        binds=tuple(_bind(n, expanded.parameters[n], types[n], dialect) for n in names),
        is_positional=expanded.positiontup is not None,
        metadata=_metadata(compiler, dialect),
        make_row=_row_maker(tuple(column.keyname for column in _columns(compiler))),
        converters=tuple(_converter(column.type, dialect) for column in _columns(compiler)),
    )


class _Source(NamedTuple):
    """Stands for a value that is not known yet: that of an argument, or one in its list."""

    argument: str
    place: int | None


def _bind(name: str, value: Any, type_: TypeEngine[Any], dialect: Dialect) -> _Bind:
    convert = bind_converter(type_, dialect)
    if isinstance(value, _Source):
        return _Bind(name, convert, value.argument, value.place, None)
    return _Bind(name, None, None, None, value if convert is None else convert(value))


def bind_converter(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Return what converts values of a type for the driver; None: they are taken as they are."""
    return type_.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=FORMS_KEPT)
def _row_maker(names: tuple[str, ...]) -> Convert:
    """Return what makes a named tuple of a row's values."""
    return partial(tuple.__new__, namedtuple("CompiledRow", names, rename=True))  # noqa: PYI024


def _converter(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Return what converts the values of a column: those of an enum by a look-up alone."""
    implementation = type_.dialect_impl(dialect)
    if isinstance(implementation, Enum) and implementation.enum_class is not None:
        members: dict[str | None, Any] = {None: None}
        members |= implementation.enum_class.__members__.items()
        return members.__getitem__
    converter: Convert | None = implementation.result_processor(dialect, None)
    return converter


def _columns(compiler: SQLCompiler) -> Sequence[Any]:
    # Private, as are the converters: SQLAlchemy offers both to its own results alone.
    return compiler._result_columns  # noqa: SLF001


def _metadata(compiler: SQLCompiler, dialect: Dialect) -> SimpleResultMetaData | None:
    columns = _columns(compiler)
    if not columns:
        return None
    converters = [
        column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
    ]
    return SimpleResultMetaData([column.keyname for column in columns], _processors=converters)


_NO_COLUMNS = SimpleResultMetaData(())
