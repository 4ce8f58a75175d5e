"""Keyset pagination: a cursor holds the last row's keys, and is bound to its order and filter."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Label, Row, Select

from engine.model.errors import Code, Refusal
from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.sql import id_in
from engine.persistence.db.types import Instant

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: Rows on a page at most, and without an argument.
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageArgs:
    """The arguments of a Relay connection: forward or backward, not both."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """The number of rows on the page."""
        return next(
            (size for size in (self.first, self.last) if size is not None), DEFAULT_PAGE_SIZE
        )

    @property
    def is_backward(self) -> bool:
        """The page is counted from its end."""
        return self.last is not None

    def check(self) -> None:
        """Refuse contradictory and too large arguments with INVALID_INPUT."""
        if self.first is not None and self.last is not None:
            raise Refusal(Code.INVALID_INPUT, "Give first or last, not both.", "last")
        for name in ("first", "last"):
            size = getattr(self, name)
            if size is not None and not 0 <= size <= MAX_PAGE_SIZE:
                message = f"A page has 0 to {MAX_PAGE_SIZE} rows; {size} were asked for."
                raise Refusal(Code.INVALID_INPUT, message, name)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of items with a cursor each."""

    items: Sequence[Item]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class Order:
    """What rows are sorted by; the last key makes it total."""

    name: str
    keys: tuple[ColumnElement[Any], ...]
    descending: bool = False


def fetch(
    connection: Connection,
    query: Select[Any],
    order: Order,
    page_args: PageArgs,
    scope: Any = None,
    any_of: Sequence[ColumnElement[bool]] = (),
) -> Page[Row[Any]]:
    """One page of the query, in one statement. `scope`: the filter, which cursors carry too;
    `any_of`: conditions of which one is to hold, each looked up by an index of its own.
    """
    page_args.check()
    stamp = stamp_of(order, scope)
    labelled = _labelled(order)
    query = query.add_columns(*labelled)
    for name, cursor in (("after", page_args.after), ("before", page_args.before)):
        if cursor is not None:
            values = decode(cursor, stamp, order, name)
            query = query.where(_beyond(order, values, forward=name == "after"))
    parts = [query.where(condition) for condition in any_of] or [query]
    downward = order.descending != page_args.is_backward
    statement = _first(parts, labelled, page_args.size + 1, downward=downward)
    return _page(list(connection.execute(statement).all()), order, page_args, stamp)


def fetch_for_owners(
    connection: Connection,
    query: Select[Any],
    owner: ColumnElement[Any],
    ids: Collection[UUID],
    order: Order,
    page_args: PageArgs,
    scope: Any = None,
) -> dict[UUID, Page[Row[Any]]]:
    """One page of the rows of each owner, in one statement for all of them.

    Args:
        connection: The transaction.
        query: The rows of all owners.
        owner: The column that says whose a row is.
        ids: The owners.
        order: What each owner's rows are sorted by.
        page_args: The page. A cursor is of one owner: with several, it is refused for the others.
        scope: The filter, which cursors carry too.
    """
    scopes = {id_: [id_, scope] for id_ in ids}
    if len(scopes) == 1 or page_args.after is not None or page_args.before is not None:
        return {
            id_: fetch(connection, query.where(owner == id_), order, page_args, scopes[id_])
            for id_ in ids
        }
    page_args.check()
    by_owner: dict[UUID, list[Row[Any]]] = {id_: [] for id_ in scopes}
    first = _first_of_each(query, owner, order, page_args)
    for row in connection.execute(first, {"ids": sorted(scopes)}).all():
        by_owner[row._mapping["_owner"]].append(row)
    return {
        id_: _page(own, order, page_args, stamp_of(order, scopes[id_]))
        for id_, own in by_owner.items()
    }


def _first_of_each(
    query: Select[Any], owner: ColumnElement[Any], order: Order, page_args: PageArgs
) -> Select[Any]:
    """The first rows of every owner, counted from the end that the page starts at."""
    downward = order.descending != page_args.is_backward
    nearest_first = _ordered(order.keys, downward=downward)
    rank = sa.func.row_number().over(partition_by=owner, order_by=nearest_first)
    ranked = query.where(id_in(owner)).add_columns(
        owner.label("_owner"), rank.label("_place"), *_labelled(order)
    )
    rows = ranked.subquery()
    is_on_page = rows.c["_place"] <= page_args.size + 1
    return sa.select(rows).where(is_on_page).order_by(rows.c["_place"])


