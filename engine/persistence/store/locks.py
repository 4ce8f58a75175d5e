"""Locks of commands, always in the same order: account, releases, keypairs; the ledger head last.

On SQLite the transaction itself is the lock (BEGIN IMMEDIATE).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.text import lookup_key
from engine.model.vocabulary import HOLDING, Status
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import tables as t

# Statements of the hot path are built once: to build one costs more than to run it.
_R, _H, _K = t.releases, t.release_keypairs, t.keypairs
_SCHEDULES = sa.select(
    _R.c.id,
    _R.c.status,
    _R.c.starts_at,
    _R.c.ends_at,
    _R.c.signatures_used,
    _R.c.signatures_reserved,
    _R.c.max_signatures,
).where(id_in(_R.c.id))
_LOCKED = (
    _SCHEDULES.where(no_index(_R.c.account_id) == sa.bindparam("account"))
    .order_by(_R.c.id)
    .with_for_update()
)
_SKIPPING_LOCKED = _LOCKED.with_for_update(skip_locked=True)
_HOLDERS = sa.select(_H.c.release_id).where(id_in(_H.c.keypair_id), t.IS_HELD)
_NAMESAKES = sa.select(_R.c.id).where(
    _R.c.account_id == sa.bindparam("account"),
    _R.c.name_key == sa.bindparam("name"),
    _R.c.name_held,
    _R.c.status.in_(sorted(HOLDING)),
)
_PENDING = sa.select(_R.c.id).where(
    _R.c.account_id == sa.bindparam("account"), _R.c.status == Status.PENDING
)
_ACCOUNT = sa.select(t.accounts.c.id).where(t.accounts.c.id == sa.bindparam("account"))
# Whoever holds the ledger's head writes signatures, which refer to keypairs: they must not wait.
_KEYPAIRS = (
    sa.select(_K.c.id).where(id_in(_K.c.id)).order_by(_K.c.id).with_for_update(key_share=True)
)


class Hold(StrEnum):
    """How the account's settings and users are locked."""

    #: Against changes, together with others that only read them.
    SHARED = "SHARED"
    #: To change them. Every release that awaits approval is locked too, for settings and users
    #: decide who may approve it.
    EXCLUSIVE = "EXCLUSIVE"


# Whoever holds the head writes entries, which refer to the account: they must not wait.
_ACCOUNTS = {
    Hold.SHARED: _ACCOUNT.with_for_update(read=True),
    Hold.EXCLUSIVE: _ACCOUNT.with_for_update(key_share=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What a command locks before it decides."""

    account: Hold | None = None
    releases: frozenset[UUID] = frozenset()
    #: Their holding releases are locked too.
    keypairs: frozenset[UUID] = frozenset()
    #: The keypairs' rows as well: to take, give or change them.
    keypair_rows: bool = False
    #: A name for a release: the open one that has it is locked too, for it may be over by now.
    name: str | None = None
    #: Leave out releases that another transaction has locked, rather than wait for them.
    skip_locked: bool = False
    #: The head of the ledger from the start, so that nothing is recorded while this decides. Also
    #: to write a column of a unique key of a keypair or a user: PostgreSQL lets nobody refer to
    #: the row meanwhile, as whoever holds the head does with a signature.
    ledger_head: bool = False


def acquire(connection: Connection, account_id: UUID, lock: Lock) -> list[Row[Any]]:
    """Wait for all locks but that of the ledger; returns the row of each locked release."""
    # On SQLite all waiting was over before the first statement.
    is_alone = connection.dialect.name == "sqlite"
    if lock.account is not None and not is_alone:
        run_compiled(connection, _ACCOUNTS[lock.account], {"account": account_id}).all()
    release_ids = lock.releases | load_holders(connection, lock.keypairs)
    if lock.account is Hold.EXCLUSIVE:
        # Those who request or edit wait for the account, so that no further one comes to await it.
        release_ids |= _pending(connection, account_id)
    release_ids |= _namesakes(connection, account_id, lock.name)
    locked = _lock_releases(
        connection, account_id, release_ids, _SKIPPING_LOCKED if lock.skip_locked else _LOCKED
    )
    if is_alone:
        return locked
    if lock.keypairs and lock.keypair_rows:
        run_compiled(connection, _KEYPAIRS, {"ids": sorted(lock.keypairs)}).all()
    # While this waited, a release may have ended and another taken its keypair.
    while new_ids := load_holders(connection, lock.keypairs) - release_ids:
        locked += _lock_releases(connection, account_id, new_ids)
        release_ids |= new_ids
    return locked


def load_schedules(connection: Connection, release_ids: Collection[UUID]) -> list[Row[Any]]:
    """Window, status and counts of releases that are locked already."""
    if not release_ids:
        return []
    return list(run_compiled(connection, _SCHEDULES, {"ids": sorted(release_ids)}))


def _lock_releases(
    connection: Connection, account_id: UUID, release_ids: Collection[UUID], query: Any = _LOCKED
) -> list[Row[Any]]:
    if not release_ids:
        return []
    return list(
        run_compiled(connection, query, {"ids": sorted(release_ids), "account": account_id})
    )


def _pending(connection: Connection, account_id: UUID) -> frozenset[UUID]:
    rows = run_compiled(connection, _PENDING, {"account": account_id})
    return frozenset(rows.scalars().all())


def _namesakes(connection: Connection, account_id: UUID, name: str | None) -> frozenset[UUID]:
    if name is None:
        return frozenset()
    parameters = {"account": account_id, "name": lookup_key(name)}
    return frozenset(run_compiled(connection, _NAMESAKES, parameters).scalars().all())


def load_holders(connection: Connection, keypair_ids: Collection[UUID]) -> frozenset[UUID]:
    """The open releases that hold these keypairs."""
    if not keypair_ids:
        return frozenset()
    return frozenset(
        run_compiled(connection, _HOLDERS, {"ids": sorted(keypair_ids)}).scalars().all()
    )
