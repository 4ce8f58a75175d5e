"""Sends the mails to sign in with: looks up who has the address, long after the answer went out.

Not by way of the outbox: such a mail belongs to no account, waits behind nobody's slow mail server,
and is worth nothing after a quarter of an hour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Row

from engine.commands.credentials.change_address import delete_old_changes, has_old_changes
from engine.commands.transactions import bare_transaction
from engine.concurrency.executor import Executor
from engine.model import addresses
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.loading.sign_in import people_with_address
from engine.system import System
from notifications.channels.base import Channel, Outgoing, Undelivered
from notifications.content.stored_facts import store_facts
from notifications.content.texts import language_of
from notifications.content.writer import MessageRenderer, Reader
from notifications.delivery.lease import RetryPolicy, lease_values
from notifications.links import sign_in_links
from notifications.vocabulary import MessageKind

#: Seconds between two runs.
POLL_SECONDS = 0.5
#: People wait in front of the page, so it is tried soon again, and for as long as its link works.
RETRY_POLICY = RetryPolicy(lease=timedelta(seconds=45), first_wait=timedelta(seconds=3), jitter=0)
MAILS_PER_RUN = 16
#: For how long it is kept who asked.
RETENTION = timedelta(days=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A sign-in whose mail is due, and who has the address: nobody, or a person's users."""

    row: Row[Any]
    people: tuple[Row[Any], ...]


class SignInMailer:
    """Sends the mails that people sign in with; any number of processes may."""

    def __init__(
        self,
        system: System,
        executor: Executor,
        channel: Channel[Any],
        writer: MessageRenderer,
        key: bytes,
        public_url: str,
    ) -> None:
        self._system = system
        self._executor = executor
        self._channel = channel
        self._writer = writer
        self._key = key
        self._public_url = public_url

    async def run_once(self) -> int:
        """Send what is due now; returns how many requests that were."""
        if not await self._executor.read(self._is_any_due):
            return 0
        request = await self._executor.write(self._claim)
        await asyncio.gather(*map(self._send, request))
        return len(request)

    async def close(self) -> None:
        """Close the connections to the mail server."""
        await self._channel.close()

    def _is_any_due(self) -> bool:
        with self._system.database.reading() as connection:
            return _is_any_due(connection, self._system.clock.now(connection))

    def _claim(self) -> list[SignInRequest]:
        """Claim due requests, each with its people; they are due again when the lease ends."""

        def change(connection: Connection) -> list[SignInRequest]:
            now, s = self._system.clock.now(connection), t.sign_ins
            sign_in_links.delete_requested_before(connection, now - RETENTION)
            delete_old_changes(connection, now)
            due = sa.select(s).where(s.c.due_at <= now).order_by(s.c.due_at).limit(MAILS_PER_RUN)
            rows = connection.execute(due.with_for_update(skip_locked=True)).all()
            live = [row for row in rows if row.used_at is None and row.expires_at > now]
            leased = lease_values(s.c.due_at, s.c.mail_attempts, now + RETRY_POLICY.lease)
            _update(connection, live, **leased)
            _update(connection, [row for row in rows if row not in live], due_at=None)
            return [SignInRequest(row, _people_of(connection, row)) for row in live]

        return bare_transaction(self._system.database, change)

    async def _send(self, request: SignInRequest) -> None:
        error = None
        if request.people:
            try:
                prepared = await self._executor.compute(partial(self._prepare, request))
                await self._channel.send(prepared)
            except Undelivered as undelivered:
                error = undelivered
                # The server's words may have the address in them, and the link is in the mail.
                log.warning("sign_in_mail_not_sent", sign_in=str(request.row.id), final=error.final)
        settle = partial(self._settle, request.row, error)
        await self._executor.write(settle, bypass_queue=True)

    def _prepare(self, request: SignInRequest) -> Any:
        return self._channel.prepare(self._outgoing(request))

    def _outgoing(self, request: SignInRequest) -> Outgoing:
        """Return the mail, to the address as the account has it and never as somebody typed it."""
        person = request.people[0]
        accounts = sorted({user.account for user in request.people})
        facts = {
            "account": accounts[0] if len(accounts) == 1 else "Countersign",
            "event": {"tag": "sign_in", "at": request.row.created_at, "reason": None},
        }
        reader = Reader(language=language_of(person.locale), zone=person.time_zone)
        link = sign_in_links.url_of(self._key, self._public_url, request.row)
        return Outgoing(
            delivery_id=request.row.id,
            created_at=request.row.created_at,
            address=addresses.deliverable(person.email),
            name=person.name,
            message=self._writer.render(MessageKind.SIGN_IN, store_facts(facts), reader, link=link),
            link=link,
        )

    def _settle(self, row: Row[Any], error: Undelivered | None) -> None:
        def change(connection: Connection) -> None:
            next_attempt_at = None
            if error is not None and not error.final:
                now = self._system.clock.now(connection)
                # The row is as it was before this attempt was counted.
                attempts = row.mail_attempts + 1
                next_attempt_at = RETRY_POLICY.next_attempt(now, attempts, row.expires_at)
            _update(connection, [row], due_at=next_attempt_at)

        bare_transaction(self._system.database, change)


def _people_of(connection: Connection, row: Row[Any]) -> tuple[Row[Any], ...]:
    return tuple(people_with_address(connection, row.address, row.created_at))


def _is_any_due(connection: Connection, now: datetime) -> bool:
    s = t.sign_ins
    query = sa.select(s.c.id).where(sa.or_(s.c.due_at <= now, s.c.created_at < now - RETENTION))
    is_due = connection.execute(query.limit(1)).first() is not None
    return is_due or has_old_changes(connection, now)


def _update(connection: Connection, rows: Sequence[Row[Any]], **values: Any) -> None:
    s = t.sign_ins
    if rows:
        changed = s.update().where(id_in(s.c.id)).values(**values)
        connection.execute(changed, {"ids": [row.id for row in rows]})
