"""What a message that waited says of its release is brought up to date before it is sent.

What happened stays as it was told; how the release is described is taken from the newest message
about it. So "it is open until 15:00" is not sent after the end was moved to 16:00.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.types import Id
from notifications.content.stored_facts import FORMAT
from notifications.tables import deliveries
from notifications.vocabulary import MessageKind

#: Of a message's facts, what describes the release.
DESCRIBING = ("release", "approval")

_D = deliveries
_NEWEST = (
    sa.select(_D.c.facts)
    .where(
        _D.c.release_id == sa.bindparam("release", type_=Id),
        _D.c.revision == sa.bindparam("current"),
        _D.c.user_id.is_not(None),
        # It says no more than the release's name.
        _D.c.kind != MessageKind.LEFT,
    )
    .order_by(_D.c.id.desc())
    .limit(1)
)
_SAY = (
    _D.update()
    .where(_D.c.id == sa.bindparam("delivery", type_=Id))
    .values(facts=sa.bindparam("newer", type_=sa.Text))
)


def refresh(connection: Connection, rows: Sequence[Row[Any]]) -> bool:
    """Bring claimed deliveries up to date; answers whether any changed."""
    stale = [row for row in rows if _is_stale(row)]
    newest = {
        (row.release_id, row.release_revision): _newest(
            connection, row.release_id, row.release_revision
        )
        for row in {row.release_id: row for row in stale}.values()
    }
    changed = False
    for row in stale:
        known = newest[row.release_id, row.release_revision]
        facts = orjson.loads(row.facts)
        if known is None or facts.get("format") != FORMAT:
            continue
        described = {name: known[name] for name in DESCRIBING if name in facts}
        connection.execute(_SAY, {"delivery": row.id, "newer": canonical(facts | described)})
        changed = True
    return changed


def _is_stale(row: Row[Any]) -> bool:
    is_described = row.user_id is not None and row.kind != MessageKind.LEFT
    return is_described and row.release_id is not None and row.revision < row.release_revision


def _newest(connection: Connection, release_id: UUID, revision: int) -> dict[str, Any] | None:
    parameters = {"release": release_id, "current": revision}
    stored = connection.execute(_NEWEST, parameters).scalar_one_or_none()
    facts: dict[str, Any] | None = None if stored is None else orjson.loads(stored)
    is_complete = facts is not None and facts.get("format") == FORMAT
    return facts if is_complete else None
