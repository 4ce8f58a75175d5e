"""The mails about a change of address: a link to the new address, and a notice to the old one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.commands.credentials.change_address import TOKEN_PURPOSE
from engine.model import derived_tokens
from engine.model.addresses import shown
from engine.model.events import AddressChangeRequested, Recorded, UserUpdated
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import LedgerEntry
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.content.stored_facts import store_facts
from notifications.facts.message_data import facts_of_administration
from notifications.links.sign_in_links import PATH as SIGN_IN
from notifications.outbox import queueing
from notifications.vocabulary import EMAIL, MessageKind

#: The path of the confirmation page, below the public URL.
PATH = f"{SIGN_IN}/address"


def url_of(key: bytes, public_url: str, row: Row[Any]) -> str:
    """Return the address in the mail to the new mailbox, from a claimed delivery."""
    change_id: UUID = row.address_change_id
    token = derived_tokens.derive_token(key, TOKEN_PURPOSE, change_id, row.change_nonce)
    return derived_tokens.link_url(public_url, PATH, change_id, token)


def enqueue(uow: UnitOfWork, entries: Sequence[LedgerEntry]) -> None:
    """Queue the mails, whatever channels people chose: only a mail proves who has a mailbox."""
    rows = [row for entry in entries for row in _rows(uow, entry.recorded)]
    queueing.insert(uow.connection, rows, uow.now)
    uow.has_messages_to_send |= bool(rows)


def _rows(uow: UnitOfWork, recorded: Recorded) -> Iterator[dict[str, Any]]:
    event = recorded.event
    if not isinstance(event, AddressChangeRequested | UserUpdated) or "email" not in event.changes:
        return
    before, after = event.changes["email"]
    facts = _facts(uow, recorded, before, after)
    if isinstance(event, AddressChangeRequested):
        yield _row(uow, event.subject_id, MessageKind.ADDRESS_LINK, facts, after, event.change_id)
        yield _row(uow, event.subject_id, MessageKind.ADDRESS_CHANGE, facts, before, None)
    elif not _is_service(uow, event.subject_id):
        yield _row(uow, event.subject_id, MessageKind.ADDRESS_CHANGE, facts, before, None)


def _row(
    uow: UnitOfWork,
    user_id: UUID,
    kind: MessageKind,
    facts: str,
    address: str,
    change_id: UUID | None,
) -> dict[str, Any]:
    return {
        "account_id": uow.account_id,
        "user_id": user_id,
        "channel": EMAIL,
        "kind": kind,
        "audiences": "",
        "facts": facts,
        "address": address,
        "address_change_id": change_id,
    }


def _facts(uow: UnitOfWork, recorded: Recorded, before: str, after: str) -> str:
    facts = facts_of_administration(uow, recorded)
    event = {**facts["event"], "changes": []}
    subject = {"kind": "Account", "name": uow.settings.account_name}
    addresses = {"before": shown(before), "after": shown(after)}
    return store_facts({**facts, "event": event, "subject": subject, "addresses": addresses})


def _is_service(uow: UnitOfWork, user_id: UUID) -> bool:
    query = sa.select(t.users.c.service).where(t.users.c.id == user_id)
    return bool(uow.connection.execute(query).scalar_one())
