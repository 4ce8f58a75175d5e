"""How often one person is asked about one release, however often it is edited.

The first requests within some minutes are sent at once. One more waits until the oldest of them is
so many minutes old; if the release is edited again meanwhile, the newer request takes its place,
since the link of the older has ended by then. Of one material revision nobody is sent two requests
within that time, as often as they are made an approver meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.db.sql import id_in
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState, MessageKind

#: Requests about one release that one person is sent at most within `PERIOD`; and about one
#: material revision of it.
OF_RELEASE, OF_REVISION = 3, 1
PERIOD = timedelta(minutes=5)

#: Release, person and channel.
Lane: TypeAlias = tuple[UUID, UUID, str]

_D = deliveries
_SENT_AT = sa.func.coalesce(_D.c.settled_at, _D.c.created_at, type_=_D.c.created_at.type)
_RECENT = (
    sa.select(
        _D.c.release_id,
        _D.c.user_id,
        _D.c.channel,
        _D.c.revision,
        _SENT_AT.label("sent_at"),
    )
    .where(
        id_in(_D.c.release_id),
        _D.c.kind == MessageKind.REQUEST,
        _D.c.state != DeliveryState.VOID,
        # What was not tried yet is void by now: its link has ended.
        _D.c.attempts > 0,
        sa.bindparam("since", type_=_D.c.created_at.type) < _SENT_AT,
    )
    .order_by(_SENT_AT)
)


def paced(
    connection: Connection, material_revisions: Mapping[UUID, int], now: datetime
) -> dict[Lane, datetime]:
    """When those may be asked about these releases who were asked too often of late.

    Args:
        connection: To the database.
        material_revisions: The current one of each release that is asked about.
        now: The instant of asking.
    """
    if not material_revisions:
        return {}
    of_release, of_revision = (defaultdict[Lane, list[datetime]](list) for _ in range(2))
    asked = {"ids": sorted(material_revisions), "since": now - PERIOD}
    for row in connection.execute(_RECENT, asked).all():
        lane = row.release_id, row.user_id, row.channel
        of_release[lane].append(row.sent_at)
        if row.revision >= material_revisions[row.release_id]:
            of_revision[lane].append(row.sent_at)
    limits = _limited(of_release, OF_RELEASE) | _limited(of_revision, OF_REVISION)
    return {lane: sent_at + PERIOD for lane, sent_at in limits.items()}


def _limited(sent: Mapping[Lane, list[datetime]], at_most: int) -> dict[Lane, datetime]:
    """Of those who were sent as many as they may be: the first that counts."""
    return {lane: instants[-at_most] for lane, instants in sent.items() if len(instants) >= at_most}
