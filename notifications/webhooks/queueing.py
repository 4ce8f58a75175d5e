"""Rows of deliveries to webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.persistence.db.bulk import insert_many
from engine.persistence.db.ids import uuid7s
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.tables import deliveries
from notifications.vocabulary import WEBHOOK, DeliveryState, WebhookKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One message for one webhook."""

    webhook_id: UUID
    kind: WebhookKind
    #: JSON, as it is sent.
    body: str
    release_id: UUID | None = None
    #: Who asked for it; None: what happened did.
    requested_by: UUID | None = None


def enqueue(uow: UnitOfWork, told: Sequence[WebhookEvent]) -> list[UUID]:
    """Queue them, due at once, in one statement; answers the deliveries' ids."""
    # Sent in the order of their ids: the ledger's.
    ids = uuid7s(len(told))
    rows = [
        {
            "id": id_,
            "webhook_id": one.webhook_id,
            "kind": one.kind,
            "release_id": one.release_id,
            "requested_by": one.requested_by,
            "facts": one.body,
        }
        for id_, one in zip(ids, told, strict=True)
    ]
    shared = {
        "account_id": uow.account_id,
        "channel": WEBHOOK,
        "audiences": "",
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "next_attempt_at": uow.now,
        "created_at": uow.now,
    }
    if rows:
        insert_many(uow.connection, deliveries, shared, rows)
        uow.to_send = True
    return ids
