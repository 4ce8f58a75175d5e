"""What a change of people, teams, keypairs or settings leaves impossible: named in its entry.

Asked before and after the change, so that the administrators read which open releases it breaks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from engine.lifecycle import approvals
from engine.lifecycle.table import STANDING_RULES
from engine.model.facts import CLOCK, Facts, Release
from engine.model.vocabulary import HOLDING, Status
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.release_facts import assemble, with_facts_of_creation
from engine.persistence.store.unit_of_work import UnitOfWork

#: How many releases are named; of the others the last item tells the number.
NAMED = 20

_R, _H = t.releases, t.release_keypairs
_OPEN = sa.select(_R.c.id).where(
    _R.c.account_id == sa.bindparam("account"),
    _R.c.status.in_(sorted(HOLDING)),
    _R.c.ends_at > sa.bindparam("now"),
)


def shortages(uow: UnitOfWork) -> dict[str, list[str]]:
    """Teams and open releases of the account for which something is impossible now, by name."""
    ids = uow.connection.execute(_OPEN, {"account": uow.account_id, "now": uow.now})
    short = loading.load_teams_short_of_approvers(uow.connection, uow.account_id)
    return {"teams_short_of_approvers": short, **_of_releases(uow, ids.scalars().all())}


def shortages_with_keypair(uow: UnitOfWork, keypair_id: UUID) -> dict[str, list[str]]:
    """The same of the open release that holds a keypair."""
    holding = sa.select(_H.c.release_id).where(_H.c.keypair_id == keypair_id, t.IS_HELD)
    return _of_releases(uow, uow.connection.scalars(holding).all())


def _of_releases(uow: UnitOfWork, ids: Collection[UUID]) -> dict[str, list[str]]:
    facts = _facts(uow, list(uow.get_many(ids).values())) if ids else []
    short = (one.subject for one in facts if not _can_be_approved(one))
    broken = (one.subject for one in facts if any(rule(one) for rule in STANDING_RULES))
    return {"releases_short_of_approvers": _named(short), "releases_in_conflict": _named(broken)}


def _facts(uow: UnitOfWork, releases: Collection[Release]) -> list[Facts]:
    """By the settings and people as this transaction leaves them, so nothing remembered is used."""
    policy = loading.load_policy(uow.connection, uow.account_id)
    facts = assemble(uow.connection, uow.now, policy, CLOCK, releases)
    facts = with_facts_of_creation(uow.connection, uow.account_id, facts)
    return [
        # Once it is approved, whoever leaves signs no more in it; the others still do.
        one if one.status is Status.PENDING else replace(one, inactive_ids=frozenset())
        for one in facts.values()
    ]


def _can_be_approved(facts: Facts) -> bool:
    return approvals.can_be_met(facts.subject, approvals.counting(facts))


def _named(releases: Iterable[Release]) -> list[str]:
    names = sorted(release.fields.name for release in releases)
    further = len(names) - NAMED
    return names if further <= 0 else [*names[:NAMED], f"+{further}"]
