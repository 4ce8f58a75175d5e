"""Makes the ledgers' heads say again what webhooks listen to.

A version from before they said it may still run during an upgrade: a webhook it makes is not heard.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from engine.commands.transactions import transaction
from engine.persistence.store.locks import Lock
from engine.persistence.store.tables import ledger_heads
from engine.system import System
from notifications.tables import webhooks
from notifications.webhooks import tags
from notifications.webhooks.base import note_heard


def mend_heard(system: System) -> int:
    """Look at every active webhook; answers how many heads said too little."""
    unheard = _unheard(system)
    for account_id in unheard:
        with transaction(system, account_id, None, Lock()) as uow:
            note_heard(uow)
    return len(unheard)


def _unheard(system: System) -> set[UUID]:
    w, head = webhooks, ledger_heads
    query = sa.select(w.c.account_id, w.c.tags, head.c.heard).where(w.c.active)
    query = query.join(head, head.c.account_id == w.c.account_id)
    with system.database.reading() as connection:
        rows = connection.execute(query).all()
    return {
        row.account_id
        for row in rows
        if not set(tags.patterns_of(row.tags)) <= set(row.heard.split())
    }
