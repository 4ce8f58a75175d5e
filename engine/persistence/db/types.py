"""Column types that mean the same on SQLite and PostgreSQL, and columns that many tables have."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, Dialect, Text, TypeDecorator

#: Cached, since the ids of users, teams and keypairs are read often and are slow to parse.
uuid_of = lru_cache(maxsize=10_000)(UUID)


@lru_cache(maxsize=10_000)
def _uuid_or_none(text: str | None) -> UUID | None:
    return None if text is None else uuid_of(text)


class Id(sa.Uuid[UUID]):
    """A UUID. SQLite stores it as text, and equal texts are read as the same object."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Parse the text, unless the database has a type for UUIDs."""
        if dialect.supports_native_uuid:
            return None
        return _uuid_or_none


class Instant(TypeDecorator[datetime]):
    """A UTC instant with microseconds, of fixed width, so that text order is time order."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; raise ValueError for a naive datetime, which is no instant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs an offset")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Read text without an offset from SQLite, and any offset from PostgreSQL."""
        if dialect.name == "sqlite":
            return lambda text: None if text is None else datetime.fromisoformat(f"{text}+00:00")
        return lambda value: None if value is None else value.astimezone(UTC)


#: Text compared byte by byte on both databases, whatever the server's locale.
ExactText = Text().with_variant(Text(collation="C"), "postgresql")


def enum_column(enum: type[StrEnum]) -> sa.Enum:
    """The type of an enumeration: text, which a CHECK constraint limits to its members."""
    name = "".join("_" + c.lower() if c.isupper() else c for c in enum.__name__).lstrip("_")
    return sa.Enum(enum, native_enum=False, create_constraint=True, length=30, name=name)


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