def _labelled(order: Order) -> list[Label[Any]]:
    return [key.label(f"_key{n}") for n, key in enumerate(order.keys)]


def _page(rows: list[Row[Any]], order: Order, page_args: PageArgs, stamp: str) -> Page[Row[Any]]:
    """The page of the rows that were read for it, one more than it has if there are more."""
    has_more = len(rows) > page_args.size
    rows = rows[: page_args.size]
    if page_args.is_backward:
        rows.reverse()
    names = [f"_key{n}" for n in range(len(order.keys))]
    cursors = [encode(stamp, [row._mapping[name] for name in names]) for row in rows]
    return Page(
        rows,
        cursors,
        has_next=page_args.before is not None if page_args.is_backward else has_more,
        has_previous=has_more if page_args.is_backward else page_args.after is not None,
    )


def _first(
    parts: Sequence[Select[Any]], keys: Sequence[Label[Any]], number: int, *, downward: bool
) -> Select[Any]:
    """The first rows of all parts together; of each part no more rows are read."""
    limited = [part.order_by(*_ordered(keys, downward=downward)).limit(number) for part in parts]
    if len(limited) == 1:
        return limited[0]
    # Columns by name: for SQLAlchemy to derive each part's columns takes longer than the query.
    each = [sa.select(sa.text("*")).select_from(part.subquery()) for part in limited]
    columns = {c.name: sa.column(c.name, c.type) for c in limited[0].selected_columns}
    named = [columns[key.name] for key in keys]
    together = sa.select(*columns.values()).select_from(sa.union(*each).subquery())
    return together.order_by(*_ordered(named, downward=downward)).limit(number)


def _ordered(keys: Iterable[ColumnElement[Any]], *, downward: bool) -> list[ColumnElement[Any]]:
    return [key.desc() if downward else key.asc() for key in keys]


def _beyond(order: Order, values: list[Any], *, forward: bool) -> ColumnElement[bool]:
    # A row comparison, which both databases answer from an index.
    keys = sa.tuple_(*order.keys)
    bound = sa.tuple_(
        *(sa.bindparam(None, v, type_=k.type) for v, k in zip(values, order.keys, strict=True))
    )
    return keys > bound if forward != order.descending else keys < bound


def stamp_of(order: Order, scope: Any) -> str:
    """A short hash that binds a cursor to its order and filter."""
    text = f"{order.name}{'-' if order.descending else '+'}{canonical(scope)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def scope_of(filter_: DataclassInstance) -> dict[str, Any]:
    """Return what binds a cursor to a filter: the values of its fields, whatever the time is."""
    return {field.name: getattr(filter_, field.name) for field in fields(filter_)}


def encode(stamp: str, values: Sequence[Any]) -> str:
    """The cursor of a row, opaque to clients."""
    return urlsafe_b64encode(canonical([stamp, [_mark(v) for v in values]]).encode()).decode()


def decode(cursor: str, stamp: str, order: Order, name: str) -> list[Any]:
    """A cursor's values; refuses INVALID_INPUT when it is none of this order and filter's."""
    try:
        cursor_stamp, values = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        if cursor_stamp == stamp:
            marked = zip(values, order.keys, strict=True)
            return [_check_type(_unmark(kind, text), key) for (kind, text), key in marked]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        message = "This cursor is malformed. Use one that a page gave you."
        raise Refusal(Code.INVALID_INPUT, message, name) from error
    message = "This cursor belongs to another order or filter. Start from the first page."
    raise Refusal(Code.INVALID_INPUT, message, name)


def _check_type(value: Any, key: ColumnElement[Any]) -> Any:
    """Raise for a value that the column cannot be compared with: a client may forge a cursor."""
    kind = datetime if isinstance(key.type, Instant) else key.type.python_type
    if type(value) is not kind:
        raise TypeError(kind)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int):
        value.to_bytes(8, signed=True)
    return value


def _mark(value: Any) -> tuple[str, Any]:
    if isinstance(value, datetime):
        return ("t", value.isoformat())
    if isinstance(value, UUID):
        return ("u", value.hex)
    return ("v", value)


def _unmark(kind: str, text: Any) -> Any:
    if kind == "t":
        return datetime.fromisoformat(text)
    if kind == "u":
        return UUID(hex=text)
    if not isinstance(text, (str, int)) or (isinstance(text, str) and "\x00" in text):
        raise TypeError(kind)
    return text
