"""The ledger: gapless positions in commit order, each entry chained by hash to the one before.

An entry's hash is SHA-256 over its body, canonical JSON that contains the previous hash. Bodies
have a format: the first, which has no number, does not say with which credential it was done.

The head also has the tags that webhooks subscribe to. Every commit reads and locks it anyway: so a
commit without a subscriber needs no further query, in whatever process it is, and one that waited
for the lock knows the subscriptions that were made meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.events import Recorded, any_matches
from engine.persistence.db.bulk import insert_many
from engine.persistence.db.canonical_json import canonical
from engine.persistence.store.tables import ledger_entries, ledger_heads

#: The format of bodies that are written now: 2 has `credential`.
FORMAT = 2
#: What the first entry of an account is chained to.
GENESIS = bytes(32)

# Statements of the hot path are built once: to build one costs more than to run it.
_HEAD = sa.select(ledger_heads.c.count, ledger_heads.c.hash, ledger_heads.c.subscribed_tags).where(
    ledger_heads.c.account_id == sa.bindparam("account")
)
_LOCKED_HEAD = _HEAD.with_for_update()
_UPDATE_HEAD = (
    ledger_heads.update()
    .where(ledger_heads.c.account_id == sa.bindparam("account"))
    .values(count=sa.bindparam("entries"), hash=sa.bindparam("last"))
)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A recorded event with its place in the ledger."""

    position: int
    recorded: Recorded
    #: A webhook subscribes to its tag.
    is_subscribed: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The length of an account's ledger, and the hash of its last entry."""

    count: int
    hash: bytes
    #: The tags that webhooks subscribe to, separated by spaces; no part of the ledger itself.
    subscribed_tags: str = field(default="", compare=False)


def start(connection: Connection, account_id: UUID) -> None:
    """Give a new account its empty ledger."""
    connection.execute(ledger_heads.insert().values(account_id=account_id, count=0, hash=GENESIS))


def head(connection: Connection, account_id: UUID, *, lock: bool = False) -> Head:
    """The account's head; locked, it is the last lock a transaction takes."""
    query = _LOCKED_HEAD if lock else _HEAD
    return Head(*connection.execute(query, {"account": account_id}).one())


def write_subscribed_tags(connection: Connection, account_id: UUID, tags: Collection[str]) -> None:
    """Replace the tags that webhooks subscribe to; the caller has locked the head."""
    mine = ledger_heads.c.account_id == account_id
    connection.execute(
        ledger_heads.update().where(mine).values(subscribed_tags=" ".join(sorted(tags)))
    )


def append(
    connection: Connection, account_id: UUID, recorded: list[Recorded], recorded_at: datetime
) -> list[LedgerEntry]:
    """Write the events as the account's next entries."""
    if not recorded:
        return []
    before = head(connection, account_id, lock=True)
    entries, rows, previous = [], [], before.hash
    patterns = before.subscribed_tags.split()
    for position, item in enumerate(recorded, before.count + 1):
        body = canonical(_body(account_id, position, item, recorded_at, previous))
        previous = hashlib.sha256(body.encode()).digest()
        is_subscribed = any_matches(patterns, item.event.tag)
        entries.append(LedgerEntry(position, item, is_subscribed))
        rows.append(_row(position, item, body, previous))
    shared = {"account_id": account_id, "recorded_at": recorded_at}
    insert_many(connection, ledger_entries, shared, rows)
    new_head = {"account": account_id, "entries": before.count + len(rows), "last": previous}
    connection.execute(_UPDATE_HEAD, new_head)
    return entries


def _body(
    account_id: UUID, position: int, item: Recorded, recorded_at: datetime, previous: bytes
) -> dict[str, Any]:
    event, actor = item.event, item.actor
    return {
        "format": FORMAT,
        "account": account_id,
        "position": position,
        "tag": event.tag,
        "actor": {"id": actor.user_id, "name": actor.name, "email": actor.email},
        "channel": actor.channel,
        "credential": {"kind": actor.credential.kind, "id": actor.credential.id},
        "subject": {"kind": event.kind, "id": event.subject_id},
        "release": event.release_id,
        "from": event.from_status,
        "to": event.to_status,
        "reason": event.reason,
        "details": event.details(),
        "effective_at": item.effective_at,
        "recorded_at": recorded_at,
        "previous": previous,
    }


def _row(position: int, item: Recorded, body: str, digest: bytes) -> dict[str, Any]:
    return {
        "position": position,
        "tag": item.event.tag,
        "actor_id": item.actor.user_id,
        "subject_id": item.event.subject_id,
        "release_id": item.event.release_id,
        "effective_at": item.effective_at,
        "body": body,
        "hash": digest,
    }
