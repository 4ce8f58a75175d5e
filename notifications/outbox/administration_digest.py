"""One mail for all administrative changes of an account within a minute.

The message of each change waits for a while. When the first one is due, the others that wait for
the same person are merged into it: it lists every change, with who made it and when.
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

#: How long the message of a change waits for others.
DELAY = timedelta(minutes=1)
#: Changes in one message; the others follow in the next.
MAX_CHANGES = 100
#: The size of the stored changes in one message: mail servers refuse large mails, and the merged
#: changes would all be lost.
MAX_CHARACTERS = 100_000
TOLD_TOGETHER = "told together with other changes"

_D = deliveries
# Messages about an account have no release: person and channel make their lane.
_OTHERS = (
    sa.select(_D.c.id, _D.c.facts)
    .where(
        _D.c.release_id.is_(None),
        _D.c.user_id == sa.bindparam("person", type_=Id),
        _D.c.channel == sa.bindparam("way"),
        _D.c.kind == MessageKind.ADMINISTERED,
        _D.c.attempts == 0,
        # A message that was sent again on request is not merged.
        _D.c.copy_of.is_(None),
        IS_QUEUED,
    )
    .order_by(_D.c.created_at, _D.c.id)
    .limit(MAX_CHANGES - 1)
    .with_for_update(skip_locked=True)
)
_VOID = (
    _D.update()
    .where(id_in(_D.c.id))
    .values(
        state=DeliveryState.VOID,
        settled_at=sa.bindparam("now", type_=_D.c.settled_at.type),
        last_error=TOLD_TOGETHER,
    )
)
_SET_FACTS = (
    _D.update()
    .where(_D.c.id == sa.bindparam("delivery", type_=Id))
    .values(facts=sa.bindparam("all_facts", type_=sa.Text))
)


def gather_changes(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> bool:
    """Merge waiting changes into claimed deliveries to the same people.

    Only into deliveries at their first attempt: a message that may have arrived stays as it is.

    Returns:
        Whether any delivery was changed.
    """
    changed = False
    for row in rows:
        is_new = row.attempts == 1 and row.copy_of is None
        if row.kind != MessageKind.ADMINISTERED or not is_new:
            continue
        lane = {"person": row.user_id, "way": row.channel}
        waiting = [other for other in connection.execute(_OTHERS, lane).all() if _is_current(other)]
        others = _first_that_fit(row, waiting) if _is_current(row) else []
        if not others:
            continue
        facts = combined([row.facts, *(other.facts for other in others)])
        connection.execute(_SET_FACTS, {"delivery": row.id, "all_facts": facts})
        connection.execute(_VOID, {"ids": sorted(other.id for other in others), "now": now})
        changed = True
    return changed


def _first_that_fit(row: Row[Any], others: Sequence[Any]) -> list[Any]:
    """Return the first of them, up to the largest message; one change alone may be larger."""
    sizes = accumulate((len(other.facts) for other in others), initial=len(row.facts))
    next(sizes)
    return [other for other, size in zip(others, sizes, strict=True) if size <= MAX_CHARACTERS]


def combined(stored: Sequence[str]) -> str:
    """Return the stored facts of one message that lists the changes of all of these, in order."""
    every = [orjson.loads(facts) for facts in stored]
    changes = [
        change
        for facts in every
        for change in facts.get("listed", [{"event": facts["event"], "subject": facts["subject"]}])
    ]
    return canonical({**every[-1], "listed": changes})


def _is_current(row: Any) -> bool:
    """Tell whether the facts have the current format, in which instants are tagged."""
    return bool(orjson.loads(row.facts).get("format") == FORMAT)
