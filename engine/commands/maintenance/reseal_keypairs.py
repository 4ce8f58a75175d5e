"""Seal keypairs anew under the first configured master key, so that older ones can be removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table

from engine.commands.transactions import bare_transaction, transaction
from engine.model.events import KeypairResealed
from engine.model.facts import OPERATOR
from engine.persistence.db.database import Database
from engine.persistence.store.administration import accounts
from engine.persistence.store.locks import Lock
from engine.persistence.store.maintenance.key_checks import replace_master_key_check
from engine.persistence.store.maintenance.sealed_keypairs import (
    is_any_sealed_otherwise,
    load_sealed,
    lock_sealed,
    next_ids_to_reseal,
    replace_seal,
)
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.keyring import KeyBinding, Keyring, SealBrokenError
from engine.system import System

#: How many keypairs one transaction seals anew, for it locks the account's ledger meanwhile.
RESEAL_BATCH_ROWS = 50


@dataclass(frozen=True, slots=True)
class UnopenedKeypair:
    """A keypair whose sealed key does not open, and why."""

    account_name: str
    alias: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResealResult:
    """The outcome of one run; keys that could not be opened are left as they were."""

    resealed: int
    unopened: tuple[UnopenedKeypair, ...]


def reseal_keypairs(
    system: System, keyring: Keyring, *, batch_rows: int = RESEAL_BATCH_ROWS
) -> ResealResult:
    """Seal every keypair of every account under the first configured master key.

    In small transactions: whatever was done before an interruption stays done, and the next run
    does the rest. When nothing is left under another key, the database's check of its master key
    is made anew, so that the first key alone is enough from then on.
    """
    resealed = 0
    with system.database.reading() as connection:
        account_ids = sorted(accounts.load_names(connection))
    for account_id in account_ids:
        after: UUID | None = None
        while ids := _next_ids(system.database, keyring, account_id, after, batch_rows):
            resealed += retry(partial(_reseal, system, keyring, account_id, ids))
            after = ids[-1]
    bare_transaction(system.database, lambda connection: _renew_check(connection, keyring))
    with system.database.reading() as connection:
        left = load_sealed(connection, except_key_id=keyring.sealing_key_id)
    return ResealResult(resealed, tuple(_unopened(left, keyring)))


def unopened_keypairs(database: Database, keyring: Keyring) -> tuple[UnopenedKeypair, ...]:
    """Open every sealed key of every account, and return those that do not open."""
    with database.reading() as connection:
        sealed = load_sealed(connection)
    return tuple(_unopened(sealed, keyring))


def _next_ids(
    database: Database, keyring: Keyring, account_id: UUID, after: UUID | None, limit: int
) -> list[UUID]:
    with database.reading() as connection:
        return next_ids_to_reseal(
            connection, account_id, keyring.sealing_key_id, after=after, limit=limit
        )


def _reseal(system: System, keyring: Keyring, account_id: UUID, ids: list[UUID]) -> int:
    with transaction(system, account_id, None, Lock()) as uow:
        by_keypair: dict[UUID, list[bool]] = {}
        for table, row in lock_sealed(uow, ids):
            by_keypair.setdefault(row.keypair_id, []).append(_reseal_key(uow, keyring, table, row))
    return sum(any(resealed) for resealed in by_keypair.values())


def _reseal_key(uow: UnitOfWork, keyring: Keyring, table: Table, row: Row[Any]) -> bool:
    # Another run may have been here first.
    if row.master_key_id == keyring.sealing_key_id:
        return False
    binding = KeyBinding(row.account_id, row.id)
    try:
        secret = keyring.open(row.material, row.master_key_id, binding)
    except SealBrokenError:
        return False
    sealed = keyring.seal(secret, binding)
    replace_seal(uow, table, row.id, sealed.material, sealed.key_id)
    changes = {"master_key_id": (row.master_key_id, sealed.key_id)}
    uow.record(KeypairResealed(subject_id=row.keypair_id, changes=changes), actor=OPERATOR)
    return True


def _renew_check(connection: Connection, keyring: Keyring) -> None:
    if not is_any_sealed_otherwise(connection, keyring.sealing_key_id):
        replace_master_key_check(connection, keyring.make_check())


def _unopened(rows: Iterable[Row[Any]], keyring: Keyring) -> Iterator[UnopenedKeypair]:
    for row in rows:
        try:
            keyring.open(row.material, row.master_key_id, KeyBinding(row.account_id, row.id))
        except SealBrokenError as error:
            yield UnopenedKeypair(row.account_name, row.alias, str(error))
