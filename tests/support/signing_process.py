"""Signs in a process of its own, which may be killed at a chosen step, with no time to tidy up."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from typing import Any
from uuid import UUID

from sqlalchemy import event

from engine.concurrency.executor import Executor
from engine.model.errors import Refusal
from engine.model.principal import Principal
from engine.persistence.db.database import Database
from engine.signers.base import SigningInput, SigningKey
from engine.signers.local import LocalSigner
from engine.signing.request import Made, SignRequest
from engine.signing.service import SigningService
from engine.system import System
from tests.support.world import DIGEST

_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Answered:
    """What the process answered before its end."""

    #: By idempotency key, the id of each signature that was answered.
    ids: Mapping[str, UUID]
    #: By idempotency key, the value of those that were made for this call.
    values: Mapping[str, bytes]
    was_killed: bool


def sign_until(
    system: System,
    principal: Principal,
    keypair_id: UUID,
    keys: Sequence[str],
    step: int = 0,
    *,
    is_atomic: bool = False,
) -> Answered:
    """Ask for a signature with each idempotency key at once; kill the process at that step, if any.

    They are separate calls, or one atomic batch.

    Steps are counted: each statement, each call of the signer, the commit, and what follows it.
    """
    ours, theirs = _FORK.Pipe(duplex=False)
    arguments = (theirs, system, principal, keypair_id, list(keys), step, is_atomic)
    process = _FORK.Process(target=_sign, args=arguments)
    process.start()
    theirs.close()
    ids: dict[str, UUID] = {}
    values: dict[str, bytes] = {}
    try:
        while True:
            key, ids[key], value = ours.recv()
            if value is not None:
                values[key] = value
    except EOFError:
        process.join(30)
    return Answered(ids, values, process.exitcode == -signal.SIGKILL)


class _Steps:
    """Counts steps, and kills the process at one of them."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._passed = 0

    def pass_one(self, *_: Any) -> None:
        self._passed += 1
        if self._passed == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class _CountedSigner(LocalSigner):
    pass_one: Callable[[], None]

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        value = super().sign(key, message)
        self.pass_one()
        return value


def _sign(
    pipe: Pipe,
    system: System,
    principal: Principal,
    keypair_id: UUID,
    keys: list[str],
    step: int,
    is_atomic: bool,
) -> None:
    # Connections that the parent has open are not used here.
    database = Database(system.database.url)
    steps = _Steps(step)
    signer = system.signers["local"]
    assert isinstance(signer, LocalSigner)
    signer.__class__ = _CountedSigner
    signer.pass_one = steps.pass_one  # type: ignore[attr-defined]
    for name in ("before_cursor_execute", "commit"):
        event.listen(database._writer, name, steps.pass_one)
    system = replace(system, database=database, commit_hooks=(steps.pass_one,))
    calls = [keys] if is_atomic else [[key] for key in keys]
    asyncio.run(_answer(pipe, system, principal, keypair_id, calls, is_atomic=is_atomic))
    os._exit(0)


async def _answer(
    pipe: Pipe,
    system: System,
    principal: Principal,
    keypair_id: UUID,
    calls: list[list[str]],
    *,
    is_atomic: bool,
) -> None:
    service = SigningService(system, Executor(system.database))

    async def call(keys: list[str]) -> None:
        requests = [
            SignRequest(keypair_id=keypair_id, digest=DIGEST, idempotency_key=key) for key in keys
        ]
        try:
            outcomes = await service.sign(principal, keypair_id, requests, is_atomic=is_atomic)
        except Refusal:
            return  # such as OVERLOADED on a machine that stands still: the other calls go on
        for key, outcome in zip(keys, outcomes, strict=True):
            if isinstance(outcome, Made):
                value = outcome.signed.value if outcome.signed is not None else None
                pipe.send((key, outcome.signature_id, value))

    await asyncio.gather(*map(call, calls))
