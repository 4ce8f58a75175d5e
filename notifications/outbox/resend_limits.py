"""Limits how often messages are sent again, so that nobody floods a mailbox or the mail server.

There are two limits: for a message one copy within some minutes, whoever requests it; and for a
person a number of copies and test messages in an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.model.errors import Code, Refusal
from engine.persistence.db.types import Id
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState

#: After a copy the same message is not copied again for so long, unless that copy failed.
COPY_INTERVAL = timedelta(minutes=5)
#: Copies and test messages that one person causes at most within `COPIES_PERIOD`.
COPIES_PER_PERSON = 30
COPIES_PERIOD = timedelta(hours=1)

_D = deliveries
_SINCE = sa.bindparam("since", type_=_D.c.created_at.type)
_NEWEST_COPY = sa.select(sa.func.max(_D.c.created_at, type_=_D.c.created_at.type)).where(
    _D.c.copy_of == sa.bindparam("original", type_=Id),
    _D.c.created_at > _SINCE,
    _D.c.state.in_([DeliveryState.QUEUED, DeliveryState.SENT]),
)
_LOCK = sa.select(_D.c.id).where(_D.c.id == sa.bindparam("original", type_=Id)).with_for_update()
_OF_PERSON = (
    sa.select(_D.c.created_at)
    .where(_D.c.requested_by == sa.bindparam("person", type_=Id), _D.c.created_at > _SINCE)
    .order_by(_D.c.created_at.desc())
    .limit(COPIES_PER_PERSON)
)


def check(uow: UnitOfWork, original_id: UUID) -> None:
    """Refuse a copy of this message that would be one too many.

    Raises:
        Refusal: With `RATE_LIMITED`, and from when on it can be sent again.
    """
    # Of two concurrent requests the second sees the copy of the first.
    uow.connection.execute(_LOCK, {"original": original_id})
    values = {"original": original_id, "since": uow.now - COPY_INTERVAL}
    newest = uow.connection.execute(_NEWEST_COPY, values).scalar_one()
    if newest is not None:
        raise _refusal("This message was sent again shortly before.", newest + COPY_INTERVAL)
    check_person(uow)


def check_person(uow: UnitOfWork) -> None:
    """Refuse a copy or a test message that would be one too many of the actor's.

    Raises:
        Refusal: With `RATE_LIMITED`, and from when on there can be another one.
    """
    by_person = {"person": uow.actor.user_id, "since": uow.now - COPIES_PERIOD}
    copies = uow.connection.execute(_OF_PERSON, by_person).scalars().all()
    if len(copies) >= COPIES_PER_PERSON:
        sentence = f"You had {COPIES_PER_PERSON} messages sent again or as a test within an hour."
        raise _refusal(sentence, copies[-1] + COPIES_PERIOD)


def _refusal(sentence: str, until: datetime) -> Refusal:
    message = f"{sentence} Try again after {until:%Y-%m-%d %H:%M:%S} UTC."
    return Refusal(Code.RATE_LIMITED, message, "id")
