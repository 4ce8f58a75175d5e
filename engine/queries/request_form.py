"""What a request form offers: the teams one may request for, and the keypairs they can name now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from engine.lifecycle.table import KEYPAIR_CHOICE_RULES
from engine.model.facts import Facts, Keypair, ReleaseFields, Team
from engine.model.grants import missing_permission
from engine.model.visibility import teams_to_request_for
from engine.model.vocabulary import KeypairCategory, Permission, ReleaseType
from engine.persistence.db.pagination import Page, PageArgs
from engine.persistence.store import loading
from engine.queries import records
from engine.queries.context import QueryContext
from engine.queries.links import Link, linked
from engine.queries.records import Record, RecordKind, TeamFilter
from engine.queries.release_filter import held_keypairs


def teams(context: QueryContext, page_args: PageArgs) -> Page[Record]:
    """Return a page of the teams for which the viewer may request a release, by name."""
    return records.find(context, RecordKind.TEAM, page_args, _requestable(context))


def team_count(context: QueryContext) -> int:
    """Return for how many teams the viewer may request a release."""
    return records.count(context, RecordKind.TEAM, _requestable(context))


def _requestable(context: QueryContext) -> TeamFilter:
    settings, actor = context.settings, context.actor
    if missing_permission(actor, Permission.REQUEST_RELEASE) or not settings.teams_enabled:
        return TeamFilter(ids=frozenset())
    return TeamFilter(ids=teams_to_request_for(settings, actor))


def usable_keypairs(context: QueryContext, teams: Collection[Record]) -> dict[UUID, list[UUID]]:
    """Return, for each team, the keypairs that a release requested for it now could name."""
    granted = linked(context, Link.KEYPAIRS_OF_TEAM, [team.id for team in teams])
    ids = {id_ for keypair_ids in granted.values() for id_ in keypair_ids}
    keypairs = {keypair.id: keypair for keypair in _load_keypairs(context, ids)}
    return {
        team.id: [id_ for id_ in granted[team.id] if _is_usable(context, team, keypairs[id_])]
        for team in teams
    }


def _load_keypairs(context: QueryContext, ids: Collection[UUID]) -> list[Keypair]:
    """Load keypairs as they are now: one whose release is over by time is not held any more."""
    if not ids:
        return []
    loaded = loading.load_keypairs(context.connection, context.account_id, ids)
    held = set(context.connection.execute(held_keypairs(context)).scalars())
    return [k if k.id in held else replace(k, held_by=None) for k in loaded]


def _is_usable(context: QueryContext, team: Record, keypair: Keypair) -> bool:
    facts = request_facts(context, team, keypair)
    return all(rule(facts) is None for rule in KEYPAIR_CHOICE_RULES)


def request_facts(context: QueryContext, team: Record, keypair: Keypair | None = None) -> Facts:
    """Return the facts of the least request for a team, that names no keypair or only this one."""
    draft = ReleaseFields(
        name="",
        version=None,
        note=None,
        category=keypair.category if keypair else KeypairCategory.STANDARD,
        type=keypair.type if keypair else ReleaseType.OFFLINE,
        team_id=team.id,
        participant_ids=frozenset(),
        with_default_certificate=False,
        keypair_ids=frozenset({keypair.id} if keypair else ()),
        starts_at=context.now,
        ends_at=context.now,
        max_signatures=1,
    )
    return Facts(
        now=context.now,
        settings=context.settings,
        actor=context.actor,
        proposed=draft,
        keypairs=(keypair,) if keypair else (),
        team=Team(id=team.id, name=team.name, required_approvals=team.required_approvals),
    )
