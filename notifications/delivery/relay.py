"""The relay: claims deliveries, sends them and records the results, until it is stopped."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from engine.concurrency.executor import Executor
from engine.model.errors import Refusal
from engine.system import System
from notifications.channels.base import Channel
from notifications.content.writer import MessageRenderer
from notifications.delivery.claim import ClaimRequest, claim_deliveries, is_any_due
from notifications.delivery.database_trouble import log_database_trouble
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.prepare import DeliveryPreparer, PreparedDelivery
from notifications.delivery.priority_gate import PriorityGate
from notifications.delivery.send_queue import LOW_LEVEL
from notifications.delivery.senders import Senders
from notifications.delivery.settling import DeliveryResult, log_failure, settle_deliveries
from notifications.delivery.wakeup import Wakeup
from notifications.webhooks.disable import disable_gone

#: Seconds after which the relay looks for due deliveries, though nothing woke it.
POLL_SECONDS = 1.0
#: Seconds between two transactions: what is sent or queued meanwhile goes into the next.
BATCH_SECONDS = 0.025
#: How many times as much is claimed as is sent at once: to claim many takes little longer than to
#: claim one.
CLAIM_FACTOR = 8
#: How many claimed messages are rendered before the senders are given them.
PREPARE_COUNT = 8
#: Seconds in which messages that are being sent have to be finished once the relay is stopped.
SHUTDOWN_SECONDS = 10.0
#: Seconds in which connections have to be closed.
CLOSE_SECONDS = 2.0


class Relay:
    """Sends what the outbox holds for one channel; any number of relays and processes may."""

    def __init__(
        self,
        system: System,
        executor: Executor,
        channel: Channel[Any],
        renderer: MessageRenderer,
        link_key: bytes,
        public_url: str,
        *,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        concurrency: int = 16,
        per_recipient: int = 1,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
        on_outcome: Callable[[str, str], None] = lambda _channel, _outcome: None,
    ) -> None:
        """Make a relay for one channel.

        Args:
            system: The engine.
            executor: Threads for the database and for rendering.
            channel: What sends the messages.
            renderer: What renders them.
            link_key: The key that action links are derived from.
            public_url: The address that links begin with.
            policy: For how long deliveries are claimed, and when they are tried again.
            concurrency: How many messages are sent at once.
            per_recipient: How many of one recipient's messages are claimed at once.
            shutdown_seconds: In which messages that are being sent have to be finished.
            on_outcome: Called with the channel's name and `sent`, `retried` or `failed`.
        """
        self._system = system
        self._executor = executor
        self._channel = channel
        self._preparer = DeliveryPreparer(channel, renderer, link_key, public_url)
        self._policy = policy
        self._concurrency = concurrency
        self._per_recipient = per_recipient
        self._shutdown_seconds = shutdown_seconds
        self._on_outcome = on_outcome
        self._senders = Senders(channel, concurrency, self._disable, on_outcome)
        self._queue = self._senders.queue
        self._wake = Wakeup()
        self._turn_at = -math.inf

    async def run(
        self, stop: asyncio.Event, wake: Wakeup | None = None, gate: PriorityGate | None = None
    ) -> None:
        """Send until `stop` is set; then finish and settle what is being sent.

        Args:
            stop: Ends it.
            wake: Set when something was queued.
            gate: Waited for before each claim.
        """
        self._wake = wake or Wakeup()
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._wake())
        self._senders.start(self._wake)
        try:
            while not stop.is_set():
                if gate is not None:
                    await gate.wait(stopping)
                if not stop.is_set() and not await self._turn():
                    await self._wake.wait(POLL_SECONDS)
        finally:
            stopping.cancel()
            await self._finish()

    async def run_once(self) -> int:
        """Send whatever is due now and settle it; returns how many deliveries were tried."""
        self._wake, tried = Wakeup(), 0
        self._senders.start(self._wake)
        try:
            while claimed := await self._claim():
                tried += claimed
                while len(self._queue):
                    await self._wake.wait(POLL_SECONDS)
                await self._settle()
        finally:
            await self._senders.stop()
        return tried

    async def _turn(self) -> bool:
        """Settle what is done and claim what is due; returns whether there was anything to do."""
        await asyncio.sleep(self._turn_at + BATCH_SECONDS - time.monotonic())
        if self._next_request() is None:
            await self._wake.wait(BATCH_SECONDS)
        self._turn_at = time.monotonic()
        settled = bool(self._senders.results)
        try:
            claimed = await self._claim()
            # Results that arrived meanwhile are settled in the next turn.
            if settled and not claimed:
                await self._settle()
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)
            return False
        return settled or claimed > 0

    def _next_request(self) -> ClaimRequest | None:
        """Return what there is room for, or None while enough deliveries wait for a sender."""
        saturated = self._queue.saturated_accounts()
        rows = [row for row in self._queue.rows if row.account_id not in saturated]
        retried = sum(row.attempts > 1 for row in rows)
        room = self._concurrency * CLAIM_FACTOR - len(rows)
        if room <= 0 or len(rows) - retried > self._concurrency * LOW_LEVEL:
            return None
        return ClaimRequest(
            limit=room,
            channel=self._channel.name,
            claimed=Counter(row.recipient_id for row in self._queue.rows),
            per_recipient=self._per_recipient,
            saturated_accounts=saturated,
            fresh_only=retried >= max(1, self._concurrency // 2),
        )

    async def _claim(self) -> int:
        """Claim what is due and hand it to the senders; results so far are settled with it."""
        request = self._next_request()
        if request is None:
            return 0
        # In time for a channel that takes half of the lease.
        begin_before = time.monotonic() + self._policy.lease.total_seconds() / 2
        async with self._taken_results() as results:
            # On SQLite to claim takes the one lock that signing needs too; to look does not.
            look = partial(is_any_due, self._system, request)
            if not results and not await self._executor.read(look):
                return 0
            args = self._system, request, self._policy, results, self._count_failure
            rows = await self._executor.write(partial(claim_deliveries, *args))
        # The first are sent while the next are rendered.
        for start in range(0, len(rows), PREPARE_COUNT):
            batch = partial(self._prepare, rows[start : start + PREPARE_COUNT], begin_before)
            self._queue.put(await self._executor.compute(batch))
        return len(rows)

    def _prepare(self, rows: Sequence[Row[Any]], begin_before: float) -> list[PreparedDelivery]:
        return [self._preparer.prepare(row, begin_before) for row in rows]

    def _count_failure(self, row: Row[Any], error: str) -> None:
        log_failure(row, error)
        self._on_outcome(row.channel, "failed")

    async def _disable(self, row: Row[Any], reason: str) -> None:
        """Disable a webhook; if that fails, the answer to its next message does it."""
        try:
            disable = partial(disable_gone, self._system, row.account_id, row.webhook_id, reason)
            await self._executor.write(disable, row.account_id)
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)

    async def _settle(self) -> None:
        if self._senders.results:
            async with self._taken_results() as results:
                settle = partial(
                    settle_deliveries, self._system, results, self._policy, self._count_failure
                )
                await self._executor.write(settle, bypass_queue=True)

    @asynccontextmanager
    async def _taken_results(self) -> AsyncIterator[list[DeliveryResult]]:
        results, self._senders.results = self._senders.results, []
        try:
            yield results
        except BaseException:
            # They were sent: if they were not settled, they would be sent again.
            self._senders.results = results + self._senders.results
            raise

    async def _finish(self) -> None:
        """Settle what is being sent as it ends, so that it is not sent again, however this ends."""
        ends_at = time.monotonic() + self._shutdown_seconds
        self._senders.give_back()
        while len(self._queue) and (left := ends_at - time.monotonic()) > 0:
            await self._try_to_settle()
            await self._wake.wait(left)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._senders.stop()
                await self._channel.close()
        await self._try_to_settle()

    async def _try_to_settle(self) -> None:
        try:
            await self._settle()
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)
