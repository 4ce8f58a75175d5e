"""Verifies that a ledger is what was written: its chain, and against a head stored elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.persistence.db.canonical_json import canonical, instant_text
from engine.persistence.store import ledger
from engine.persistence.store.ledger import BEFORE_ALL, FORMAT, GENESIS, Head
from engine.persistence.store.tables import ledger_entries as e

#: Entries read by one statement.
ENTRIES_PER_READ = 1000


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head to store elsewhere, with an HMAC that shows that this installation printed it."""

    account_id: UUID
    count: int
    hash: str
    hmac: str

    @classmethod
    def of(cls, account_id: UUID, head: Head, key: bytes) -> Anchor:
        """The anchor of a head, under a key of the installation."""
        return cls(account_id, head.count, head.hash.hex(), _seal(account_id, head, key))

    def is_genuine(self, key: bytes) -> bool:
        """Printed by an installation with this key, and not changed since."""
        head = Head(self.count, bytes.fromhex(self.hash))
        return hmac.compare_digest(_seal(self.account_id, head, key), self.hmac)


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the chain holds; else the first entry that is broken, and how."""

    head: Head
    broken_at: int | None = None
    fault: str | None = None

    @property
    def holds(self) -> bool:
        """The ledger is what was written."""
        return self.fault is None


def verify(connection: Connection, account_id: UUID, anchor: Anchor | None = None) -> Verification:
    """Verify all entries of the account; with an anchor also that none are missing at the end.

    The connection needs a snapshot: entries written meanwhile would not fit the head.
    """
    head = ledger.head(connection, account_id)
    previous, expected = GENESIS, 1
    for row in _entries(connection, account_id):
        fault = _fault(row, account_id, expected, previous)
        if fault is None and anchor is not None and row.position == anchor.count:
            fault = _check_anchor(row.hash, anchor)
        if fault is not None:
            return Verification(head, expected, fault)
        previous, expected = row.hash, expected + 1
    if head != Head(expected - 1, previous):
        return Verification(
            head, expected, "entries are missing at the end, or the head was changed"
        )
    if anchor is not None and anchor.count > head.count:
        count, anchored = head.count, anchor.count
        fault = (
            f"{count} entries are here, the kept head had {anchored}: the last {anchored - count}"
        )
        return Verification(head, expected, f"{fault} are missing")
    return Verification(head)


def _entries(connection: Connection, account_id: UUID) -> Iterator[Row[Any]]:
    after = BEFORE_ALL
    while True:
        query = sa.select(e).where(e.c.account_id == account_id, e.c.position > after)
        rows = connection.execute(query.order_by(e.c.position).limit(ENTRIES_PER_READ)).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].position


def _fault(row: Row[Any], account_id: UUID, expected: int, previous: bytes) -> str | None:
    if row.position != expected:
        return f"the entry is missing; the next one has position {row.position}"
    if hashlib.sha256(row.body.encode()).digest() != row.hash:
        return "its text was changed"
    try:
        body = json.loads(row.body)
        chained_to, values = b64decode(body["previous"]), _values_of_body(body)
    except (ValueError, KeyError, TypeError):
        return "its text is no entry"
    if chained_to != previous:
        return "it is not chained to the entry before"
    if values != _values_of_columns(row, account_id):
        return "its columns differ from its text"
    return _format_fault(body)


def _format_fault(body: dict[str, Any]) -> str | None:
    """Each format has its own fields; the first, from before they were numbered, has no number."""
    number = body.get("format", 1)
    if number == 1 and "format" not in body and "credential" not in body:
        return None
    if number != FORMAT:
        return f"its format {number} is not known to this version"
    credential = body.get("credential")
    if not isinstance(credential, dict) or credential.keys() != {"kind", "id"}:
        return "it does not say with which credential it was done"
    return None


def _values_of_body(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "account": body["account"],
        "position": body["position"],
        "tag": body["tag"],
        "actor": body["actor"]["id"],
        "subject": body["subject"]["id"],
        "release": body["release"],
        "effective_at": body["effective_at"],
        "recorded_at": body["recorded_at"],
    }


def _values_of_columns(row: Row[Any], account_id: UUID) -> dict[str, Any]:
    return {
        "account": str(account_id),
        "position": row.position,
        "tag": row.tag,
        "actor": _text(row.actor_id),
        "subject": _text(row.subject_id),
        "release": _text(row.release_id),
        "effective_at": instant_text(row.effective_at),
        "recorded_at": instant_text(row.recorded_at),
    }


def _text(id_: UUID | None) -> str | None:
    return str(id_) if id_ is not None else None


def _check_anchor(hash_: bytes, anchor: Anchor) -> str | None:
    same = hmac.compare_digest(hash_.hex(), anchor.hash)
    return None if same else "its hash is not the one that was kept: the ledger was rewritten"


def _seal(account_id: UUID, head: Head, key: bytes) -> str:
    text = canonical({"account": account_id, "count": head.count, "hash": head.hash})
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
