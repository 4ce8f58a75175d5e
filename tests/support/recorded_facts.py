"""Watches that whatever changes a fact of signing records an entry that says so.

Signing keeps what it has read for as long as the ledger has no such entry
(`engine.signing.account_facts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.events.effects import FACT_PRESERVING_TAGS
from engine.model.principal import Principal
from engine.persistence.db.database import Database
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.credentials.api_tokens import load_revoked_ids
from engine.persistence.store.credentials.sessions import load_ended_ids


@dataclass(frozen=True, slots=True)
class Observation:
    """What signing may read of every account, and how long the ledgers are."""

    facts: dict[str, Any]
    positions: dict[UUID, int]


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, database: Database) -> Iterator[list[str]]:
    """Compare the facts before and after each transaction of the block.

    Yields:
        The facts that were changed so far, each by its name.
    """
    changed: list[str] = []
    whole = Database.writing

    @contextmanager
    def writing(self: Database) -> Iterator[Connection]:
        before = _observe(database)
        with whole(self) as connection:
            yield connection
        changes = _changes(before, _observe(database))
        changed.extend(changes)
        if changes and not _is_recorded(database, before.positions):
            pytest.fail(f"nothing was recorded, but facts of signing changed: {changes}")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "writing", writing)
        yield changed


def _observe(database: Database) -> Observation:
    with database.reading() as connection:
        heads = connection.execute(
            sa.select(t.ledger_heads.c.account_id, t.ledger_heads.c.count)
        ).all()
        facts: dict[str, Any] = {}
        for account_id, _ in heads:
            facts |= _facts_of(connection, account_id)
    return Observation(facts, {row.account_id: row.count for row in heads})


def _facts_of(connection: Connection, account_id: UUID) -> dict[str, Any]:
    def ids(table: sa.Table) -> list[UUID]:
        mine = sa.select(table.c.id).where(table.c.account_id == account_id)
        return list(connection.execute(mine).scalars())

    principals = [Principal(account_id=account_id, user_id=id_) for id_ in ids(t.users)]
    actors = loading.load_actors(connection, principals)
    token_ids, session_ids = ids(t.api_tokens), ids(t.sessions)
    revoked = load_revoked_ids(connection, token_ids)
    ended = load_ended_ids(connection, session_ids)
    keypairs = loading.load_keypairs(connection, account_id, ids(t.keypairs))
    releases = loading.load_releases(connection, ids(t.releases))
    return {
        f"settings {account_id}": loading.load_settings(connection, account_id),
        **{f"user {principal.user_id}": actor for principal, actor in actors.items()},
        **{f"token {id_} revoked": id_ in revoked for id_ in token_ids},
        **{f"session {id_} ended": id_ in ended for id_ in session_ids},
        **{f"keypair {keypair.id}": keypair for keypair in keypairs},
        **{
            f"release {id_}": replace(release, signatures_used=0, signatures_reserved=0)
            for id_, release in releases.items()
        },
    }


def _changes(before: Observation, after: Observation) -> list[str]:
    # What is new was not read before, so that nobody keeps it.
    return [name for name, fact in before.facts.items() if after.facts.get(name) != fact]


def _is_recorded(database: Database, positions: dict[UUID, int]) -> bool:
    e = t.ledger_entries
    with database.reading() as connection:
        rows = connection.execute(sa.select(e.c.account_id, e.c.position, e.c.tag)).all()
    return any(
        row.position > positions[row.account_id] and row.tag not in FACT_PRESERVING_TAGS
        for row in rows
        if row.account_id in positions
    )
