"""Finds people who become approvers while a request is open, so that they get a link too."""

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

#: The changes of each event that can make somebody an approver; None where the event itself can.
_CHANGES_THAT_MAKE_APPROVERS: dict[type[Event], frozenset[str] | None] = {
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
#: Who has a current link; one that was voided with its user's deactivation does not count.
_WITH_LINK = (
    sa.select(_A.c.release_id, _A.c.user_id)
    .join(_R, _R.c.id == _A.c.release_id)
    .where(
        id_in(_A.c.release_id),
        _A.c.material_revision == _R.c.material_revision,
        _A.c.voided_at.is_(None),
    )
)


def can_make_approvers(event: Event) -> bool:
    """Tell whether an event may make somebody an approver."""
    if type(event) not in _CHANGES_THAT_MAKE_APPROVERS:
        return False
    fields = _CHANGES_THAT_MAKE_APPROVERS[type(event)]
    return fields is None or not fields.isdisjoint(getattr(event, "changes", {}))


def approvers_without_link(uow: UnitOfWork) -> Iterator[tuple[Release, People, ReleaseContext]]:
    """Yield each open request with the approvers who have no link in this round."""
    values = {"account": uow.account_id, "now": uow.now}
    ids = uow.connection.execute(_OPEN, values).scalars().all()
    if not ids:
        return
    releases = loading.load_releases(uow.connection, ids)
    context = load_release_context(uow.connection, releases.values())
    links = fetch_grouped(uow.connection, _WITH_LINK, ids)
    for release in releases.values():
        undecided = recipients.of_release(release, {Audience.UNDECIDED}, context)
        notified = links.get(release.id, frozenset())
        people = {user_id: who for user_id, who in undecided.items() if user_id not in notified}
        if people:
            yield release, people, context
