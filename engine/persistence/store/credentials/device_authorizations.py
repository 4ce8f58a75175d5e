"""Rows of devices that ask for a session, and of what was answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects import postgresql, sqlite

from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_D, _A = t.device_authorizations, t.device_code_attempts


def insert_authorization(connection: Connection, values: dict[str, Any]) -> None:
    """Write that a device asks for a session."""
    connection.execute(_D.insert().values(values))


def count_live(connection: Connection, now: datetime, client: str) -> tuple[int, int]:
    """Return how many have not expired: all of them, and those of one client."""
    own = sa.func.count(sa.case((_D.c.client == client, 1)))
    query = sa.select(sa.func.count(), own).where(_D.c.expires_at > now)
    total, of_client = connection.execute(query).one()
    return total, of_client


def count_attempt(
    connection: Connection, user_id: UUID, now: datetime, period: timedelta, maximum: int
) -> bool:
    """Count that a user types a code; return False where there were as many as there may be.

    Args:
        connection: A writing connection.
        user_id: Who types it.
        now: When.
        period: For how long an attempt counts, at most.
        maximum: How many attempts there may be in a period.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    first = dialect.insert(_A).values(user_id=user_id, counted_since=now, attempts=1)
    is_over = _A.c.counted_since <= now - period
    counted = first.on_conflict_do_update(
        index_elements=[_A.c.user_id],
        set_={
            "attempts": sa.case((is_over, 1), else_=_A.c.attempts + 1),
            "counted_since": sa.case((is_over, now), else_=_A.c.counted_since),
        },
        where=sa.or_(is_over, _A.c.attempts < maximum),
    )
    return connection.execute(counted.returning(_A.c.user_id)).first() is not None


def load_by_device_code(connection: Connection, code_hash: bytes) -> Row[Any] | None:
    """Return the row of a device code, and keep others from changing it meanwhile."""
    query = sa.select(_D).where(_D.c.device_code_hash == code_hash).with_for_update()
    return connection.execute(query).one_or_none()


def load_undecided(connection: Connection, user_code_hash: bytes, now: datetime) -> Row[Any] | None:
    """Return the row of a user code that nobody has decided on, if it has not expired."""
    query = sa.select(_D).where(_D.c.user_code_hash == user_code_hash, *_is_undecided(now))
    return connection.execute(query).one_or_none()


def write_poll(connection: Connection, id_: UUID, now: datetime, interval_seconds: int) -> None:
    """Write down that the device asked whether it was confirmed, and how soon it may ask again."""
    values = {"last_polled_at": now, "interval_seconds": interval_seconds}
    connection.execute(_D.update().where(_D.c.id == id_).values(values))


def decide(uow: UnitOfWork, id_: UUID, session_id: UUID | None, *, confirmed: bool) -> bool:
    """Write what the actor decided; return whether it was undecided, and had not expired."""
    undecided = _D.update().where(_D.c.id == id_, *_is_undecided(uow.now))
    update = undecided.values(
        confirmed=confirmed,
        account_id=uow.account_id,
        user_id=uow.actor.user_id,
        session_id=session_id,
    )
    return bool(uow.connection.execute(update).rowcount)


def use(uow: UnitOfWork, id_: UUID) -> Row[Any] | None:
    """Mark what the actor confirmed as used, and return it; None where it was used or expired."""
    is_own = _D.c.account_id == uow.account_id, _D.c.user_id == uow.actor.user_id
    is_usable = _D.c.confirmed, _D.c.used_at.is_(None), _D.c.expires_at > uow.now
    update = _D.update().where(_D.c.id == id_, *is_own, *is_usable).values(used_at=uow.now)
    return uow.connection.execute(update.returning(_D)).one_or_none()


def delete_expired_before(connection: Connection, instant: datetime) -> None:
    """Delete what expired before an instant."""
    connection.execute(_D.delete().where(_D.c.expires_at < instant))


def _is_undecided(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return _D.c.confirmed.is_(None), _D.c.expires_at > now
