"""Fields of releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from api.graphql.actions import available_actions
from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.delivery import Delivery
from api.graphql.types.history import LedgerEntry, Signature
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.people import Team, User
from api.graphql.types.release import ApprovalState, Decision, Release
from engine.lifecycle.eligibility import able_to_approve
from engine.model.facts import Facts
from engine.model.vocabulary import SignatureState
from engine.persistence.db.pagination import PageArgs
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.queries import decisions, history
from engine.queries import releases as queries
from notifications.tables import deliveries

PAGE_ARGUMENTS = ("first", "after", "last", "before")


@loads(Release, "team")
def team(shelf: EntityCache, releases: Sequence[Release], call: FieldCall) -> Iterable[Team]:
    teams = shelf.teams(_team_ids(releases))
    for release in releases:
        team_id = release.source.fields.team_id
        release.team = teams.get(team_id) if team_id else None
    return teams.values()


@loads(Release, "keypairs")
def keypairs(shelf: EntityCache, releases: Sequence[Release], call: FieldCall) -> Iterable[Keypair]:
    ids = frozenset().union(*(release.source.fields.keypair_ids for release in releases))
    found = shelf.keypairs(ids)
    for release in releases:
        held = (found[id_] for id_ in release.source.fields.keypair_ids)
        release.keypairs = sorted(held, key=lambda keypair: keypair.alias)
    return found.values()


@loads(Release, "participants")
def participants(
    shelf: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[User]:
    from api.graphql.loaders.people import team_members

    teams = shelf.teams(_team_ids(releases))
    team_members(shelf, list(teams.values()), call)
    listed = shelf.users(
        frozenset().union(*(release.source.fields.participant_ids for release in releases))
    )
    for release in releases:
        fields = release.source.fields
        if fields.team_id is not None:
            release.participants = teams[fields.team_id].members
        else:
            named = (listed[id_] for id_ in fields.participant_ids)
            release.participants = sorted(named, key=lambda user: (user.name, user.id))
    return [user for release in releases for user in release.participants]


@loads(Release, "requestedBy")
def requested_by(
    shelf: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[User]:
    users = shelf.users({release.source.creator_id for release in releases})
    for release in releases:
        release.requested_by = users[release.source.creator_id]
    return users.values()


@loads(Release, "availableActions")
def actions(shelf: EntityCache, releases: Sequence[Release], call: FieldCall) -> Iterable[Any]:
    sources = [release.source for release in releases]
    answers = available_actions(shelf.reading, sources)
    for release in releases:
        release.available_actions = answers[release.source.id]
    return ()


@loads(Release, "approval")
def approval(
    shelf: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[ApprovalState]:
    needing = [release for release in releases if release.source.required_approvals]
    if not needing:
        return ()
    sources = [release.source for release in needing]
    names_them = "eligibleApprovers" in call.plan
    asked = queries.facts_of_approval if names_them else queries.facts_of
    facts = asked(shelf.reading, sources)
    made = decisions.of_releases(shelf.reading, sources)
    seen = decisions.fields_looked_at(shelf.reading, sources, made)
    eligible = _able_to_approve(shelf, facts) if names_them else {}
    for release in needing:
        id_ = release.source.id
        counted = decisions.progress(facts[id_], made[id_])
        release.approval = ApprovalState(
            required=counted.required,
            received=counted.received,
            remaining=counted.remaining,
            can_be_met=decisions.can_be_met(facts[id_]),
            decisions=[Decision.of(row, seen[row.id], release.source.fields) for row in made[id_]],
            eligible_approvers=eligible.get(id_, []),
        )
    return [release.approval for release in needing if release.approval]


def _able_to_approve(shelf: EntityCache, facts: Mapping[UUID, Facts]) -> dict[UUID, list[User]]:
    able = {id_: able_to_approve(one) for id_, one in facts.items()}
    users = shelf.users(frozenset().union(*able.values()))
    return {
        id_: sorted((users[who] for who in people), key=lambda user: (user.name, user.id))
        for id_, people in able.items()
    }


@loads(ApprovalState, "decisions")
def state_decisions(
    shelf: EntityCache, states: Sequence[ApprovalState], call: FieldCall
) -> Iterable[Decision]:
    return [decision for state in states for decision in state.decisions]


@loads(ApprovalState, "eligibleApprovers")
def state_approvers(
    shelf: EntityCache, states: Sequence[ApprovalState], call: FieldCall
) -> Iterable[User]:
    return [user for state in states for user in state.eligible_approvers]


@loads(Decision, "approver")
def decision_approver(
    shelf: EntityCache, made: Sequence[Decision], call: FieldCall
) -> Iterable[User]:
    users = shelf.users({decision.source.approver_id for decision in made})
    for decision in made:
        decision.approver = users[decision.source.approver_id]
    return users.values()


@loads(Release, "signatures")
def signatures(shelf: EntityCache, releases: Sequence[Release], call: FieldCall) -> Iterable[Any]:
    pages = history.signatures_of(shelf.reading, _ids(releases), window_of(call))
    made = [t.signatures.c.state == SignatureState.MADE]
    totals = _totals(shelf, releases, call, t.signatures, *made)
    return _connect(releases, call, "signatures", pages, totals, Signature)


@loads(Release, "history")
def release_history(
    shelf: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[Any]:
    pages = history.of_releases(shelf.reading, _ids(releases), window_of(call))
    totals = _totals(shelf, releases, call, t.ledger_entries)
    return _connect(releases, call, "history", pages, totals, LedgerEntry)


@loads(Release, "deliveries")
def release_deliveries(
    shelf: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[Any]:
    d, window = deliveries.c, window_of(call)
    ids = _ids(releases)
    to_people = d.webhook_id.is_(None)
    pages = history.latest(
        shelf.reading, deliveries, (d.id,), d.release_id, ids, window, [to_people]
    )
    totals = _totals(shelf, releases, call, deliveries, to_people)
    return _connect(releases, call, "deliveries", pages, totals, Delivery)


def window_of(call: FieldCall) -> PageArgs:
    """The page a connection's arguments ask for."""
    return PageArgs(**{name: call.arguments.get(name) for name in PAGE_ARGUMENTS})


