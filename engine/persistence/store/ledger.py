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
from engine.model.events.effects import FACT_PRESERVING_TAGS
from engine.persistence.db.bulk import insert_many
from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.clock import clock_reading
from engine.persistence.db.compiled import run_compiled
from engine.persistence.store.tables import ledger_entries, ledger_heads

#: The format of bodies that are written now: 2 has `credential`.
FORMAT = 2
#: What the first entry of an account is chained to.
GENESIS = bytes(32)
#: Less than each position that a row has, also one that somebody has changed.
BEFORE_ALL = -(2**62)

# Statements of the hot path are built once: to build one costs more than to run it.
_HEAD = sa.select(ledger_heads.c.count, ledger_heads.c.hash, ledger_heads.c.subscribed_tags).where(
    ledger_heads.c.account_id == sa.bindparam("account")
)
# A subquery: its row is locked by the time that the clock is read.
_LOCKED = _HEAD.with_for_update().subquery()
_LOCKED_HEAD = sa.select(*_LOCKED.c, clock_reading().label("clock_reading"))
_UPDATE_HEAD = (
    ledger_heads.update()
    .where(ledger_heads.c.account_id == sa.bindparam("account"))
    .values(count=sa.bindparam("entries"), hash=sa.bindparam("last"))
)
# A database that fell back on an earlier state has another entry at that position, or none.
_IS_KNOWN = sa.exists().where(
    ledger_entries.c.account_id == sa.bindparam("account"),
    ledger_entries.c.position == sa.bindparam("position"),
    ledger_entries.c.hash == sa.bindparam("hash"),
)
_CHANGES_FACTS = sa.exists().where(
    ledger_entries.c.account_id == sa.bindparam("account"),
    ledger_entries.c.position > sa.bindparam("position"),
    ledger_entries.c.tag.not_in(sorted(FACT_PRESERVING_TAGS)),
)
_PRESERVES_FACTS = sa.select(sa.and_(_IS_KNOWN, ~_CHANGES_FACTS))


@dataclass(frozen=True, slots=True)
class Head:
    """The length of an account's ledger, and the hash of its last entry."""

    count: int
    hash: bytes
    #: The tags that webhooks subscribe to, separated by spaces; no part of the ledger itself.
    subscribed_tags: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A recorded event with its place in the ledger."""

    position: int
    recorded: Recorded
    #: The head of the ledger with this as its last entry.
    head: Head
    #: A webhook subscribes to its tag.
    is_subscribed: bool = False


def start(connection: Connection, account_id: UUID) -> None:
    """Give a new account its empty ledger."""
    connection.execute(ledger_heads.insert().values(account_id=account_id, count=0, hash=GENESIS))


def head(connection: Connection, account_id: UUID) -> Head:
    """The account's head."""
    return Head(*run_compiled(connection, _HEAD, {"account": account_id}).one())


def lock_head(connection: Connection, account_id: UUID) -> tuple[Head, datetime | None]:
    """Lock the account's head, a transaction's last lock; with a reading for `Clock.now`."""
    *values, reading = run_compiled(connection, _LOCKED_HEAD, {"account": account_id}).one()
    return Head(*values), reading


def write_subscribed_tags(connection: Connection, account_id: UUID, tags: Collection[str]) -> None:
    """Replace the tags that webhooks subscribe to; the caller has locked the head."""
    mine = ledger_heads.c.account_id == account_id
    connection.execute(
        ledger_heads.update().where(mine).values(subscribed_tags=" ".join(sorted(tags)))
    )


def append(
    connection: Connection,
    account_id: UUID,
    recorded: list[Recorded],
    recorded_at: datetime,
    before: Head | None = None,
) -> list[LedgerEntry]:
    """Write the events as the account's next entries.

    Args:
        connection: The transaction.
        account_id: Whose ledger it is.
        recorded: The events, in their order.
        recorded_at: The instant of the transaction.
        before: The head, if it is locked already.
    """
    if not recorded:
        return []
    if before is None:
        before, _ = lock_head(connection, account_id)
    entries, rows, previous = [], [], before.hash
    patterns = before.subscribed_tags.split()
    for position, item in enumerate(recorded, before.count + 1):
        body = canonical(_body(account_id, position, item, recorded_at, previous))
        previous = hashlib.sha256(body.encode()).digest()
        is_subscribed = any_matches(patterns, item.event.tag)
        entries.append(LedgerEntry(position, item, Head(position, previous), is_subscribed))
        rows.append(_row(position, item, body, previous))
    shared = {"account_id": account_id, "recorded_at": recorded_at}
    insert_many(connection, ledger_entries, shared, rows)
    new_head = {"account": account_id, "entries": before.count + len(rows), "last": previous}
    run_compiled(connection, _UPDATE_HEAD, new_head)
    return entries


def preserves_facts_since(connection: Connection, account_id: UUID, known: Head) -> bool:
    """Whether the ledger still has the entry of an earlier head, and after it no change of facts.

    Args:
        connection: The transaction, which holds the head's lock.
        account_id: Whose ledger it is.
        known: The earlier head.
    """
    parameters = {"account": account_id, "position": known.count, "hash": known.hash}
    return bool(connection.execute(_PRESERVES_FACTS, parameters).scalar_one())


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
