"""Seal keypairs anew under the first configured master key, so that older ones can be removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.commands.maintenance.remember_master_key import PURPOSE
from engine.commands.transactions import bare_transaction, transaction
from engine.model.events import KeypairResealed
from engine.model.facts import OPERATOR
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Lock
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.keyring import KeyBinding, Keyring, SealBrokenError
from engine.system import System

#: How many keypairs one transaction seals anew, for it locks the account's ledger meanwhile.
RESEAL_BATCH_ROWS = 50

_K = t.keypairs


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
        account_ids = connection.execute(sa.select(t.accounts.c.id)).scalars().all()
    for account_id in sorted(account_ids):
        after: UUID | None = None
        while ids := _next_ids(system.database, keyring, account_id, after, batch_rows):
            resealed += retry(partial(_reseal, system, keyring, account_id, ids))
            after = ids[-1]
    bare_transaction(system.database, lambda connection: _renew_check(connection, keyring))
    others = _K.c.master_key_id != keyring.sealing_key_id
    return ResealResult(resealed, tuple(_unopened(system.database, keyring, others)))


def unopened_keypairs(database: Database, keyring: Keyring) -> tuple[UnopenedKeypair, ...]:
    """Open every sealed key of every account, and return those that do not open."""
    return tuple(_unopened(database, keyring, _K.c.master_key_id.is_not(None)))


def _next_ids(
    database: Database, keyring: Keyring, account_id: UUID, after: UUID | None, number: int
) -> list[UUID]:
    query = sa.select(_K.c.id).where(
        _K.c.account_id == account_id, _K.c.master_key_id != keyring.sealing_key_id
    )
    if after is not None:
        query = query.where(_K.c.id > after)
    with database.reading() as connection:
        return list(connection.execute(query.order_by(_K.c.id).limit(number)).scalars())


def _reseal(system: System, keyring: Keyring, account_id: UUID, ids: list[UUID]) -> int:
    with transaction(system, account_id, None, Lock()) as uow:
        query = sa.select(_K).where(_K.c.id.in_(ids)).order_by(_K.c.id).with_for_update()
        rows = uow.connection.execute(query).all()
        return sum(_reseal_row(uow, keyring, row) for row in rows)


def _reseal_row(uow: UnitOfWork, keyring: Keyring, row: Row[Any]) -> bool:
    # Another run may have been here first.
    if row.master_key_id == keyring.sealing_key_id:
        return False
    binding = KeyBinding(row.account_id, row.id)
    try:
        secret = keyring.open(row.material, row.master_key_id, binding)
    except SealBrokenError:
        return False
    sealed = keyring.seal(secret, binding)
    values = {"material": sealed.material, "master_key_id": sealed.key_id}
    uow.connection.execute(_K.update().where(_K.c.id == row.id).values(values))
    changes = {"master_key_id": (row.master_key_id, sealed.key_id)}
    uow.record(KeypairResealed(subject_id=row.id, changes=changes), actor=OPERATOR)
    return True


def _renew_check(connection: Connection, keyring: Keyring) -> None:
    left = sa.select(_K.c.id).where(_K.c.master_key_id != keyring.sealing_key_id).limit(1)
    if connection.execute(left).first() is not None:
        return
    check = t.key_checks.update().where(t.key_checks.c.purpose == PURPOSE)
    connection.execute(check.values(value=keyring.make_check()))


def _unopened(database: Database, keyring: Keyring, which: Any) -> Iterator[UnopenedKeypair]:
    account = t.accounts
    query = (
        sa.select(_K, account.c.name.label("account_name"))
        .join(account, account.c.id == _K.c.account_id)
        .where(which)
        .order_by(account.c.name, _K.c.alias)
    )
    with database.reading() as connection:
        for row in connection.execute(query):
            try:
                keyring.open(row.material, row.master_key_id, KeyBinding(row.account_id, row.id))
            except SealBrokenError as error:
                yield UnopenedKeypair(row.account_name, row.alias, str(error))
