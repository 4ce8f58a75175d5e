"""Rows of sign-ins by mail that are not completed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_S = t.sign_ins


def load_live_sign_ins(uow: UnitOfWork) -> Sequence[Row[Any]]:
    """Return the `id`, `address` and `created_at` of each; few are live at a time."""
    query: sa.Select[Any] = sa.select(_S.c.id, _S.c.address, _S.c.created_at)
    live = _S.c.used_at.is_(None), _S.c.expires_at > uow.now
    return uow.connection.execute(query.where(*live)).all()


def end_sign_ins(uow: UnitOfWork, ids: Collection[UUID]) -> None:
    """End the links and codes of these sign-ins."""
    update = _S.update().where(id_in(_S.c.id)).values(expires_at=uow.now)
    uow.connection.execute(update, {"ids": list(ids)})
