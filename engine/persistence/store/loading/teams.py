"""Loads teams, and who can approve their releases (section 3 of the specification)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.errors import not_found
from engine.model.facts import Team
from engine.model.vocabulary import Permission
from engine.persistence.db.aggregates import aggregate_set
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.db.types import uuid_of
from engine.persistence.store import tables as t
from engine.persistence.store.loading.people import permitted_users

_M = t.team_members
_TEAMS: sa.Select[*tuple[Any, ...]] = sa.select(
    *t.teams.c["id", "name", "required_approvals", "revision"],
    aggregate_set(_M.c.user_id, uuid_of, _M.c.team_id == t.teams.c.id).label("member_ids"),
).where(id_in(t.teams.c.id), no_index(t.teams.c.account_id) == sa.bindparam("account"))
_CAN_APPROVE = permitted_users(Permission.APPROVE_RELEASE).where(~t.users.c.service)
_APPROVERS = _CAN_APPROVE.where(t.users.c.account_id == sa.bindparam("account"))
# The offset skips nothing: without it PostgreSQL joins each team with all approvers there are.
_IS_APPROVER = _CAN_APPROVE.where(t.users.c.id == _M.c.user_id).correlate(_M).offset(0).exists()
_TEAMS_AND_APPROVERS = _TEAMS.add_columns(
    aggregate_set(
        _M.c.user_id,
        uuid_of,
        _M.c.team_id == t.teams.c.id,
        _IS_APPROVER,
    ).label("approver_ids")
)
_SHORT_OF_APPROVERS = (
    sa.select(t.teams.c.name)
    .where(
        t.teams.c.account_id == sa.bindparam("account"),
        t.teams.c.required_approvals
        > sa.select(sa.func.count())
        .where(
            t.team_members.c.team_id == t.teams.c.id,
            t.team_members.c.user_id.in_(_APPROVERS.scalar_subquery()),
        )
        .correlate(t.teams)
        .scalar_subquery(),
    )
    .order_by(t.teams.c.name_key)
)


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """Teams, and the eligible approvers by team; None stands for the account, with Teams off."""

    teams: Mapping[UUID | None, Team]
    approvers: Mapping[UUID | None, frozenset[UUID]]


def load_team_facts(
    connection: Connection, account_id: UUID, team_ids: Collection[UUID | None]
) -> TeamFacts:
    """Load teams of the account and their eligible approvers, in one statement; None in another."""
    approvers: dict[UUID | None, frozenset[UUID]] = dict.fromkeys(team_ids, frozenset())
    if None in approvers:
        eligible = run_compiled(connection, _APPROVERS, {"account": account_id})
        approvers[None] = frozenset(eligible.scalars().all())
    ids = sorted(team_id for team_id in approvers if team_id is not None)
    parameters = {"ids": ids, "account": account_id}
    rows = run_compiled(connection, _TEAMS_AND_APPROVERS, parameters).all() if ids else ()
    approvers |= {row.id: row.approver_ids for row in rows}
    return TeamFacts({row.id: _team(row) for row in rows}, approvers)


def load_approvers(
    connection: Connection, account_id: UUID, team_id: UUID | None
) -> frozenset[UUID]:
    """Return the eligible approvers of a team, or of the account with Teams off."""
    return load_team_facts(connection, account_id, [team_id]).approvers[team_id]


def load_teams_short_of_approvers(connection: Connection, account_id: UUID) -> list[str]:
    """Return the names of teams that need more approvals than their members could give."""
    return list(run_compiled(connection, _SHORT_OF_APPROVERS, {"account": account_id}).scalars())


def load_team(
    connection: Connection, account_id: UUID, team_id: UUID, field: str = "team_id"
) -> Team:
    """Return a team of the account; refuses NOT_FOUND."""
    parameters = {"ids": [team_id], "account": account_id}
    row = run_compiled(connection, _TEAMS, parameters).one_or_none()
    if row is None:
        raise not_found("team", field)
    return _team(row)


def _team(row: Row[Any]) -> Team:
    return Team(
        id=row.id,
        name=row.name,
        required_approvals=row.required_approvals,
        revision=row.revision,
        member_ids=row.member_ids,
    )
