"""A tool's call is held until its release opens, and no longer than was allowed."""

from __future__ import annotations

import asyncio

import pytest

from countersign.agent import waiting
from countersign.agent.signing_keys import DigestAlgorithm
from countersign.agent.waiting import WaitingSigner
from countersign.errors import RefusedError, TransientError
from tests.support.agent_keys import KeysInMemory, keys_in_memory

DIGEST = bytes(32)
SHA256 = DigestAlgorithm.SHA256
NOT_OPEN = RefusedError("OUTSIDE_WINDOW", "The window opens at noon.")


class Release:
    """Opens when it has been asked about often enough; is away at the first question."""

    def __init__(self, keys: KeysInMemory, opens_after: int) -> None:
        self.keys = keys
        self.questions_left = opens_after
        self.questions = 0
        keys.refusal = NOT_OPEN

    async def is_open(self, _alias: str) -> bool:
        self.questions += 1
        if self.questions == 1:
            raise TransientError("UNREACHABLE", "No answer.", did_nothing=True)
        if self.questions < self.questions_left:
            return False
        self.keys.refusal = None
        return True


@pytest.fixture(autouse=True)
def _ask_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_POLL_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "MAX_POLL_SECONDS", 0.004)


async def test_calls_are_held_until_the_release_opens_and_ask_together() -> None:
    keys = keys_in_memory("ECDSA_P256")
    release = Release(keys, opens_after=3)
    notices: list[tuple[str, str]] = []
    signer = WaitingSigner(keys, release.is_open, 10, lambda *words: notices.append(words))
    await asyncio.gather(*(signer.sign("ecdsa-p256", DIGEST, SHA256) for _ in range(8)))
    assert len(keys.signed) == 8
    assert release.questions == 3
    assert [code for code, _ in notices] == ["WAITING"]
    assert "The window opens at noon." in notices[0][1]


async def test_wait_ends_with_the_refusal() -> None:
    keys = keys_in_memory("ECDSA_P256")
    release = Release(keys, opens_after=10_000)
    signer = WaitingSigner(keys, release.is_open, 0.05, lambda *_words: None)
    with pytest.raises(RefusedError, match="OUTSIDE_WINDOW"):
        await signer.sign("ecdsa-p256", DIGEST, SHA256)
    assert keys.signed == []


async def test_other_refusals_are_not_waited_for() -> None:
    keys = keys_in_memory("ECDSA_P256")
    release = Release(keys, opens_after=3)
    keys.refusal = RefusedError("QUOTA_EXHAUSTED", "All are used.")
    signer = WaitingSigner(keys, release.is_open, 10, lambda *_words: None)
    with pytest.raises(RefusedError, match="QUOTA_EXHAUSTED"):
        await signer.sign("ecdsa-p256", DIGEST, SHA256)
    assert release.questions == 0


async def test_tool_that_gives_up_leaves_the_others_waiting() -> None:
    keys = keys_in_memory("ECDSA_P256")
    release = Release(keys, opens_after=4)
    signer = WaitingSigner(keys, release.is_open, 10, lambda *_words: None)
    impatient = asyncio.create_task(signer.sign("ecdsa-p256", DIGEST, SHA256))
    patient = asyncio.create_task(signer.sign("ecdsa-p256", DIGEST, SHA256))
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert len(keys.signed) == 1


async def test_a_long_wait_asks_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def note_pause(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.undo()
    monkeypatch.setattr(waiting.asyncio, "sleep", note_pause)
    keys = keys_in_memory("ECDSA_P256")
    release = Release(keys, opens_after=7)
    signer = WaitingSigner(keys, release.is_open, 60, lambda *_words: None)
    await signer.sign("ecdsa-p256", DIGEST, SHA256)
    assert pauses == [1, 2, 4, 8, 15, 15, 15]
