"""The relay: claim, send, settle; again and again, until it is told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from engine.concurrency.executor import Executor
from engine.logs.exceptions import log_origin
from engine.model import addresses
from engine.model.derived_tokens import has_hash
from engine.model.errors import Refusal
from engine.system import System
from notifications.channels.base import Channel, Outgoing, Undelivered
from notifications.channels.secret_words import without_link
from notifications.content.message import Parts, RenderedMessage
from notifications.content.texts import language_of
from notifications.content.writer import MessageRenderer, Reader
from notifications.delivery import claims
from notifications.delivery.channel_health import ChannelHealth
from notifications.delivery.claims import ClaimRequest, DeliveryResult, RetryPolicy
from notifications.delivery.database_trouble import log_database_trouble
from notifications.delivery.fairness import SendSlots
from notifications.delivery.priority_gate import PriorityGate
from notifications.delivery.settling import log_failure
from notifications.delivery.wakeup import Wakeup
from notifications.links import action_links
from notifications.outbox import address_mails
from notifications.vocabulary import MessageKind
from notifications.webhooks.disable import disable_gone

#: What is due is asked of the clock at least this often, in seconds.
POLL_SECONDS = 1.0
#: As many times what is sent at once is claimed: to claim many costs little more than to claim one.
_AHEAD = 4
#: Seconds that what is being sent has to finish in, once the relay is told to stop.
SHUTDOWN_SECONDS = 10.0
#: Seconds for saying good-bye to servers.
_GOODBYE = 2.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A claimed delivery with what the channel sends, or why there is nothing to send."""

    row: Row[Any]
    content: Any = None
    error: Undelivered | None = None
    #: Why the message is in its plain form; None: it says everything.
    fault: str | None = None
    #: The person's own link, which nobody else is told.
    link: str | None = field(default=None, repr=False)


