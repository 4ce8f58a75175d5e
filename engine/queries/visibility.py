"""The SQL form of `engine.model.visibility.sees`: who sees which releases (spec section 2)."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from engine.model.visibility import approves_without_team, sees_everything
from engine.persistence.db.sql import no_index
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext

#: Of so many teams each is looked up by itself; of more, all together.
TEAMS = 20


def is_visible(reading: QueryContext) -> ColumnElement[bool]:
    """A condition on `releases`; never true for another account's."""
    return sa.or_(*reasons(reading))


def reasons(reading: QueryContext) -> list[ColumnElement[bool]]:
    """Conditions of which one at least holds. Each by itself has an index for every order of
    lists, so that whoever sees few finds them without going through everybody's.
    """
    r, p, actor = t.releases, t.release_participants, reading.actor
    in_account = r.c.account_id == reading.account_id
    if sees_everything(reading.policy, actor):
        return [in_account]
    takes_part = sa.select(p.c.release_id).where(p.c.user_id == actor.user_id)
    mine = [
        r.c.creator_id == actor.user_id,
        *_of_teams(sorted(actor.team_ids)),
        r.c.id.in_(takes_part),
    ]
    found = [sa.and_(no_index(r.c.account_id) == reading.account_id, one) for one in mine]
    if approves_without_team(actor):
        found.append(sa.and_(in_account, no_index(r.c.team_id).is_(None)))
    return found


def _of_teams(ids: list[UUID]) -> list[ColumnElement[bool]]:
    team_id = t.releases.c.team_id
    return [team_id == id_ for id_ in ids] if len(ids) <= TEAMS else [team_id.in_(ids)]
