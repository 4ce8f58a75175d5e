"""The event handler of webhooks: it queues each ledger entry for every webhook subscribed to it.

It does so in the transaction of the change, so that nothing is lost or sent twice. The tags that
any webhook subscribes to are written on the ledger's head, which each commit reads and locks
anyway. So entries without a subscriber, above all signatures, cost no statement, and no process can
have an outdated cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.events import any_matches
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import LedgerEntry
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.facts.release_context import names_of
from notifications.outbox.trouble import DeliveryTroubleReported
from notifications.tables import webhooks
from notifications.vocabulary import WebhookKind
from notifications.webhooks import payload, queueing, tags
from notifications.webhooks.payload import EncodeId, EventContext

#: The fields of a release that its events are sent with.
_RELEASE_FIELDS = ("name", "version", "type", "status", "revision")

_RELEASES = sa.select(t.releases.c.id, *(t.releases.c[name] for name in _RELEASE_FIELDS)).where(
    id_in(t.releases.c.id)
)
_ACTIVE_WEBHOOKS = (
    sa.select(webhooks.c.id, webhooks.c.tags)
    .where(webhooks.c.account_id == sa.bindparam("account"), webhooks.c.active)
    .order_by(webhooks.c.id)
)


class WebhookOutbox:
    """An event handler of the engine, beside the one that notifies people."""

    def __init__(self, encode_id: EncodeId) -> None:
        self._encode_id = encode_id

    def __call__(self, uow: UnitOfWork, entries: list[LedgerEntry]) -> None:
        """Queue the entries; without a subscribed one, no statement is executed."""
        subscribed = [entry for entry in entries if entry.is_subscribed and _may_be_sent(entry)]
        if not subscribed:
            return
        webhooks_by_id, context, events = _active_webhooks(uow), _context(uow, subscribed), []
        for entry in subscribed:
            body = payload.of_entry(entry, context, self._encode_id)
            events += [
                queueing.WebhookEvent(
                    webhook_id=webhook_id,
                    kind=WebhookKind.EVENT,
                    body=body,
                    release_id=entry.recorded.event.release_id,
                )
                for webhook_id, patterns in webhooks_by_id.items()
                if any_matches(patterns, _tag(entry))
            ]
        queueing.enqueue(uow, events)


def _may_be_sent(entry: LedgerEntry) -> bool:
    """Tell whether an entry is for webhooks: each report of theirs would make the next one."""
    event = entry.recorded.event
    return not (isinstance(event, DeliveryTroubleReported) and event.is_about_webhooks)


def _tag(entry: LedgerEntry) -> str:
    return entry.recorded.event.tag


def _active_webhooks(uow: UnitOfWork) -> dict[UUID, tuple[str, ...]]:
    rows = uow.connection.execute(_ACTIVE_WEBHOOKS, {"account": uow.account_id}).all()
    return {row.id: tags.patterns_of(row.tags) for row in rows}


def _context(uow: UnitOfWork, entries: Sequence[LedgerEntry]) -> EventContext:
    events = [entry.recorded.event for entry in entries]
    release_ids = {event.release_id for event in events if event.release_id is not None}
    keypair_ids = {event.keypair_id for event in events if hasattr(event, "keypair_id")}
    return EventContext(
        account_id=uow.account_id,
        account=uow.settings.account_name,
        recorded_at=uow.now,
        releases=_releases(uow.connection, release_ids),
        keypairs=names_of(uow.connection, t.keypairs, keypair_ids, "alias"),
    )


def _releases(connection: Connection, ids: set[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    if not ids:
        return {}
    rows = connection.execute(_RELEASES, {"ids": sorted(ids)}).all()
    return {row.id: {name: row._mapping[name] for name in _RELEASE_FIELDS} for row in rows}
