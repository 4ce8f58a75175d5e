"""Queues deliveries to webhooks."""

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
    #: The JSON that is sent.
    body: str
    release_id: UUID | None = None
    #: Who requested it; None where a ledger entry caused it.
    requested_by: UUID | None = None


def enqueue(uow: UnitOfWork, events: Sequence[WebhookEvent]) -> list[UUID]:
    """Queue events, due at once, in one statement; return the ids of the deliveries."""
    # Deliveries are sent in the order of their ids, which is that of the ledger.
    ids = uuid7s(len(events))
    rows = [
        {
            "id": id_,
            "webhook_id": event.webhook_id,
            "kind": event.kind,
            "release_id": event.release_id,
            "requested_by": event.requested_by,
            "facts": event.body,
        }
        for id_, event in zip(ids, events, strict=True)
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
        uow.has_messages_to_send = True
    return ids
