"""Whoever becomes an approver while a request is open is asked too, and gets a link."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engine.model.events import Event, RoleUpdated, TeamUpdated, UserCreated, UserUpdated
from engine.model.facts import Release
from engine.model.vocabulary import Status
from engine.persistence.db.aggregates import fetch_grouped
from engine.persistence.db.sql import id_in
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.facts.release_context import ReleaseContext, load_release_context
from notifications.outbox import recipients
from notifications.outbox.recipients import People
from notifications.tables import action_links
from notifications.vocabulary import Audience

#: Of each event, the changes that can make somebody an approver; None: the event itself can.
_MAKING: dict[type[Event], frozenset[str] | None] = {
    TeamUpdated: frozenset({"member_ids"}),
    UserCreated: None,
    UserUpdated: frozenset({"roles", "active"}),
    RoleUpdated: frozenset({"permissions"}),
}

_R, _A = t.releases, action_links
_OPEN = (
    sa.select(_R.c.id)
    .where(
        _R.c.account_id == sa.bindparam("account"),
        _R.c.status == Status.PENDING,
        _R.c.ends_at > sa.bindparam("now"),
    )
    .order_by(_R.c.id)
)
#: Whose link is good; a link that ended with its user's deactivation is not.
_ASKED = (
    sa.select(_A.c.release_id, _A.c.user_id)
    .join(_R, _R.c.id == _A.c.release_id)
    .where(
        id_in(_A.c.release_id),
        _A.c.material_revision == _R.c.material_revision,
        _A.c.voided_at.is_(None),
    )
)


def can_make_approvers(event: Event) -> bool:
    """After it somebody may be asked who was not asked before."""
    if type(event) not in _MAKING:
        return False
    fields = _MAKING[type(event)]
    return fields is None or not fields.isdisjoint(getattr(event, "changes", {}))


def not_yet_asked(uow: UnitOfWork) -> Iterator[tuple[Release, People, ReleaseContext]]:
    """Each open request with the approvers that nobody asked in this round."""
    asked = {"account": uow.account_id, "now": uow.now}
    ids = uow.connection.execute(_OPEN, asked).scalars().all()
    if not ids:
        return
    releases = loading.load_releases(uow.connection, ids)
    around = load_release_context(uow.connection, releases.values())
    links = fetch_grouped(uow.connection, _ASKED, ids)
    for release in releases.values():
        undecided = recipients.of_release(release, {Audience.UNDECIDED}, around)
        asked_users = links.get(release.id, frozenset())
        people = {user_id: who for user_id, who in undecided.items() if user_id not in asked_users}
        if people:
            yield release, people, around