class Relay:
    """Conveys what the outbox holds. Any number of them may run, in any number of processes."""

    def __init__(
        self,
        system: System,
        executor: Executor,
        channel: Channel[Any],
        writer: MessageRenderer,
        link_key: bytes,
        public_url: str,
        *,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        concurrency: int = 16,
        patience: float = SHUTDOWN_SECONDS,
        on_outcome: Callable[[str, str], None] = lambda _channel, _outcome: None,
    ) -> None:
        """Relay the messages of one channel.

        `on_outcome`: called with the channel's name and `sent`, `retried` or `failed`.
        """
        self._system = system
        self._executor = executor
        self._channel = channel
        self._writer = writer
        self._link_key = link_key
        self._public_url = public_url
        self._policy = policy
        self._concurrency = concurrency
        self._patience = patience
        self._under_way: dict[asyncio.Task[None], Row[Any]] = {}
        self._outcomes: list[DeliveryResult] = []
        self._stopped = False
        self._shares = SendSlots(concurrency)
        self._health = ChannelHealth(channel.name)
        self._on_outcome = on_outcome

    async def run(
        self, stop: asyncio.Event, wake: Wakeup | None = None, first: PriorityGate | None = None
    ) -> None:
        """Until `stop` is set; then what is under way is finished and settled. `first`: what is to
        wait for before anything more is taken.
        """
        wake, self._stopped = wake or Wakeup(), False
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: wake())
        try:
            while not stop.is_set():
                if first is not None:
                    await first.wait(stopping)
                if not stop.is_set() and not await self._turn(wake):
                    await wake.wait(POLL_SECONDS)
        finally:
            stopping.cancel()
            self._stopped = True
            await self._finish()

    async def run_once(self) -> int:
        """Send whatever is due now and settle it; answers how many were tried."""
        wake, tried, self._stopped = Wakeup(), 0, False
        while claimed := await self._claim(wake):
            tried += claimed
            await asyncio.gather(*self._under_way)
            await self._settle()
        return tried

    async def _turn(self, wake: Wakeup) -> bool:
        """Settle what is done, claim what is due; False where there was nothing to do."""
        settled = bool(self._outcomes)
        try:
            claimed = await self._claim(wake)
            # What became of others meanwhile comes with the next.
            if settled and not claimed:
                await self._settle()
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)
            return False
        return settled or claimed > 0

    def _wanted(self) -> ClaimRequest | None:
        """What there is room for; None while enough waits for its turn."""
        under_way = self._under_way.values()
        crowding = self._shares.crowding()
        rows = [row for row in under_way if row.account_id not in crowding]
        retried = sum(row.attempts > 1 for row in rows)
        room = self._concurrency * _AHEAD - len(rows)
        if room <= 0 or len(rows) - retried > self._concurrency * 3 // 2:
            return None
        return ClaimRequest(
            limit=room,
            channel=self._channel.name,
            busy=frozenset(row.recipient_id for row in under_way),
            saturated_accounts=crowding,
            fresh_only=retried >= max(1, self._concurrency // 2),
        )

    async def _claim(self, wake: Wakeup) -> int:
        """What was sent is settled with it, in one transaction."""
        wanted = self._wanted()
        if wanted is None:
            return 0
        lapses = time.monotonic() + self._policy.lease.total_seconds()
        async with self._settling() as outcomes:
            # On SQLite to claim takes the one lock that signing needs too; to look does not.
            look = partial(claims.is_any_due, self._system, wanted)
            if not outcomes and not await self._executor.read(look):
                return 0
            claim = partial(
                claims.claim, self._system, wanted, self._policy, outcomes, self._note_failure
            )
            rows = await self._executor.write(claim)
        claimed = await self._executor.compute(lambda: [self._prepare(row) for row in rows])
        for prepared in claimed:
            task = asyncio.create_task(self._send(prepared, lapses))
            self._under_way[task] = prepared.row
            task.add_done_callback(self._under_way.pop)
            task.add_done_callback(lambda _: wake())
        return len(claimed)

    def _prepare(self, row: Row[Any]) -> _Prepared:
        """What the channel sends, or the error that preparing it met."""
        try:
            outgoing = self._outgoing(row) if row.webhook_id is None else self._posting(row)
            content, fault = self._channel.prepare(outgoing), outgoing.message.fault
            return _Prepared(row, content, fault=fault, link=outgoing.link)
        except Undelivered as error:
            return _Prepared(row, error=error)
        except Exception as error:  # noqa: BLE001 - templates and channels may be anybody's
            # A message that cannot be written keeps nobody else's from being sent.
            log_origin(log, "message_not_written", error, delivery=str(row.id), kind=row.kind)
            message = f"it could not be written: {type(error).__name__}"
            return _Prepared(row, error=Undelivered(message))

    def _outgoing(self, row: Row[Any]) -> Outgoing:
        reader = Reader(
            language=language_of(row.locale),
            zone=row.time_zone,
            audiences=row.audiences,
            account_id=row.account_id,
        )
        link, kind = self._link(row), MessageKind(row.kind)
        return Outgoing(
            delivery_id=row.id,
            created_at=row.created_at,
            address=addresses.deliverable(row.address or row.email),
            name=row.name,
            message=self._writer.render(kind, row.facts, reader, link=link, calendar=row.calendar),
            link=link,
            release_id=row.release_id,
            account_id=row.account_id,
            recipient_id=row.user_id,
        )

    def _posting(self, row: Row[Any]) -> Outgoing:
        """For a webhook: the message was written when it was queued, and has no link."""
        return Outgoing(
            delivery_id=row.id,
            created_at=row.created_at,
            address=row.url,
            name=row.webhook_name,
            message=RenderedMessage(
                subject=row.kind, text_parts=Parts(row.facts), html_parts=Parts("")
            ),
            release_id=row.release_id,
            account_id=row.account_id,
            recipient_id=row.webhook_id,
            seeds=tuple(seed for seed in (row.seed, row.previous_seed) if seed is not None),
        )

    def _link(self, row: Row[Any]) -> str | None:
        """The person's link; None where there is none, or the key that made it is not at hand."""
        if row.address_change_id is not None:
            return address_mails.url_of(self._link_key, self._public_url, row)
        if row.action_link_id is None:
            return None
        token = action_links.token_of(self._link_key, row.action_link_id, row.nonce)
        if not has_hash(token, row.token_hash):
            log.error("action_link_of_another_key", delivery=str(row.id))
            return None
        return action_links.url_of(self._public_url, row.action_link_id, token)

    async def _send(self, prepared: _Prepared, lapses: float) -> None:
        row = prepared.row
        async with self._shares.one_for(row):
            # Sent later it might be sent by another relay too; so it is in time for a channel
            # that takes half of the lease.
            late = time.monotonic() > lapses - self._policy.lease.total_seconds() / 2
            if late or self._stopped:
                self._outcomes.append(DeliveryResult(delivery=row, tried=False))
                return
            error = prepared.error or await self._tried(prepared.content)
        if error is not None:
            error = without_link(error, prepared.link)
        if error is not None and error.gone and row.webhook_id is not None:
            await self._disable(row, str(error))
        self._note(error)
        if error is None:
            outcome = DeliveryResult(delivery=row, fault=prepared.fault)
        else:
            words, final = str(error), error.final
            outcome = DeliveryResult(delivery=row, error=words, final=final, after=error.after)
        self._outcomes.append(outcome)

    def _note(self, error: Undelivered | None) -> None:
        """What is refused for good is said of each message, once that is settled."""
        if error is None:
            self._health.succeeded()
            self._on_outcome(self._channel.name, "sent")
        elif not error.final:
            self._health.failed(str(error))
            self._on_outcome(self._channel.name, "retried")

    def _note_failure(self, row: Row[Any], error: str) -> None:
        log_failure(row, error)
        self._on_outcome(row.channel, "failed")

    async def _tried(self, prepared: Any) -> Undelivered | None:
        try:
            await self._channel.send(prepared)
        except Undelivered as error:
            return error
        except Exception as error:  # noqa: BLE001 - a channel may be anybody's
            # What its exception says may hold a link or a secret, and is shown to nobody.
            log_origin(log, "channel_broke", error, channel=self._channel.name)
            return Undelivered(f"the channel failed: {type(error).__name__}")
        return None

    async def _disable(self, row: Row[Any], reason: str) -> None:
        """If that fails, the next message there is told the same."""
        try:
            disable = partial(disable_gone, self._system, row.account_id, row.webhook_id, reason)
            await self._executor.write(disable, row.account_id)
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)

    async def _settle(self) -> None:
        if self._outcomes:
            async with self._settling() as outcomes:
                settle = partial(
                    claims.settle, self._system, outcomes, self._policy, self._note_failure
                )
                await self._executor.write(settle, bypass_queue=True)

    @asynccontextmanager
    async def _settling(self) -> AsyncIterator[list[DeliveryResult]]:
        outcomes, self._outcomes = self._outcomes, []
        try:
            yield outcomes
        except BaseException:
            # They are sent: not to settle them would send them again.
            self._outcomes = outcomes + self._outcomes
            raise

    async def _finish(self) -> None:
        """What is sent is settled as it comes: however this ends, it is not sent once more."""
        ends = time.monotonic() + self._patience
        while self._under_way and (left := ends - time.monotonic()) > 0:
            await asyncio.wait(self._under_way, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            await self._try_to_settle()
        for task in self._under_way:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await asyncio.gather(*self._under_way, return_exceptions=True)
                await self._channel.close()
        await self._try_to_settle()

    async def _try_to_settle(self) -> None:
        try:
            await self._settle()
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)
