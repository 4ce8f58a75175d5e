"""What a change of people, teams, keypairs or settings makes impossible: named in its ledger entry.

It is determined before and after the change, so that the administrators read which teams and open
releases the change breaks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from uuid import UUID

from engine.lifecycle import approvals
from engine.lifecycle.table import STANDING_RULES
from engine.model.facts import CLOCK, Facts, Release
from engine.model.vocabulary import Status
from engine.persistence.store import loading, locks
from engine.persistence.store.administration import accounts
from engine.persistence.store.release_facts import assemble, with_creation_facts
from engine.persistence.store.unit_of_work import UnitOfWork

#: How many releases are named; a last item gives the number of the others.
MAX_NAMED_RELEASES = 20


def shortages(uow: UnitOfWork) -> dict[str, list[str]]:
    """Return, by name, the account's teams and open releases that something is impossible for.

    The keys are `teams_short_of_approvers`, `releases_short_of_approvers` (they cannot be approved)
    and `releases_in_conflict` (a rule forbids them as they are now).
    """
    teams = loading.load_teams_short_of_approvers(uow.connection, uow.account_id)
    return {
        "teams_short_of_approvers": teams,
        **_shortages_of(uow, accounts.open_release_ids(uow)),
    }


def shortages_with_keypair(uow: UnitOfWork, keypair_id: UUID) -> dict[str, list[str]]:
    """Return the same of the open release that holds a keypair."""
    return _shortages_of(uow, locks.load_holders(uow.connection, [keypair_id]))


def _shortages_of(uow: UnitOfWork, release_ids: Collection[UUID]) -> dict[str, list[str]]:
    facts = _load_facts(uow, list(uow.get_many(release_ids).values())) if release_ids else []
    short = (item.subject for item in facts if not _can_be_approved(item))
    broken = (item.subject for item in facts if any(rule(item) for rule in STANDING_RULES))
    return {"releases_short_of_approvers": _names(short), "releases_in_conflict": _names(broken)}


def _load_facts(uow: UnitOfWork, releases: Collection[Release]) -> list[Facts]:
    # The settings and people as this transaction leaves them, so nothing cached is used.
    settings = loading.load_settings(uow.connection, uow.account_id)
    facts = assemble(uow.connection, uow.now, settings, CLOCK, releases)
    facts = with_creation_facts(uow.connection, uow.account_id, facts)
    return [
        # Once it is approved, whoever leaves signs no more in it; the others still do.
        item if item.status is Status.PENDING else replace(item, inactive_ids=frozenset())
        for item in facts.values()
    ]


def _can_be_approved(facts: Facts) -> bool:
    return approvals.can_be_met(facts.subject, approvals.counting(facts))


def _names(releases: Iterable[Release]) -> list[str]:
    names = sorted(release.fields.name for release in releases)
    further = len(names) - MAX_NAMED_RELEASES
    return names if further <= 0 else [*names[:MAX_NAMED_RELEASES], f"+{further}"]
