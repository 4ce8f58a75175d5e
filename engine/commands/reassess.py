"""Approve requests whose quorum became complete without a vote, in the transaction of the change.

People, roles, teams, keypairs and settings change while a request awaits its approval. Whoever
changes them locks every request concerned (`locks.acquire`), so no vote and no such change pass
each other unseen: the later of the two finds the quorum complete.
"""

import sqlalchemy as sa

from engine.lifecycle import machine
from engine.model.events import Administered, ReleaseApproved
from engine.model.facts import CLOCK, Release
from engine.model.vocabulary import Status, Trigger, Verdict
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.release_facts import assemble, with_creation_facts
from engine.persistence.store.releases import write_transition
from engine.persistence.store.unit_of_work import UnitOfWork

#: What the ledger says of such an approval.
REASON = "The approvals of those who may approve it now meet the quorum."

_R, _D = t.releases, t.decisions
_APPROVALS = (
    sa.select(sa.func.count())
    .where(
        _D.c.release_id == _R.c.id,
        _D.c.material_revision == _R.c.material_revision,
        _D.c.verdict == Verdict.APPROVE,
    )
    .scalar_subquery()
)
#: Pending, with enough approvals, whether or not all of them count: few releases are.
_WITH_ENOUGH_VOTES = sa.select(_R.c.id).where(
    id_in(_R.c.id),
    _R.c.status == Status.PENDING,
    _R.c.required_approvals <= _APPROVALS,
)


def reassess(uow: UnitOfWork) -> None:
    """Approve the locked requests whose quorum a change of the account's own things completed."""
    if not any(isinstance(recorded.event, Administered) for recorded in uow.recorded):
        return
    uow.evict_account()
    releases = _with_enough_votes(uow)
    if not releases:
        return
    facts = assemble(uow.connection, uow.now, uow.settings, CLOCK, releases)
    facts = with_creation_facts(uow.connection, uow.account_id, facts)
    for release in releases:
        if machine.refusal_of(Trigger.REASSESS, facts[release.id]) is None:
            _approve(uow, release, machine.fire(Trigger.REASSESS, facts[release.id]))


def _with_enough_votes(uow: UnitOfWork) -> list[Release]:
    if not uow.locked:
        return []
    rows = uow.connection.execute(_WITH_ENOUGH_VOTES, {"ids": sorted(uow.locked)})
    stored = uow.get_many(rows.scalars().all())
    return [stored[release_id] for release_id in sorted(stored)]


def _approve(uow: UnitOfWork, release: Release, target: Status) -> None:
    uow.put(write_transition(uow, release, target))
    event = ReleaseApproved.of(
        release.id, from_status=release.status, to_status=target, reason=REASON
    )
    uow.record(event, actor=CLOCK)
