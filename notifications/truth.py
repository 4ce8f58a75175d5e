"""Whether a message that waited is still worth sending: by its kind and its release's status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from engine.timeline import status_at
from engine.vocabulary import HOLDING, Status
from notifications.vocabulary import Kind

EVER = frozenset(Status)
OPEN = frozenset({Status.IN_PROGRESS})
#: In which states of its release a message is true, and news. What became of a release stays both.
TRUE_WHILE: Mapping[Kind, frozenset[Status]] = {
    Kind.REQUEST: frozenset({Status.PENDING}),
    Kind.REMINDER: frozenset({Status.PENDING}),
    Kind.REVISED: HOLDING,
    Kind.NOT_NEEDED: HOLDING,
    Kind.APPROVED: EVER,
    Kind.REJECTED: EVER,
    Kind.WITHDRAWN: EVER,
    Kind.EXPIRED: EVER,
    Kind.OPENED: OPEN,
    Kind.CLOSING_SOON: OPEN,
    Kind.CLOSED: EVER,
    Kind.STOPPED: EVER,
    Kind.LEFT: EVER,
    Kind.QUOTA: OPEN,
    Kind.ADMINISTERED: EVER,
}


#: That all signatures are used stays true; that some are left ends with the window.
_USED_UP = 100


def what_is_wrong(row: Row[Any], now: datetime) -> str | None:
    """Why a claimed delivery is not to be sent any more; None: it is."""
    if not row.active:
        return "the recipient is not active any more"
    if row.webhook_id is not None or row.release_id is None:
        return None
    status = status_at(row.status, row, now)
    if not is_true(Kind(row.kind), row.facts, status):
        return f"not true any more: the release is {status}"
    return None if row.action_link_id is None else _what_ended(row, now)


def is_true(kind: Kind, facts: str, status: Status) -> bool:
    """Of a release with this status; `facts` as they are stored."""
    if status in TRUE_WHILE[kind]:
        return True
    return kind is Kind.QUOTA and json.loads(facts)["event"]["percent"] >= _USED_UP


def _what_ended(row: Row[Any], now: datetime) -> str | None:
    """Nobody gets a link that has ended."""
    if row.used_at is not None:
        return "its link has been used"
    if row.link_revision != row.material_revision:
        return "the request was changed meanwhile"
    if row.voided_at is not None:
        return "its link has ended"
    return None if row.expires_at > now else "its link has lapsed"
