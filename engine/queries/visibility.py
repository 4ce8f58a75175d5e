"""The SQL form of `engine.model.visibility.sees`: who sees which releases (spec section 2)."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from engine.model.visibility import approves_without_team, sees_everything
from engine.persistence.db.sql import no_index
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext

#: Up to so many teams, each has a condition of its own; more share one.
MAX_SINGLE_TEAMS = 20


def is_visible(context: QueryContext) -> ColumnElement[bool]:
    """A condition on `releases`; never true for another account's."""
    return sa.or_(*visibility_conditions(context))


def visibility_conditions(context: QueryContext) -> list[ColumnElement[bool]]:
    """Conditions on `releases` of which at least one holds.

    Each has an index for every order of lists, so that a viewer of few releases gets them without
    a scan of the account's.
    """
    r, p, actor = t.releases, t.release_participants, context.actor
    in_account = r.c.account_id == context.account_id
    if sees_everything(context.settings, actor):
        return [in_account]
    takes_part = sa.select(p.c.release_id).where(p.c.user_id == actor.user_id)
    own = [
        r.c.creator_id == actor.user_id,
        *_of_teams(sorted(actor.team_ids)),
        r.c.id.in_(takes_part),
    ]
    conditions = [sa.and_(no_index(r.c.account_id) == context.account_id, part) for part in own]
    if approves_without_team(actor):
        conditions.append(sa.and_(in_account, no_index(r.c.team_id).is_(None)))
    return conditions


def _of_teams(ids: list[UUID]) -> list[ColumnElement[bool]]:
    team_id = t.releases.c.team_id
    return [team_id == id_ for id_ in ids] if len(ids) <= MAX_SINGLE_TEAMS else [team_id.in_(ids)]
