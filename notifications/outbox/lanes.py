"""The order of deliveries: a lane is one release, one person and one channel.

Within a lane messages are sent one after the other, in the order in which they were queued. Lanes
do not wait for one another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select

from notifications.tables import IS_QUEUED, deliveries

_D = deliveries
_LANE = (
    _D.c.release_id == sa.bindparam("release"),
    _D.c.user_id == sa.bindparam("whose"),
    _D.c.channel == sa.bindparam("way"),
    IS_QUEUED,
)
_UNTIL = sa.bindparam("until", type_=_D.c.next_attempt_at.type)
_HOLD = _D.update().where(*_LANE, _D.c.next_attempt_at < _UNTIL).values(next_attempt_at=_UNTIL)
_WAITING = sa.select(_D).where(*_LANE).order_by(_D.c.created_at, _D.c.id)


def is_first(delivery: FromClause) -> ColumnElement[bool]:
    """Return the condition that a delivery is the first of its lane, or outside of any.

    The first is selected by the lane's own index: for a join PostgreSQL would scan the whole queue.
    """
    lane = _D.alias("lane")
    first = (
        sa.select(lane.c.id).where(*_same(lane, delivery)).order_by(lane.c.created_at, lane.c.id)
    )
    is_outside = delivery.c.release_id.is_(None) | delivery.c.user_id.is_(None)
    return is_outside | (delivery.c.id == _scalar(first.limit(1), delivery))


def is_followed(delivery: FromClause) -> ColumnElement[bool]:
    """Return the condition that another delivery waits in the lane, behind one that is first."""
    lane = _D.alias("lane")
    other = sa.select(lane.c.id).where(*_same(lane, delivery), lane.c.id != delivery.c.id)
    other = other.order_by(lane.c.created_at, lane.c.id).limit(1)
    return _scalar(other, delivery).is_not(None)


def hold(connection: Connection, row: Row[Any], until: datetime) -> None:
    """Postpone what follows a delivery in its lane until that is attempted again."""
    if row.release_id is not None and row.user_id is not None:
        connection.execute(_HOLD, of(row) | {"until": until})


def waiting(connection: Connection, row: Row[Any]) -> list[Row[Any]]:
    """Return the queued deliveries in the lane of a delivery, in order."""
    return list(connection.execute(_WAITING, of(row)).all())


def of(row: Row[Any]) -> dict[str, Any]:
    """Return the lane of a delivery as parameters of a statement."""
    return {"release": row.release_id, "whose": row.user_id, "way": row.channel}


def _same(lane: FromClause, delivery: FromClause) -> tuple[Any, ...]:
    return (
        lane.c.release_id == delivery.c.release_id,
        lane.c.user_id == delivery.c.user_id,
        lane.c.channel == delivery.c.channel,
        # As text, like `IS_QUEUED`.
        sa.text("lane.state = 'QUEUED'"),
    )


def _scalar(query: Select[Any], delivery: FromClause) -> sa.ScalarSelect[Any]:
    return query.correlate(delivery).scalar_subquery()
