"""The SQL form of `guards.sees_release`: what one may not see does not exist (spec section 2)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from engine.persistence import tables as t
from engine.queries.reading import Reading
from engine.vocabulary import Permission

#: With either, `VIEW_RELEASES` reaches every release of the account.
_WIDE = frozenset({Permission.VIEW_LEDGER, Permission.MANAGE_ACCOUNT})


def is_visible(reading: Reading) -> ColumnElement[bool]:
    """A condition on `releases`; never true for another account's."""
    own_account = t.releases.c.account_id == reading.account_id
    if sees_everything(reading):
        return own_account
    return sa.and_(own_account, _concerns(reading))


def sees_everything(reading: Reading) -> bool:
    """The viewer sees all releases of the account."""
    held, teams = reading.actor.permissions, reading.policy.teams_enabled
    return Permission.VIEW_RELEASES in held and (bool(held & _WIDE) or not teams)


def _concerns(reading: Reading) -> ColumnElement[bool]:
    r, p, actor = t.releases, t.release_participants, reading.actor
    mine = [
        r.c.creator_id == actor.user_id,
        r.c.team_id.in_(sorted(actor.team_ids)),
        sa.exists().where(p.c.release_id == r.c.id, p.c.user_id == actor.user_id),
    ]
    if Permission.APPROVE_RELEASE in actor.permissions:
        # An approver of a release without a team is one of the whole account.
        mine.append(r.c.team_id.is_(None))
    return sa.or_(*mine)
