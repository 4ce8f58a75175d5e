"""`accountEvents`: what changes in the account, of what the caller may see."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import prefetch
from api.graphql.queries.nodes import NODE_READERS
from api.graphql.selection import Selection, selection_of
from api.graphql.subscriptions.cursors import cursor_of
from api.graphql.subscriptions.following import AfterEvent, EventBatch, follow
from api.graphql.types.ledger import LedgerEntry
from api.graphql.types.ledger_details import DeliveryTrouble, delivery_trouble_in
from api.graphql.types.node import Node
from engine.model.events import (
    AccountUpdated,
    Event,
    KeypairCreated,
    KeypairRenewed,
    KeypairRetired,
    KeypairUpdated,
    RoleCreated,
    RoleUpdated,
    TeamCreated,
    TeamUpdated,
    UserCreated,
    UserUpdated,
)
from engine.model.vocabulary import Permission
from engine.queries import ledger_slices
from engine.queries.records import Record
from notifications.outbox.trouble import DeliveryTroubleReported
from notifications.webhooks.events import WebhookCreated, WebhookDisabled, WebhookUpdated

#: What is followed. An event is for whoever may see its subject: webhooks are not for everybody.
FOLLOWED: tuple[type[Event], ...] = (
    AccountUpdated,
    DeliveryTroubleReported,
    KeypairCreated,
    KeypairRenewed,
    KeypairRetired,
    KeypairUpdated,
    RoleCreated,
    RoleUpdated,
    TeamCreated,
    TeamUpdated,
    UserCreated,
    UserUpdated,
    WebhookCreated,
    WebhookDisabled,
    WebhookUpdated,
)
_KINDS = {event.tag: event.kind for event in FOLLOWED}
#: Events about the account that are not for everybody in it.
_NEEDED_PERMISSIONS = {DeliveryTroubleReported.tag: Permission.MANAGE_ACCOUNT}


@strawberry.type(
    description="A change of the account, or of a keypair, role, team, user or webhook of it."
)
class AccountEvent:
    cursor: str = strawberry.field(
        description="The cursor with which a subscription can resume after this event."
    )
    tag: str = strawberry.field(description="The tag of the event, like `keypair:updated`.")
    occurred_at: datetime = strawberry.field(description="The time at which the event happened.")
    delivery_trouble: DeliveryTrouble | None = strawberry.field(
        description="The messages that did not arrive, if the event reports such; it is only for"
        " callers with MANAGE_ACCOUNT."
    )
    subject: Node = strawberry.field(
        description="The object that was created or changed, in its present state."
    )
    entry: LedgerEntry | None = strawberry.field(
        description="The entry of the ledger that records the event, for callers with VIEW_LEDGER."
    )


@strawberry.type(description="The subscriptions that deliver events about the account.")
class AccountSubscriptions:
    @strawberry.subscription(
        description="Delivers, in order, what changes in the account: its settings with the"
        " freeze of signing, and its keypairs, roles, teams and users; webhooks, and messages that"
        " do not arrive, are for callers who may see them. It resumes after a cursor as"
        " `releaseEvents` does."
    )
    def account_events(
        self, info: Info, after: AfterEvent = None
    ) -> AsyncGenerator[AccountEvent, None]:
        return follow(info, after, partial(_read_events, selection_of(info)))


def _read_events(
    selection: Selection, cache: EntityCache, position: int
) -> EventBatch[AccountEvent]:
    ledger_slice = ledger_slices.entries_with_tags(cache.reading, position, _tags_for(cache))
    subjects = _subjects(cache, ledger_slice.entries)
    sees_entries = Permission.VIEW_LEDGER in cache.reading.actor.permissions
    events = [
        (
            row.position,
            AccountEvent(
                cursor=cursor_of(row.position, row.hash),
                tag=row.tag,
                occurred_at=row.effective_at,
                subject=subjects[row.subject_id],
                delivery_trouble=_delivery_trouble(row),
                entry=LedgerEntry.of(row) if sees_entries else None,
            ),
        )
        for row in ledger_slice.entries
        if row.subject_id in subjects
    ]
    prefetch(cache, [event.subject for _, event in events], selection.into("subject"))
    prefetch(cache, [event.entry for _, event in events], selection.into("entry"))
    return EventBatch(events, ledger_slice.position, ledger_slice.has_more)


def _tags_for(cache: EntityCache) -> frozenset[str]:
    """Return the tags of the events that the caller may follow."""
    held = cache.reading.actor.permissions
    return frozenset(tag for tag in _KINDS if _NEEDED_PERMISSIONS.get(tag) in {None, *held})


def _delivery_trouble(row: Record) -> DeliveryTrouble | None:
    details = json.loads(row.body)["details"] if row.tag == DeliveryTroubleReported.tag else {}
    return delivery_trouble_in(row.tag, details)


def _subjects(cache: EntityCache, rows: Sequence[Record]) -> dict[UUID, Any]:
    """Return those subjects of entries that the caller may see, by id."""
    subjects: dict[UUID, Any] = {}
    for kind in {_KINDS[row.tag] for row in rows}:
        ids = {row.subject_id for row in rows if _KINDS[row.tag] == kind}
        subjects |= NODE_READERS[kind](cache, ids)
    return subjects
