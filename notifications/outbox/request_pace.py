"""Limits how often one person is sent requests about one release, however often it is edited.

The first requests within `PERIOD` are sent at once. A further one waits until the oldest of them is
that old; if the release is edited again meanwhile, the newer request replaces it, since its link is
void. Nobody is sent two requests about one material revision within that time, however often they
become an approver.
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
REQUESTS_PER_RELEASE, REQUESTS_PER_REVISION = 3, 1
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
        # A request that was not attempted yet is void by now, since its link is.
        _D.c.attempts > 0,
        sa.bindparam("since", type_=_D.c.created_at.type) < _SENT_AT,
    )
    .order_by(_SENT_AT)
)


def earliest_requests(
    connection: Connection, material_revisions: Mapping[UUID, int], now: datetime
) -> dict[Lane, datetime]:
    """Return from when on people may be sent another request who were sent too many recently.

    Args:
        connection: To the database.
        material_revisions: The current one of each release to be approved.
        now: The instant of the requests.
    """
    if not material_revisions:
        return {}
    of_release, of_revision = (defaultdict[Lane, list[datetime]](list) for _ in range(2))
    values = {"ids": sorted(material_revisions), "since": now - PERIOD}
    for row in connection.execute(_RECENT, values).all():
        lane = row.release_id, row.user_id, row.channel
        of_release[lane].append(row.sent_at)
        if row.revision >= material_revisions[row.release_id]:
            of_revision[lane].append(row.sent_at)
    limits = _limiting_instants(of_release, REQUESTS_PER_RELEASE) | _limiting_instants(
        of_revision, REQUESTS_PER_REVISION
    )
    return {lane: sent_at + PERIOD for lane, sent_at in limits.items()}


def _limiting_instants(sent: Mapping[Lane, list[datetime]], at_most: int) -> dict[Lane, datetime]:
    """Return, for each lane that has reached the limit, the oldest request that counts."""
    return {lane: instants[-at_most] for lane, instants in sent.items() if len(instants) >= at_most}
