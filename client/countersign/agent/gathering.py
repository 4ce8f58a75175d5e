"""Gathers what is to be signed with a keypair, so that parallel tools cost few requests."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from countersign.agent.signing_keys import DigestAlgorithm
from countersign.errors import ClientError

#: How long the first digest of a batch waits for others.
GATHER_SECONDS = 0.002
#: How many digests the server takes in one call.
MAX_BATCH_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class ItemToSign:
    """A digest or a message, with the key that makes sending it again harmless.

    Attributes:
        content: The digest, or the message.
        hashed_by: The hash function that computed the digest; None for a message.
        idempotency_key: New for each operation of a tool. A request that is sent again, since its
            answer was lost, has the same, and so uses no second signature.
    """

    content: bytes
    hashed_by: DigestAlgorithm | None
    idempotency_key: str


#: Signs a batch with one keypair; returns a signature or a refusal for each item, in their order.
SignBatch = Callable[[str, Sequence[ItemToSign]], Awaitable[Sequence[bytes | ClientError]]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    item: ItemToSign
    result: asyncio.Future[bytes]


class Gatherer:
    """Gathers the digests of each keypair for two milliseconds.

    Args:
        sign_batch: Signs what was gathered.
    """

    def __init__(self, sign_batch: SignBatch) -> None:
        self._sign_batch = sign_batch
        self._waiting: dict[str, list[_Waiting]] = {}
        self._requests: set[asyncio.Task[None]] = set()

    async def sign(self, alias: str, content: bytes, hashed_by: DigestAlgorithm | None) -> bytes:
        """Return a signature over a digest or a message.

        A caller that is cancelled before its batch is sent is left out of it.

        Raises:
            ClientError: There is no signature.
        """
        loop = asyncio.get_running_loop()
        item = ItemToSign(content, hashed_by, str(uuid.uuid4()))
        waiting = _Waiting(item, loop.create_future())
        batch = self._waiting.setdefault(alias, [])
        batch.append(waiting)
        if len(batch) == MAX_BATCH_ITEMS:
            self._send(alias, batch)
        elif len(batch) == 1:
            loop.call_later(GATHER_SECONDS, self._send, alias, batch)
        return await waiting.result

    def _send(self, alias: str, batch: list[_Waiting]) -> None:
        if self._waiting.get(alias) is not batch:
            return  # it was sent when it was full
        del self._waiting[alias]
        remaining = [waiting for waiting in batch if not waiting.result.done()]
        if remaining:
            request = asyncio.create_task(self._request(alias, remaining))
            self._requests.add(request)
            request.add_done_callback(self._requests.discard)

    async def _request(self, alias: str, batch: list[_Waiting]) -> None:
        results: Sequence[bytes | BaseException]
        try:
            results = await self._sign_batch(alias, [waiting.item for waiting in batch])
        except (ClientError, asyncio.CancelledError) as error:
            results = [error] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if waiting.result.done():
                continue  # whoever called has gone
            if isinstance(result, bytes):
                waiting.result.set_result(result)
            else:
                waiting.result.set_exception(result)
