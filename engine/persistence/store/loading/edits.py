"""The edits of releases, read from the ledger: it alone keeps every value before and after."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.lifecycle.release_changes import Edit
from engine.model.claims import conditions_from_list
from engine.model.vocabulary import KeypairCategory, ReleaseType
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t

_E = t.ledger_entries
_EDITS = (
    sa.select(_E.c.release_id, _E.c.body)
    .where(id_in(_E.c.release_id), t.IS_RELEASE_EDIT)
    .order_by(_E.c.release_id, _E.c.position)
)


def _ids(values: list[str]) -> frozenset[UUID]:
    return frozenset(map(UUID, values))


#: How a field's value is read from JSON; the others are what JSON makes of them.
_PARSERS: dict[str, Callable[[Any], Any]] = {
    "category": KeypairCategory,
    "type": ReleaseType,
    "team_id": UUID,
    "participant_ids": _ids,
    "keypair_ids": _ids,
    "starts_at": datetime.fromisoformat,
    "ends_at": datetime.fromisoformat,
    "origin_condition": conditions_from_list,
}


def load_edits(connection: Connection, ids: Collection[UUID]) -> dict[UUID, tuple[Edit, ...]]:
    """Every edit of these releases, the oldest first; one statement for any number."""
    if not ids:
        return {}
    edits: dict[UUID, tuple[Edit, ...]] = dict.fromkeys(ids, ())
    for release_id, body in run_compiled(connection, _EDITS, {"ids": sorted(ids)}).all():
        edits[release_id] = (*edits[release_id], _edit(orjson.loads(body)["details"]))
    return edits


def _edit(details: dict[str, Any]) -> Edit:
    changes = {
        field: (_value(field, before), _value(field, after))
        for field, (before, after) in details["changes"].items()
    }
    return Edit(revision=details["revision"], changes=changes)


def _value(field: str, value: Any) -> Any:
    return value if value is None else _PARSERS.get(field, lambda it: it)(value)
