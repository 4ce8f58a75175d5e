"""Many releases at once: copies, made in SQL, of one that commands made.

A copy has every row that its model has, in all tables: decisions, edits, signatures, links,
messages, ledger entries. Its ids are numbered, and its ledger entries keep their model's hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

import notifications.tables  # noqa: F401 - on the same metadata
from engine.persistence.db.database import normal_url
from engine.persistence.store import tables as t

#: Of these a copy has rows of its own only where it holds keypairs of its own.
_KEYPAIR_TABLES = (t.keypairs, t.team_keypairs, t.keypair_users)
#: What is unique in the account, and therefore has the copy's number in it.
_NAMES = {t.releases: {"name", "name_key"}, t.keypairs: {"alias", "alias_key"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticData:
    """What is copied, and how often."""

    model: UUID
    number: int
    #: Tells these copies from those of other crowds.
    series: int = 1
    #: Each copy happened so much later than the one before; earlier, where it is negative.
    minutes_apart: int = 0
    #: Each has keypairs of its own, as it must while it has not ended.
    own_keypairs: bool = False


def copy_of(crowd: SyntheticData, number: int) -> UUID:
    """The id of one of the copies, which count from 1."""
    return UUID(f"0190{crowd.series:04}{number:016}{0:08}")


def insert(url: str, *crowds: SyntheticData) -> None:
    """Write the copies in one transaction, without the limits of time that commands have."""
    engine = sa.create_engine(normal_url(url))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":  # room for the indexes that are written all over
            connection.exec_driver_sql("PRAGMA cache_size = -1000000")
        for crowd in crowds:
            _Copier(connection, crowd).copy()
    if engine.dialect.name == "postgresql":  # sooner or later it would do so by itself
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


class _Copier:
    def __init__(self, connection: Connection, crowd: SyntheticData) -> None:
        self._connection, self._crowd = connection, crowd
        first = sa.select(sa.literal(1).label("number")).cte("numbers", recursive=True)
        more = sa.select(first.c.number + 1).where(first.c.number < crowd.number)
        self._numbers = first.union_all(more)
        self._number = self._numbers.c.number
        self._suffix = sa.literal(f" {crowd.series}.") + sa.cast(self._number, sa.Text)
        #: The model's ids that each copy has its own for, by the order in which they are met.
        self._places: dict[UUID, int] = {crowd.model: 0}

    def copy(self) -> None:
        rows_of = {table: self._rows(table) for table in t.metadata.sorted_tables}
        for row in (row for rows in rows_of.values() for row in rows):
            if "id" in row._mapping:
                self._places.setdefault(row.id, len(self._places))
        entries = rows_of.pop(t.ledger_entries)
        for table, rows in rows_of.items():
            for row in rows:
                self._insert(table, self._values(table, row))
        self._chain(entries)

    def _rows(self, table: sa.Table) -> list[Row[Any]]:
        """Return the rows that the model has in a table."""
        model, held = self._crowd.model, t.release_keypairs.c
        if table is t.releases:
            which = table.c.id == model
        elif "release_id" in table.c:
            which = table.c.release_id == model
        elif table in _KEYPAIR_TABLES and self._crowd.own_keypairs:
            name = "id" if table is t.keypairs else "keypair_id"
            which = table.c[name].in_(sa.select(held.keypair_id).where(held.release_id == model))
        else:
            return []
        query = sa.select(table).where(which).order_by(*table.primary_key)
        return list(self._connection.execute(query))

    def _chain(self, entries: list[Row[Any]]) -> None:
        """Write the entries at the next positions of the ledger, without gaps."""
        heads = t.ledger_heads
        count: int = self._connection.execute(sa.select(heads.c.count)).scalar_one()
        for place, entry in enumerate(entries, count + 1):
            position = (self._number - 1) * len(entries) + place
            values = self._values(t.ledger_entries, entry)
            self._insert(t.ledger_entries, values | {"position": position})
        added = len(entries) * self._crowd.number
        self._connection.execute(heads.update().values(count=count + added))

    def _insert(self, table: sa.Table, values: dict[str, ColumnElement[Any]]) -> None:
        query = sa.select(*values.values()).select_from(self._numbers)
        self._connection.execute(table.insert().from_select(list(values), query))

    def _values(self, table: sa.Table, row: Row[Any]) -> dict[str, ColumnElement[Any]]:
        values = {name: value for name, value in row._mapping.items() if value is not None}
        return {name: self._value(table.c[name], value) for name, value in values.items()}

    def _value(self, column: sa.Column[Any], value: Any) -> ColumnElement[Any]:
        if isinstance(value, UUID) and value in self._places:
            return self._id(self._places[value])
        if isinstance(value, datetime) and self._crowd.minutes_apart:
            return self._later(value)
        if column.name in _NAMES.get(column.table, ()):
            return sa.literal(value, sa.Text) + self._suffix
        return sa.literal(value, column.type)

    def _id(self, place: int) -> ColumnElement[UUID]:
        """Build an id of digits alone, which is older than any id of today."""
        number = sa.func.substr(sa.cast(self._number + sa.literal(10**16), sa.Text), 2)
        text = sa.literal(f"0190{self._crowd.series:04}") + number + sa.literal(f"{place:08}")
        return sa.cast(text, sa.Uuid)

    def _later(self, instant: datetime) -> ColumnElement[datetime]:
        minutes = self._number * self._crowd.minutes_apart
        if self._connection.dialect.name == "postgresql":
            interval = sa.func.make_interval(0, 0, 0, 0, 0, minutes)
            return sa.literal(instant, sa.DateTime(timezone=True)) + interval
        shift = sa.cast(minutes, sa.Text) + sa.literal(" minutes")
        return sa.func.strftime("%Y-%m-%d %H:%M:%S.000000", instant.isoformat(" "), shift)
