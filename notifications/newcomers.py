"""Whoever becomes an approver while a request is open is asked too, and gets a link."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from engine.events import Event, RoleUpdated, TeamUpdated, UserCreated, UserUpdated
from engine.facts import Release
from engine.persistence import loading
from engine.persistence import tables as t
from engine.persistence.work import Work
from engine.vocabulary import Status
from notifications import recipients
from notifications.recipients import People
from notifications.tables import action_links
from notifications.vocabulary import Audience

#: Of each event, the changes that can make somebody an approver; None: the event itself can.
_MAKING: dict[type[Event], frozenset[str] | None] = {
    TeamUpdated: frozenset({"member_ids"}),
    UserCreated: None,
    UserUpdated: frozenset({"roles", "active"}),
    RoleUpdated: frozenset({"permissions"}),
}


def can_make_approvers(event: Event) -> bool:
    """After it somebody may be asked who was not asked before."""
    if type(event) not in _MAKING:
        return False
    fields = _MAKING[type(event)]
    return fields is None or not fields.isdisjoint(getattr(event, "changes", {}))


def unasked(work: Work) -> Iterator[tuple[Release, People]]:
    """Each open request with the approvers that nobody asked in this round."""
    r = t.releases
    query = sa.select(r.c.id).where(
        r.c.account_id == work.account_id, r.c.status == Status.PENDING, r.c.ends_at > work.now
    )
    ids = work.connection.execute(query.order_by(r.c.id)).scalars().all()
    for release in loading.load_releases(work.connection, ids).values():
        undecided = recipients.of_release(work.connection, release, {Audience.UNDECIDED})
        asked = _asked(work, release)
        people = {user_id: who for user_id, who in undecided.items() if user_id not in asked}
        if people:
            yield release, people


def _asked(work: Work, release: Release) -> frozenset[UUID]:
    """Whose link is good; a link that ended with its user's deactivation is not."""
    a = action_links
    query = sa.select(a.c.user_id).where(
        a.c.release_id == release.id,
        a.c.material_revision == release.material_revision,
        a.c.voided_at.is_(None),
    )
    return frozenset(work.connection.execute(query).scalars().all())
