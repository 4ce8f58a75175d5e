"""Finds the account that an operator names."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.errors import Code, Refusal
from engine.model.text import lookup_key, quoted
from engine.persistence.store.tables import accounts


def account_called(connection: Connection, name: str | None) -> UUID:
    """Return the account of this name, or the only one; otherwise refuse with a list of them."""
    rows = connection.execute(sa.select(accounts.c.id, accounts.c.name, accounts.c.name_key)).all()
    matching = [row for row in rows if name is None or row.name_key == lookup_key(name)]
    if len(matching) == 1:
        account_id: UUID = matching[0].id
        return account_id
    if not rows:
        raise Refusal(Code.NOT_FOUND, "There is no account yet: run `countersign init`.")
    there = f"There are: {', '.join(sorted(row.name for row in rows))}."
    if name is None:
        raise Refusal(Code.NOT_FOUND, f"Name one of the accounts with --account. {there}")
    raise Refusal(Code.NOT_FOUND, f"There is no account called {quoted(name)}. {there}")
