"""Approve requests whose quorum became complete without a vote, in the transaction of the change.

People, roles, teams, keypairs and settings change while a request awaits its approval. Whoever
changes them locks every request concerned (`locks.acquire`), so no vote and no such change pass
each other unseen: the later of the two finds the quorum complete.
"""

from engine.lifecycle import machine
from engine.model.events import Administered, ReleaseApproved
from engine.model.facts import CLOCK, Release
from engine.model.vocabulary import Status, Trigger
from engine.persistence.store.release_facts import assemble, with_creation_facts
from engine.persistence.store.releases import find_with_enough_votes, write_transition
from engine.persistence.store.unit_of_work import UnitOfWork

#: What the ledger says of such an approval.
REASON = "The approvals of those who may approve it now meet the quorum."


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
    stored = uow.get_many(find_with_enough_votes(uow.connection, uow.locked))
    return [stored[release_id] for release_id in sorted(stored)]


def _approve(uow: UnitOfWork, release: Release, target: Status) -> None:
    uow.put(write_transition(uow, release, target))
    event = ReleaseApproved.of(
        release.id, from_status=release.status, to_status=target, reason=REASON
    )
    uow.record(event, actor=CLOCK)