def _totals(
    shelf: EntityCache,
    releases: Sequence[Release],
    call: FieldCall,
    table: sa.Table,
    *conditions: sa.ColumnElement[bool],
) -> dict[Any, int] | None:
    """Rows of the table for each release, in one statement; None where nobody asks."""
    if "totalCount" not in call.plan:
        return None
    query = (
        sa.select(table.c.release_id, sa.func.count())
        .where(
            table.c.account_id == shelf.reading.account_id,
            id_in(table.c.release_id),
            *conditions,
        )
        .group_by(table.c.release_id)
    )
    found = shelf.reading.connection.execute(query, {"ids": sorted(_ids(releases))}).all()
    counted = {row[0]: row[1] for row in found}
    return {id_: counted.get(id_, 0) for id_ in _ids(releases)}


def _connect(
    releases: Sequence[Release],
    call: FieldCall,
    name: str,
    pages: dict[Any, Any],
    totals: dict[Any, int] | None,
    kind: Any,
) -> list[Any]:
    made = []
    for release in releases:
        page = pages[release.source.id]
        items = [kind.of(row) for row in page.items]
        total = totals[release.source.id] if totals is not None else None
        connection = connect(Connection[kind], Edge[kind], items, page, total)
        asked = tuple(call.arguments.get(argument) for argument in PAGE_ARGUMENTS)
        release.pages[name, *asked] = connection
        made.append(connection)
    return made


def _ids(releases: Sequence[Release]) -> list[Any]:
    return [release.source.id for release in releases]


def _team_ids(releases: Sequence[Release]) -> set[Any]:
    ids = {release.source.fields.team_id for release in releases}
    return {id_ for id_ in ids if id_ is not None}
