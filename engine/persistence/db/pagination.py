"""Keyset pages: a cursor holds the last row's keys, its order and its filter; never an OFFSET."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Label, Row, Select

from engine.model.errors import Code, Refusal
from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.types import Instant

#: Rows on a page at most, and where nothing is asked.
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageArgs:
    """Which page: as Relay's connections ask (forward or backward, not both)."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """Rows asked for."""
        return next(
            (asked for asked in (self.first, self.last) if asked is not None), DEFAULT_PAGE_SIZE
        )

    @property
    def is_backward(self) -> bool:
        """The page is counted from its end."""
        return self.last is not None

    def check(self) -> None:
        """Refuse what has no meaning or is too much, with INVALID_INPUT."""
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
    window: PageArgs,
    scope: Any = None,
    any_of: Sequence[ColumnElement[bool]] = (),
) -> Page[Row[Any]]:
    """One page of the query, in one statement. `scope`: the filter, which cursors carry too;
    `any_of`: conditions of which one is to hold, each looked up by an index of its own.
    """
    window.check()
    stamp = stamp_of(order, scope)
    labelled = [key.label(f"_key{n}") for n, key in enumerate(order.keys)]
    query = query.add_columns(*labelled)
    for name, cursor in (("after", window.after), ("before", window.before)):
        if cursor is not None:
            values = decode(cursor, stamp, order, name)
            query = query.where(_beyond(order, values, forward=name == "after"))
    parts = [query.where(condition) for condition in any_of] or [query]
    downward = order.descending != window.is_backward
    found = _first(parts, labelled, window.size + 1, downward=downward)
    rows = list(connection.execute(found).all())
    more = len(rows) > window.size
    rows = rows[: window.size]
    if window.is_backward:
        rows.reverse()
    cursors = [
        encode(stamp, [row._mapping[f"_key{n}"] for n in range(len(order.keys))]) for row in rows
    ]
    return Page(
        rows,
        cursors,
        has_next=window.before is not None if window.is_backward else more,
        has_previous=more if window.is_backward else window.after is not None,
    )


def _first(
    parts: Sequence[Select[Any]], keys: Sequence[Label[Any]], number: int, *, downward: bool
) -> Select[Any]:
    """The first rows of all parts together; of none of them more are looked at."""
    found = [part.order_by(*_ordered(keys, downward=downward)).limit(number) for part in parts]
    if len(found) == 1:
        return found[0]
    # Spelt by names: for SQLAlchemy to derive each part's columns takes longer than the answer.
    each = [sa.select(sa.text("*")).select_from(part.subquery()) for part in found]
    columns = {c.name: sa.column(c.name, c.type) for c in found[0].selected_columns}
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
    """Ties a cursor to its order and filter."""
    told = f"{order.name}{'-' if order.descending else '+'}{canonical(scope)}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def encode(stamp: str, values: Sequence[Any]) -> str:
    """An opaque cursor."""
    return urlsafe_b64encode(canonical([stamp, [_mark(v) for v in values]]).encode()).decode()


def decode(cursor: str, stamp: str, order: Order, name: str) -> list[Any]:
    """A cursor's values; refuses INVALID_INPUT when it is none of this order and filter's."""
    try:
        found, values = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        if found == stamp:
            marked = zip(values, order.keys, strict=True)
            return [_fitting(_unmark(kind, text), key) for (kind, text), key in marked]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        message = "This cursor is malformed. Use one that a page gave you."
        raise Refusal(Code.INVALID_INPUT, message, name) from error
    message = "This cursor belongs to another order or filter. Start from the first page."
    raise Refusal(Code.INVALID_INPUT, message, name)


def _fitting(value: Any, key: ColumnElement[Any]) -> Any:
    """Anybody can write a cursor: what the column cannot be compared with raises."""
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
