"""What somebody with the whole database could do to a ledger, and what older versions wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.database import Database
from engine.persistence.store.ledger import GENESIS
from engine.persistence.store.tables import ledger_entries as e
from engine.persistence.store.tables import ledger_heads

Change = Callable[[Connection], object]


def tamper(database: Database, change: Change) -> None:
    """Change the database behind the engine's back."""
    with database.writing() as connection:
        change(connection)
        connection.commit()


def change_text(position: int, text: str = "{}") -> Change:
    """Replace the text of an entry, and leave its hash."""
    return lambda c: c.execute(e.update().where(e.c.position == position).values(body=text))


def delete_entry(position: int) -> Change:
    """Delete an entry, and leave the head."""
    return lambda c: c.execute(e.delete().where(e.c.position == position))


def swap_entries(first: int, second: int) -> Change:
    """Give each of two entries the other's position."""

    def swap(connection: Connection) -> None:
        for old, new in ((first, -first), (second, first), (-first, second)):
            connection.execute(e.update().where(e.c.position == old).values(position=new))

    return swap


def change_head(**values: Any) -> Change:
    """Replace the count or the hash of the head."""
    return lambda c: c.execute(ledger_heads.update().values(**values))


def cut_end(account_id: UUID, count: int) -> Change:
    """Delete all entries but the first ones, and write the head that fits them."""

    def cut(connection: Connection) -> None:
        connection.execute(e.delete().where(e.c.position > count))
        rows = _rows(connection, account_id)
        connection.execute(ledger_heads.update().values(count=count, hash=rows[-1].hash))

    return cut


def rewrite(account_id: UUID, position: int, **changes: Any) -> Change:
    """Change the text of an entry and of all after it, and chain them and the head anew."""
    return _rewrite(account_id, lambda row: changes if row.position >= position else {})


def as_first_format(account_id: UUID, positions: range) -> Change:
    """Write these entries as older versions did, and chain all of them anew."""
    removed = {"format": None, "credential": None}

    def changes(row: Row[Any]) -> dict[str, Any]:
        return removed if row.position in positions else {}

    return _rewrite(account_id, changes, without=tuple(removed))


def _rewrite(
    account_id: UUID,
    changes: Callable[[Row[Any]], dict[str, Any]],
    without: tuple[str, ...] = (),
) -> Change:
    def run(connection: Connection) -> None:
        previous = GENESIS
        for row in _rows(connection, account_id):
            changed = changes(row)
            body = json.loads(row.body) | changed | {"previous": previous}
            for name in without if changed else ():
                del body[name]
            text = canonical(body)
            previous = hashlib.sha256(text.encode()).digest()
            here = e.update().where(e.c.account_id == account_id, e.c.position == row.position)
            connection.execute(here.values(body=text, hash=previous))
        connection.execute(ledger_heads.update().values(hash=previous))

    return run


def _rows(connection: Connection, account_id: UUID) -> list[Row[Any]]:
    query = sa.select(e).where(e.c.account_id == account_id).order_by(e.c.position)
    return list(connection.execute(query))
