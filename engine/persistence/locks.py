"""What a command locks, always in the same order: account, releases, keypairs; the head last.

On SQLite the transaction itself is the lock (BEGIN IMMEDIATE).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.naming import lookup_key
from engine.persistence import tables as t
from engine.vocabulary import HOLDING


class Hold(StrEnum):
    """How the account's settings and people are held."""

    #: As they are, together with others who need the same.
    SHARED = "SHARED"
    #: Alone, to change them.
    ALONE = "ALONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What a command needs to stand still."""

    account: Hold | None = None
    releases: frozenset[UUID] = frozenset()
    #: Their holding releases are locked too.
    keypairs: frozenset[UUID] = frozenset()
    #: The keypairs' rows as well: to take, give or change them.
    keypair_rows: bool = False
    #: A name for a release: the open one that has it is locked too, for it may be over by now.
    name: str | None = None


def take(connection: Connection, account_id: UUID, lock: Lock) -> frozenset[UUID]:
    """Wait for the locks; answers the ids of the releases held, as far as they exist."""
    if lock.account is not None:
        row = sa.select(t.accounts.c.id).where(t.accounts.c.id == account_id)
        shared = lock.account is Hold.SHARED
        connection.execute(row.with_for_update(read=shared)).all()
    wanted = lock.releases | holders(connection, lock.keypairs)
    wanted |= _namesakes(connection, account_id, lock.name)
    held = _take_releases(connection, account_id, wanted)
    if lock.keypairs and lock.keypair_rows:
        k = t.keypairs
        rows = sa.select(k.c.id).where(k.c.id.in_(sorted(lock.keypairs)))
        connection.execute(rows.order_by(k.c.id).with_for_update()).all()
    # Whoever was waited for may have ended, and another release taken a keypair meanwhile.
    while come := holders(connection, lock.keypairs) - wanted:
        held |= _take_releases(connection, account_id, come)
        wanted |= come
    return held


def _take_releases(
    connection: Connection, account_id: UUID, wanted: Collection[UUID]
) -> frozenset[UUID]:
    if not wanted:
        return frozenset()
    r = t.releases
    rows = sa.select(r.c.id).where(r.c.id.in_(sorted(wanted)), r.c.account_id == account_id)
    return frozenset(connection.execute(rows.order_by(r.c.id).with_for_update()).scalars().all())


def _namesakes(connection: Connection, account_id: UUID, name: str | None) -> frozenset[UUID]:
    if name is None:
        return frozenset()
    r = t.releases
    query = sa.select(r.c.id).where(
        r.c.account_id == account_id,
        r.c.name_key == lookup_key(name),
        r.c.name_held,
        r.c.status.in_(sorted(HOLDING)),
    )
    return frozenset(connection.execute(query).scalars().all())


def holders(connection: Connection, keypair_ids: Collection[UUID]) -> frozenset[UUID]:
    """The open releases that hold these keypairs."""
    if not keypair_ids:
        return frozenset()
    h = t.release_keypairs
    query = sa.select(h.c.release_id).where(h.c.keypair_id.in_(sorted(keypair_ids)), h.c.held)
    return frozenset(connection.execute(query).scalars().all())
