"""Digests that come together go to the server together, each with a key of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from countersign.agent.gathering import MAX_BATCH_ITEMS, Gatherer, ItemToSign
from countersign.agent.signing_keys import DigestAlgorithm
from countersign.errors import ClientError, RefusedError, TransientError

SHA256 = DigestAlgorithm.SHA256


@dataclass
class Batches:
    """Takes batches down; refuses digests that say so."""

    batches: list[tuple[str, list[ItemToSign]]] = field(default_factory=list)
    failure: ClientError | None = None

    async def sign(self, alias: str, items: Sequence[ItemToSign]) -> Sequence[bytes | ClientError]:
        self.batches.append((alias, list(items)))
        if self.failure:
            raise self.failure
        return [
            RefusedError("QUOTA_EXHAUSTED", "All are used.")
            if item.content == b"refused"
            else b"signature of " + item.content
            for item in items
        ]


async def test_digests_of_one_keypair_go_together_and_each_has_its_own_key() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.sign)
    signatures = await asyncio.gather(
        *(gatherer.sign("a", b"%d" % number, SHA256) for number in range(8)),
        gatherer.sign("b", b"other", SHA256),
    )
    assert signatures == [b"signature of %d" % n for n in range(8)] + [b"signature of other"]
    assert [(alias, len(items)) for alias, items in batches.batches] == [("a", 8), ("b", 1)]
    keys = {item.idempotency_key for _, items in batches.batches for item in items}
    assert len(keys) == 9


async def test_same_digest_asked_for_twice_is_two_operations() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.sign)
    for _ in range(2):
        await gatherer.sign("a", b"digest", SHA256)
    first, second = (items[0].idempotency_key for _, items in batches.batches)
    assert first != second


async def test_full_batch_goes_at_once() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.sign)
    await asyncio.gather(
        *(gatherer.sign("a", b"digest", SHA256) for _ in range(MAX_BATCH_ITEMS + 1))
    )
    assert [len(items) for _, items in batches.batches] == [MAX_BATCH_ITEMS, 1]


async def test_each_caller_has_its_own_refusal() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.sign)
    results = await asyncio.gather(
        gatherer.sign("a", b"refused", SHA256),
        gatherer.sign("a", b"fine", SHA256),
        return_exceptions=True,
    )
    assert isinstance(results[0], RefusedError)
    assert results[1] == b"signature of fine"


async def test_failure_of_the_request_reaches_every_caller() -> None:
    batches = Batches(failure=TransientError("UNREACHABLE", "No answer.", did_nothing=True))
    gatherer = Gatherer(batches.sign)
    results = await asyncio.gather(
        *(gatherer.sign("a", b"digest", SHA256) for _ in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [TransientError] * 3
    assert len(batches.batches) == 1


async def test_caller_that_has_gone_is_left_out() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.sign)
    gone = asyncio.create_task(gatherer.sign("a", b"gone", SHA256))
    staying = asyncio.create_task(gatherer.sign("a", b"staying", SHA256))
    await asyncio.sleep(0)
    gone.cancel()
    assert await staying == b"signature of staying"
    [(_, items)] = batches.batches
    assert [item.content for item in items] == [b"staying"]
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_nothing_is_sent_when_all_callers_have_gone() -> None:
    batches = Batches()
    gone = asyncio.create_task(Gatherer(batches.sign).sign("a", b"gone", SHA256))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0.01)
    assert batches.batches == []
