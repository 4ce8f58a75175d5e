"""Senders: each sends one claimed delivery after the other, over one channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy import Row

from engine.logs.exceptions import log_origin
from notifications.channels.base import Channel, Undelivered
from notifications.channels.secret_words import without_link
from notifications.delivery.channel_health import ChannelHealth
from notifications.delivery.prepare import PreparedDelivery
from notifications.delivery.send_queue import SendQueue
from notifications.delivery.settling import DeliveryResult

log = structlog.get_logger(__name__)


class Senders:
    """Takes deliveries from its queue and collects the results, for a relay to settle."""

    def __init__(
        self,
        channel: Channel[Any],
        number: int,
        disable_webhook: Callable[[Row[Any], str], Awaitable[None]],
        on_outcome: Callable[[str, str], None],
    ) -> None:
        """Make senders that wait until they are started.

        Args:
            channel: What sends the messages.
            number: How many messages are sent at once.
            disable_webhook: Called with a delivery whose webhook is gone, and the answer.
            on_outcome: Called with the channel's name and `sent` or `retried`.
        """
        self._channel = channel
        self._number = number
        self._disable_webhook = disable_webhook
        self._on_outcome = on_outcome
        self._health = ChannelHealth(channel.name)
        self._tasks = list[asyncio.Task[None]]()
        self.queue = SendQueue(number)
        self.results = list[DeliveryResult]()

    def start(self, on_low: Callable[[], None]) -> None:
        """Begin to send what is in the queue.

        Args:
            on_low: Called after a result when the queue is low.
        """
        self._tasks = [asyncio.create_task(self._run(on_low)) for _ in range(self._number)]

    def give_back(self) -> None:
        """Take out of the queue what nobody has begun to send; it is due again at once."""
        unsent = self.queue.clear()
        self.results += [DeliveryResult(delivery=delivery.row, tried=False) for delivery in unsent]

    async def stop(self) -> None:
        """End at once, and wait until every sender has ended; what was being sent has no result."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, on_low: Callable[[], None]) -> None:
        while True:
            delivery = await self.queue.take()
            try:
                result = await self._result_of(delivery)
                self.results.append(result)
            except Exception as error:  # noqa: BLE001 - one delivery ends no sender
                log_origin(log, "delivery_broke", error, delivery=str(delivery.row.id))
            finally:
                self.queue.done(delivery)
            if self.queue.is_low:
                on_low()

    async def _result_of(self, delivery: PreparedDelivery) -> DeliveryResult:
        row = delivery.row
        # Sent later it might be sent by another relay too.
        if time.monotonic() > delivery.begin_before:
            return DeliveryResult(delivery=row, tried=False)
        error = delivery.error or await self._send(delivery.content)
        if error is not None:
            error = without_link(error, delivery.link)
            if error.gone and row.webhook_id is not None:
                await self._disable_webhook(row, str(error))
        self._count(error)
        if error is None:
            return DeliveryResult(delivery=row, fault=delivery.fault)
        return DeliveryResult(
            delivery=row, error=str(error), final=error.final, retry_after=error.retry_after
        )

    async def _send(self, content: Any) -> Undelivered | None:
        try:
            await self._channel.send(content)
        except Undelivered as error:
            return error
        except Exception as error:  # noqa: BLE001 - a channel may be anybody's
            # What its exception says may hold a link or a secret, and is shown to nobody.
            log_origin(log, "channel_broke", error, channel=self._channel.name)
            return Undelivered(f"the channel failed: {type(error).__name__}")
        return None

    def _count(self, error: Undelivered | None) -> None:
        """Note how sending went; what failed for good is counted once it is settled."""
        if error is None:
            self._health.succeeded()
            self._on_outcome(self._channel.name, "sent")
        elif not error.final:
            self._health.failed(str(error))
            self._on_outcome(self._channel.name, "retried")
