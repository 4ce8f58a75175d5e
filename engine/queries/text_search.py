"""Text search: rows whose names or texts contain what was typed, compared as names are.

The rows of the account are scanned, which took 20 to 50 ms for 10,000 releases with notes of 300
characters, on either database. An index of trigrams would need an extension of PostgreSQL that a
database's owner has to allow.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from engine.model.errors import Code, Refusal
from engine.model.text import NAME_LENGTH, lookup_key
from engine.persistence.store import tables as t

#: The most characters that a search may have: no name has more.
SEARCH_LENGTH = NAME_LENGTH


def search_key(text: str, field: str) -> str:
    """Return the form in which a text is searched for; refuses INVALID_INPUT for a longer one."""
    if len(text) > SEARCH_LENGTH:
        message = f"The text to search for has {len(text)} characters. Use at most {SEARCH_LENGTH}."
        raise Refusal(Code.INVALID_INPUT, message, "filter", field)
    return lookup_key(text)


def contains(column: ColumnElement[Any], key: str) -> ColumnElement[bool]:
    """Return a condition: the column contains this key, whose characters stand for themselves."""
    return column.contains(key, autoescape=True)


def user_name_key() -> ColumnElement[str]:
    """Return the key of users' names; those that an older program wrote have only lower case."""
    return sa.func.coalesce(t.users.c.name_key, sa.func.lower(t.users.c.name))


def user_matches(key: str) -> ColumnElement[bool]:
    """Return a condition on users: name or address contains the key."""
    return sa.or_(contains(user_name_key(), key), contains(t.users.c.email_key, key))


def release_matches(account_id: Any, key: str) -> ColumnElement[bool]:
    """Return a condition on releases of an account.

    Name, version, note, the alias of a keypair, or the requester's name or address contains the
    key. Releases that an older program wrote have their version and note only in lower case.
    """
    r, h, k, u = t.releases.c, t.release_keypairs.c, t.keypairs.c, t.users.c
    texts = sa.func.lower(sa.func.coalesce(r.version, "") + "\n" + sa.func.coalesce(r.note, ""))
    keypairs = sa.select(k.id).where(k.account_id == account_id, contains(k.alias_key, key))
    requesters = sa.select(u.id).where(u.account_id == account_id, user_matches(key))
    return sa.or_(
        contains(r.name_key, key),
        contains(sa.func.coalesce(r.search_text, texts), key),
        r.creator_id.in_(requesters),
        r.id.in_(sa.select(h.release_id).where(h.keypair_id.in_(keypairs))),
    )
