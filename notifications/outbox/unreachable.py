"""Notifies those who wait for an approval that an approver was not reached.

The request to the approver failed for good on every channel. Without a notice nobody would know why
it stays undecided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.facts import Release
from engine.model.vocabulary import Status
from engine.persistence.db.types import Id
from engine.persistence.store import loading
from notifications.facts.message_data import facts_of_time
from notifications.facts.release_context import load_release_context
from notifications.outbox import queueing, recipients
from notifications.outbox.recipients import People
from notifications.tables import deliveries
from notifications.vocabulary import KINDS_WITH_LINK, Audience, DeliveryState, MessageKind

_D = deliveries
#: Another delivery of the same request that is queued or sent.
_ELSEWHERE = (
    sa.select(_D.c.id)
    .where(
        _D.c.action_link_id == sa.bindparam("link", type_=Id),
        _D.c.state.in_([DeliveryState.QUEUED, DeliveryState.SENT]),
    )
    .limit(1)
)
_NOTICES = sa.select(_D.c.facts).where(
    _D.c.release_id == sa.bindparam("release", type_=Id),
    _D.c.kind == MessageKind.UNREACHABLE,
    _D.c.revision >= sa.bindparam("revision"),
)


def notify(connection: Connection, failed: Iterable[tuple[Row[Any], str]], now: datetime) -> None:
    """Notify requester and administrators, once for each approver and material revision.

    Args:
        connection: Of the transaction in which the deliveries failed.
        failed: Deliveries that have just failed for good, each with its error.
        now: The instant of that.
    """
    for row, error in failed:
        if row.kind not in KINDS_WITH_LINK or row.user_id is None:
            continue
        release = loading.load_releases(connection, [row.release_id])[row.release_id]
        is_asked = release.status is Status.PENDING and row.revision >= release.material_revision
        if (
            is_asked
            and not _is_reached(connection, row)
            and not _is_notified(connection, row, release)
        ):
            _notify(connection, row, error, release, now)


def _is_reached(connection: Connection, row: Row[Any]) -> bool:
    return connection.execute(_ELSEWHERE, {"link": row.action_link_id}).first() is not None


def _is_notified(connection: Connection, row: Row[Any], release: Release) -> bool:
    values = {"release": release.id, "revision": release.material_revision}
    notices = connection.execute(_NOTICES, values).scalars().all()
    return any(json.loads(facts)["subject"]["id"] == str(row.user_id) for facts in notices)


def _notify(
    connection: Connection, row: Row[Any], error: str, release: Release, now: datetime
) -> None:
    context = load_release_context(connection, [release])
    settings = loading.load_settings(connection, release.account_id)
    people: People = dict(recipients.of_release(release, {Audience.REQUESTER}, context))
    for user_id, who in recipients.administrators(connection, release.account_id).items():
        people[user_id] = people.get(user_id, frozenset()) | who
    people.pop(row.user_id, None)
    subject = {"kind": "User", "id": row.user_id, "name": row.name, "email": row.email}
    facts = facts_of_time(settings, release, context, now)
    message = queueing.OutboxMessage(
        kind=MessageKind.UNREACHABLE,
        account_id=release.account_id,
        facts={**facts, "subject": subject, "channel": row.channel, "error": error},
        people=people,
        release=release,
    )
    queueing.enqueue(connection, [message], now)
