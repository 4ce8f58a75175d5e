"""The SQL form of `engine.visibility.sees`: who sees which releases (spec section 2)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from engine.persistence import tables as t
from engine.queries.reading import Reading
from engine.visibility import approves_without_team, sees_everything


def is_visible(reading: Reading) -> ColumnElement[bool]:
    """A condition on `releases`; never true for another account's."""
    own_account = t.releases.c.account_id == reading.account_id
    if sees_everything(reading.policy, reading.actor):
        return own_account
    return sa.and_(own_account, _concerns(reading))


def _concerns(reading: Reading) -> ColumnElement[bool]:
    r, p, actor = t.releases, t.release_participants, reading.actor
    mine = [
        r.c.creator_id == actor.user_id,
        r.c.team_id.in_(sorted(actor.team_ids)),
        sa.exists().where(p.c.release_id == r.c.id, p.c.user_id == actor.user_id),
    ]
    if approves_without_team(actor):
        mine.append(r.c.team_id.is_(None))
    return sa.or_(*mine)
