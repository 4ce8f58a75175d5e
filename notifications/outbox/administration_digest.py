"""Changes of an account's own things, one mail for all that come within a minute.

Each change is queued for a while. When the first of them is due, the others that wait for the same
person are put into it: every one is listed, with who did it and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.sql import id_in
from engine.persistence.db.types import Id
from notifications.content.stored_facts import FORMAT
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import DeliveryState, MessageKind

#: How long a change waits for others.
DELAY = timedelta(minutes=1)
#: Changes in one message; more come with the next.
LONGEST = 100
#: Of what is stored of the changes in one message, in characters: mail servers refuse large mails,
#: and all that was told together would be lost together.
LARGEST = 100_000
TOLD_TOGETHER = "told together with other changes"

_D = deliveries
# A message of the account has no release: its lane is that of the person.
_OTHERS = (
    sa.select(_D.c.id, _D.c.facts)
    .where(
        _D.c.release_id.is_(None),
        _D.c.user_id == sa.bindparam("person", type_=Id),
        _D.c.channel == sa.bindparam("way"),
        _D.c.kind == MessageKind.ADMINISTERED,
        _D.c.attempts == 0,
        # What somebody had sent again is a message of its own.
        _D.c.copy_of.is_(None),
        IS_QUEUED,
    )
    .order_by(_D.c.created_at, _D.c.id)
    .limit(LONGEST - 1)
    .with_for_update(skip_locked=True)
)
_TOLD = (
    _D.update()
    .where(id_in(_D.c.id))
    .values(
        state=DeliveryState.VOID,
        settled_at=sa.bindparam("now", type_=_D.c.settled_at.type),
        last_error=TOLD_TOGETHER,
    )
)
_SAY = (
    _D.update()
    .where(_D.c.id == sa.bindparam("delivery", type_=Id))
    .values(facts=sa.bindparam("all_facts", type_=sa.Text))
)


def gather_changes(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> bool:
    """Put what waits for the same people into claimed deliveries; answers whether any changed.

    Only into those that are tried for the first time: a message that may have arrived stays as it
    is.
    """
    changed = False
    for row in rows:
        is_new = row.attempts == 1 and row.copy_of is None
        if row.kind != MessageKind.ADMINISTERED or not is_new:
            continue
        asked = {"person": row.user_id, "way": row.channel}
        waiting = [one for one in connection.execute(_OTHERS, asked).all() if _is_current(one)]
        others = _that_fit(row, waiting) if _is_current(row) else []
        if not others:
            continue
        facts = combined([row.facts, *(one.facts for one in others)])
        connection.execute(_SAY, {"delivery": row.id, "all_facts": facts})
        connection.execute(_TOLD, {"ids": sorted(one.id for one in others), "now": now})
        changed = True
    return changed


def _that_fit(row: Row[Any], others: Sequence[Any]) -> list[Any]:
    """The first of them, up to the largest message; one change alone may be larger."""
    sizes = accumulate((len(one.facts) for one in others), initial=len(row.facts))
    next(sizes)
    return [one for one, size in zip(others, sizes, strict=True) if size <= LARGEST]


def combined(stored: Sequence[str]) -> str:
    """One message's facts that list all of these, in their order; as they are stored."""
    every = [orjson.loads(facts) for facts in stored]
    changes = [
        change
        for facts in every
        for change in facts.get("listed", [{"event": facts["event"], "subject": facts["subject"]}])
    ]
    return canonical({**every[-1], "listed": changes})


def _is_current(row: Any) -> bool:
    """Its instants are tagged as those of the others are."""
    return bool(orjson.loads(row.facts).get("format") == FORMAT)
