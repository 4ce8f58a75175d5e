"""The relay: claims deliveries, sends them and records the results, until it is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from engine.concurrency.executor import Executor
from engine.logs.exceptions import log_origin
from engine.model.errors import Refusal
from engine.system import System
from notifications.channels.base import Channel, Undelivered
from notifications.channels.secret_words import without_link
from notifications.content.writer import MessageRenderer
from notifications.delivery.channel_health import ChannelHealth
from notifications.delivery.claim import ClaimRequest, claim_deliveries, is_any_due
from notifications.delivery.database_trouble import log_database_trouble
from notifications.delivery.fairness import SendSlots
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.prepare import DeliveryPreparer, PreparedDelivery
from notifications.delivery.priority_gate import PriorityGate
from notifications.delivery.settling import DeliveryResult, log_failure, settle_deliveries
from notifications.delivery.wakeup import Wakeup
from notifications.webhooks.disable import disable_gone

#: Seconds after which the relay looks for due deliveries, though nothing woke it.
POLL_SECONDS = 1.0
#: How many times as much is claimed as is sent at once: to claim many takes little longer than to
#: claim one.
CLAIM_FACTOR = 4
#: Seconds in which messages that are being sent have to be finished once the relay is stopped.
SHUTDOWN_SECONDS = 10.0
#: Seconds in which connections have to be closed.
CLOSE_SECONDS = 2.0
log = structlog.get_logger(__name__)


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
            shutdown_seconds: In which messages that are being sent have to be finished.
            on_outcome: Called with the channel's name and `sent`, `retried` or `failed`.
        """
        self._system = system
        self._executor = executor
        self._channel = channel
        self._preparer = DeliveryPreparer(channel, renderer, link_key, public_url)
        self._policy = policy
        self._concurrency = concurrency
        self._shutdown_seconds = shutdown_seconds
        self._in_flight: dict[asyncio.Task[None], Row[Any]] = {}
        self._results: list[DeliveryResult] = []
        self._stopped = False
        self._slots = SendSlots(concurrency)
        self._health = ChannelHealth(channel.name)
        self._on_outcome = on_outcome

    async def run(
        self, stop: asyncio.Event, wake: Wakeup | None = None, gate: PriorityGate | None = None
    ) -> None:
        """Send until `stop` is set; then finish and settle what is being sent.

        Args:
            stop: Ends it.
            wake: Set when something was queued.
            gate: Waited for before each claim.
        """
        wake, self._stopped = wake or Wakeup(), False
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: wake())
        try:
            while not stop.is_set():
                if gate is not None:
                    await gate.wait(stopping)
                if not stop.is_set() and not await self._turn(wake):
                    await wake.wait(POLL_SECONDS)
        finally:
            stopping.cancel()
            self._stopped = True
            await self._finish()

    async def run_once(self) -> int:
        """Send whatever is due now and settle it; returns how many deliveries were tried."""
        wake, tried, self._stopped = Wakeup(), 0, False
        while claimed := await self._claim(wake):
            tried += claimed
            await asyncio.gather(*self._in_flight)
            await self._settle()
        return tried

    async def _turn(self, wake: Wakeup) -> bool:
        """Settle what is done and claim what is due; returns whether there was anything to do."""
        settled = bool(self._results)
        try:
            claimed = await self._claim(wake)
            # Results that arrived meanwhile are settled in the next turn.
            if settled and not claimed:
                await self._settle()
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)
            return False
        return settled or claimed > 0

    def _next_request(self) -> ClaimRequest | None:
        """Return what there is room for, or None while enough deliveries wait for a slot."""
        in_flight = self._in_flight.values()
        saturated = self._slots.saturated_accounts()
        rows = [row for row in in_flight if row.account_id not in saturated]
        retried = sum(row.attempts > 1 for row in rows)
        room = self._concurrency * CLAIM_FACTOR - len(rows)
        if room <= 0 or len(rows) - retried > self._concurrency * 3 // 2:
            return None
        return ClaimRequest(
            limit=room,
            channel=self._channel.name,
            busy=frozenset(row.recipient_id for row in in_flight),
            saturated_accounts=saturated,
            fresh_only=retried >= max(1, self._concurrency // 2),
        )

    async def _claim(self, wake: Wakeup) -> int:
        """Claim what is due and begin to send it; results so far are settled with it."""
        request = self._next_request()
        if request is None:
            return 0
        lapses_at = time.monotonic() + self._policy.lease.total_seconds()
        async with self._taken_results() as results:
            # On SQLite to claim takes the one lock that signing needs too; to look does not.
            look = partial(is_any_due, self._system, request)
            if not results and not await self._executor.read(look):
                return 0
            args = self._system, request, self._policy, results, self._count_failure
            rows = await self._executor.write(partial(claim_deliveries, *args))
        prepare = self._preparer.prepare
        claimed = await self._executor.compute(lambda: [prepare(row) for row in rows])
        for prepared in claimed:
            task = asyncio.create_task(self._send(prepared, lapses_at))
            self._in_flight[task] = prepared.row
            task.add_done_callback(self._in_flight.pop)
            task.add_done_callback(lambda _: wake())
        return len(claimed)

    async def _send(self, prepared: PreparedDelivery, lapses_at: float) -> None:
        row = prepared.row
        async with self._slots.slot_for(row):
            # Sent later it might be sent by another relay too; so it is in time for a channel
            # that takes half of the lease.
            is_late = time.monotonic() > lapses_at - self._policy.lease.total_seconds() / 2
            if is_late or self._stopped:
                self._results.append(DeliveryResult(delivery=row, tried=False))
                return
            error = prepared.error or await self._try(prepared.content)
        if error is not None:
            error = without_link(error, prepared.link)
        if error is not None and error.gone and row.webhook_id is not None:
            await self._disable(row, str(error))
        self._count(error)
        if error is None:
            result = DeliveryResult(delivery=row, fault=prepared.fault)
        else:
            text, final = str(error), error.final
            result = DeliveryResult(
                delivery=row, error=text, final=final, retry_after=error.retry_after
            )
        self._results.append(result)

    def _count(self, error: Undelivered | None) -> None:
        """Note how sending went; what failed for good is counted once it is settled."""
        if error is None:
            self._health.succeeded()
            self._on_outcome(self._channel.name, "sent")
        elif not error.final:
            self._health.failed(str(error))
            self._on_outcome(self._channel.name, "retried")

    def _count_failure(self, row: Row[Any], error: str) -> None:
        log_failure(row, error)
        self._on_outcome(row.channel, "failed")

    async def _try(self, content: Any) -> Undelivered | None:
        try:
            await self._channel.send(content)
        except Undelivered as error:
            return error
        except Exception as error:  # noqa: BLE001 - a channel may be anybody's
            # What its exception says may hold a link or a secret, and is shown to nobody.
            log_origin(log, "channel_broke", error, channel=self._channel.name)
            return Undelivered(f"the channel failed: {type(error).__name__}")
        return None

    async def _disable(self, row: Row[Any], reason: str) -> None:
        """Disable a webhook; if that fails, the answer to its next message does it."""
        try:
            disable = partial(disable_gone, self._system, row.account_id, row.webhook_id, reason)
            await self._executor.write(disable, row.account_id)
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)

    async def _settle(self) -> None:
        if self._results:
            async with self._taken_results() as results:
                settle = partial(
                    settle_deliveries, self._system, results, self._policy, self._count_failure
                )
                await self._executor.write(settle, bypass_queue=True)

    @asynccontextmanager
    async def _taken_results(self) -> AsyncIterator[list[DeliveryResult]]:
        results, self._results = self._results, []
        try:
            yield results
        except BaseException:
            # They were sent: if they were not settled, they would be sent again.
            self._results = results + self._results
            raise

    async def _finish(self) -> None:
        """Settle what is being sent as it ends, so that it is not sent again, however this ends."""
        ends_at = time.monotonic() + self._shutdown_seconds
        while self._in_flight and (left := ends_at - time.monotonic()) > 0:
            await asyncio.wait(self._in_flight, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            await self._try_to_settle()
        for task in self._in_flight:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*self._in_flight, return_exceptions=True)
                await self._channel.close()
        await self._try_to_settle()

    async def _try_to_settle(self) -> None:
        try:
            await self._settle()
        except (SQLAlchemyError, Refusal) as error:
            log_database_trouble("relay_database_trouble", error)
