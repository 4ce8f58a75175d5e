"""Loaders for the fields of releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from api.graphql.actions import available_actions
from api.graphql.entity_cache import EntityCache
from api.graphql.loaders.connections import connect_pages, direction_of, page_args_of
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.delivery import Delivery
from api.graphql.types.enums import Direction
from api.graphql.types.keypair import Keypair
from api.graphql.types.ledger import LedgerEntry
from api.graphql.types.people import Team, User
from api.graphql.types.release import ApprovalState, Decision, Release
from engine.lifecycle.eligibility import able_to_approve
from engine.model.facts import Facts
from engine.queries import decisions, history
from engine.queries import releases as queries
from engine.queries.records import Record
from notifications.delivery import queries as deliveries

#: Fields of an approval that depend on who could approve.
_OF_APPROVERS = frozenset({"received", "remaining", "canBeMet", "eligibleApprovers"})


@loads(Release, "team")
def team(cache: EntityCache, releases: Sequence[Release], call: FieldCall) -> Iterable[Team]:
    teams = cache.teams(_team_ids(releases))
    for release in releases:
        team_id = release.source.fields.team_id
        release.team = teams.get(team_id) if team_id else None
    return teams.values()


@loads(Release, "keypairs")
def keypairs(cache: EntityCache, releases: Sequence[Release], call: FieldCall) -> Iterable[Keypair]:
    ids = frozenset().union(*(release.source.fields.keypair_ids for release in releases))
    by_id = cache.keypairs(ids)
    for release in releases:
        held = (by_id[id_] for id_ in release.source.fields.keypair_ids)
        release.keypairs = sorted(held, key=lambda keypair: keypair.alias)
    return by_id.values()


@loads(Release, "participants")
def participants(
    cache: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[User]:
    from api.graphql.loaders.people import team_members

    teams = cache.teams(_team_ids(releases))
    team_members(cache, list(teams.values()), call)
    listed = cache.users(
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
    cache: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[User]:
    users = cache.users({release.source.creator_id for release in releases})
    for release in releases:
        release.requested_by = users[release.source.creator_id]
    return users.values()


@loads(Release, "availableActions")
def actions(cache: EntityCache, releases: Sequence[Release], call: FieldCall) -> Iterable[Any]:
    sources = [release.source for release in releases]
    answers = available_actions(cache.reading, sources)
    for release in releases:
        release.available_actions = answers[release.source.id]
    return ()


@loads(Release, "approval")
def approval(
    cache: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[ApprovalState]:
    needing = [release for release in releases if release.source.required_approvals]
    states = [_approval_of(release) for release in needing]
    sources = [release.source for release in needing]
    selected = {name for name, _ in call.selection}
    if not needing or not selected & (_OF_APPROVERS | {"decisions"}):
        return states
    rows = decisions.of_releases(cache.reading, sources)
    if "decisions" in selected:
        _set_decisions(cache, needing, rows)
    if selected & _OF_APPROVERS:
        _set_progress(cache, needing, rows, names_approvers="eligibleApprovers" in selected)
    return states


def _approval_of(release: Release) -> ApprovalState:
    """Return a release's approval: the same object, whatever field leads to the release."""
    if release.approval is None:
        release.approval = ApprovalState(required=release.source.required_approvals)
    return release.approval


def _set_decisions(
    cache: EntityCache, releases: Sequence[Release], rows: Mapping[UUID, list[Record]]
) -> None:
    sources = [release.source for release in releases]
    seen = decisions.fields_looked_at(cache.reading, sources, rows)
    for release in releases:
        state, fields = _approval_of(release), release.source.fields
        if not state.decisions:
            state.decisions = [
                Decision.of(row, seen[row.id], fields) for row in rows[release.source.id]
            ]


def _set_progress(
    cache: EntityCache,
    releases: Sequence[Release],
    rows: Mapping[UUID, list[Record]],
    *,
    names_approvers: bool,
) -> None:
    load_facts = queries.facts_of_approval if names_approvers else queries.facts_of
    facts = load_facts(cache.reading, [release.source for release in releases])
    eligible = _able_to_approve(cache, facts) if names_approvers else {}
    for release in releases:
        state, id_ = _approval_of(release), release.source.id
        counted = decisions.progress(facts[id_], rows[id_])
        state.received, state.remaining = counted.received, counted.remaining
        state.can_be_met = decisions.can_be_met(facts[id_])
        if names_approvers:
            state.eligible_approvers = eligible[id_]


def _able_to_approve(cache: EntityCache, facts: Mapping[UUID, Facts]) -> dict[UUID, list[User]]:
    able = {id_: able_to_approve(subject) for id_, subject in facts.items()}
    users = cache.users(frozenset().union(*able.values()))
    return {
        id_: sorted((users[who] for who in people), key=lambda user: (user.name, user.id))
        for id_, people in able.items()
    }


@loads(ApprovalState, "decisions")
def state_decisions(
    cache: EntityCache, states: Sequence[ApprovalState], call: FieldCall
) -> Iterable[Decision]:
    return [decision for state in states for decision in state.decisions]


@loads(ApprovalState, "eligibleApprovers")
def state_approvers(
    cache: EntityCache, states: Sequence[ApprovalState], call: FieldCall
) -> Iterable[User]:
    return [user for state in states for user in state.eligible_approvers]


@loads(Decision, "approver")
def decision_approver(
    cache: EntityCache, decisions_: Sequence[Decision], call: FieldCall
) -> Iterable[User]:
    users = cache.users({decision.source.approver_id for decision in decisions_})
    for decision in decisions_:
        decision.approver = users[decision.source.approver_id]
    return users.values()


@loads(Release, "history")
def release_history(
    cache: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[Any]:
    ids, reading = _ids(releases), cache.reading
    direction = direction_of(call)
    descending = direction is Direction.DESC
    pages = history.of_releases(reading, ids, page_args_of(call), descending=descending)
    count = partial(history.entry_counts, reading, ids)
    return connect_pages(releases, call, "history", LedgerEntry, pages, count, direction)


@loads(Release, "deliveries")
def release_deliveries(
    cache: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[Any]:
    ids, reading = _ids(releases), cache.reading
    direction = direction_of(call)
    descending = direction is Direction.DESC
    pages = deliveries.deliveries_of(reading, ids, page_args_of(call), descending=descending)
    count = partial(deliveries.delivery_counts, reading, ids)
    return connect_pages(releases, call, "deliveries", Delivery, pages, count, direction)


@loads(Release, "undeliveredCount")
def undelivered_count(
    cache: EntityCache, releases: Sequence[Release], call: FieldCall
) -> Iterable[Any]:
    counts = deliveries.undelivered_counts(cache.reading, [each.source for each in releases])
    for release in releases:
        release.undelivered_count = counts[release.source.id]
    return ()


def _ids(releases: Sequence[Release]) -> list[Any]:
    return [release.source.id for release in releases]


def _team_ids(releases: Sequence[Release]) -> set[Any]:
    ids = {release.source.fields.team_id for release in releases}
    return {id_ for id_ in ids if id_ is not None}
