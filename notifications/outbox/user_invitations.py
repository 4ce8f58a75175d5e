"""The invitation: the mail to a new user of an account.

Its link leads to the sign-in page with their address filled in, and that page sends an ordinary
sign-in link, which works for a quarter of an hour. So the invitation holds no secret: whoever opens
it, at any time and in any browser, still has to receive the mail that is sent to this address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import sqlalchemy as sa

from engine.model.events import Recorded, UserCreated
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import LedgerEntry
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.facts.message_data import facts_of_administration
from notifications.links.sign_in_links import PATH
from notifications.outbox.queueing import OutboxMessage
from notifications.vocabulary import MessageKind

_NEW_PEOPLE = sa.select(t.users.c.id, t.users.c.email).where(
    id_in(t.users.c.id), t.users.c.active, ~t.users.c.service
)


def invitations_of(uow: UnitOfWork, entries: Sequence[LedgerEntry]) -> Iterator[OutboxMessage]:
    """Yield one message for each person that was added and is active; service users get no mail."""
    added = {
        entry.recorded.event.subject_id: entry.recorded
        for entry in entries
        if isinstance(entry.recorded.event, UserCreated)
    }
    if not added:
        return
    rows = uow.connection.execute(_NEW_PEOPLE, {"ids": sorted(added)}).all()
    for user_id, address in sorted((row.id, row.email) for row in rows):
        yield OutboxMessage(
            kind=MessageKind.INVITATION,
            account_id=uow.account_id,
            facts=_facts(uow, added[user_id], address),
            people={user_id: frozenset()},
        )


def _facts(uow: UnitOfWork, recorded: Recorded, address: str) -> dict[str, object]:
    """Return the facts of an invitation, whose subject is the account; they hold no settings."""
    facts = facts_of_administration(uow, recorded)
    return {
        "event": {**facts["event"], "changes": []},
        "subject": {"kind": "Account", "name": uow.settings.account_name},
        "account": uow.settings.account_name,
        "sign_in": f"{PATH}?{urlencode({'address': address})}",
    }
