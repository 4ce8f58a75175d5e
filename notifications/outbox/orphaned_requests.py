"""Requests that await approval although their requester has been deactivated."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import UUID

import sqlalchemy as sa

from engine.model.facts import Release
from engine.model.vocabulary import Status
from engine.persistence.db.sql import id_in
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.facts.release_context import ReleaseContext, load_release_context

_R = t.releases
_PENDING = sa.select(_R.c.id).where(
    id_in(_R.c.creator_id),
    _R.c.account_id == sa.bindparam("account"),
    _R.c.status == Status.PENDING,
    _R.c.ends_at > sa.bindparam("now"),
)


def pending_of(
    uow: UnitOfWork, user_ids: Collection[UUID]
) -> Iterator[tuple[Release, ReleaseContext]]:
    """Yield each pending request of these people, with its context."""
    if not user_ids:
        return
    values = {"ids": sorted(user_ids), "account": uow.account_id, "now": uow.now}
    ids = uow.connection.execute(_PENDING, values).scalars().all()
    releases = loading.load_releases(uow.connection, ids)
    if not releases:
        return
    context = load_release_context(uow.connection, releases.values())
    for id_ in sorted(releases):
        yield releases[id_], context
