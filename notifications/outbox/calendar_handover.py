"""Attaches the calendar file of a message that is not sent to the next message.

The file of a later message was chosen when it was queued, assuming that the earlier messages arrive
(`calendar_updates`). So the next message takes the file over, unless it has a newer one; and
nothing is cancelled that was never published.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.persistence.db.compiled import run_compiled
from notifications.outbox import lanes
from notifications.outbox.calendar_updates import CONFIRMED
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import DeliveryState

#: The greatest id.
_LAST = UUID(int=2**128 - 1)

_D = deliveries
_SET_FILE = (
    _D.update()
    .where(_D.c.id == sa.bindparam("delivery"))
    .values(calendar=sa.bindparam("file", type_=sa.Text))
)
_PUBLISHED = (
    sa.select(_D.c.id)
    .where(
        _D.c.release_id == sa.bindparam("release"),
        _D.c.user_id == sa.bindparam("whose"),
        _D.c.channel == sa.bindparam("way"),
        _D.c.calendar.is_not(None),
        # A message that waits before it is sent before it; one with a link may be void by then.
        (_D.c.state == DeliveryState.SENT)
        | (IS_QUEUED & _D.c.action_link_id.is_(None) & (_D.c.id < sa.bindparam("before"))),
    )
    .limit(1)
)


def hand_over(connection: Connection, unsent: Iterable[Row[Any]]) -> None:
    """Hand over the files of deliveries that have just been settled without being sent."""
    for row in unsent:
        # No later message relies on one with a link, which may become void.
        if row.calendar is None or row.user_id is None or row.action_link_id is not None:
            continue
        for following in lanes.waiting(connection, row)[:1]:
            _hand_over(connection, row, following)


def file_after(
    connection: Connection, row: Row[Any], calendar: str | None, *, before: UUID = _LAST
) -> str | None:
    """Return the file that a message carries now that the one before it is not sent.

    Args:
        connection: To the database.
        row: The delivery that is not sent.
        calendar: The file of the message after it, if it has one.
        before: Deliveries with an id less than this come before that message.
    """
    file: str | None = calendar or row.calendar
    if (
        file is not None
        and orjson.loads(file)["shown"]["status"] != CONFIRMED
        and not _is_published(connection, row, before)
    ):
        return None
    return file


def _hand_over(connection: Connection, row: Row[Any], following: Row[Any]) -> None:
    file = file_after(connection, row, following.calendar, before=row.id)
    if file != following.calendar:
        connection.execute(_SET_FILE, {"delivery": following.id, "file": file})


def _is_published(connection: Connection, row: Row[Any], before: UUID) -> bool:
    values = lanes.of(row) | {"before": before}
    return run_compiled(connection, _PUBLISHED, values).first() is not None
