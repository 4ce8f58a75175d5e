"""Signing for callers on an event loop: concurrent calls are gathered into few transactions.

While one transaction of a keypair is under way, the calls that come meanwhile wait in a line and
are decided together in the next; settling is gathered for each account, whose ledger is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from engine.errors import Refusal
from engine.persistence.executor import Executor
from engine.principal import Principal
from engine.signing.make import Value, make
from engine.signing.request import Ask, Existing, Made, Outcome, Refused, Reserved, SignRequest
from engine.signing.reserve import Answers, reserve_all
from engine.signing.settle import settle
from engine.signing.sign import NOTHING_CAME, PAUSE, state_of
from engine.system import System
from engine.vocabulary import SignatureState

#: Calls decided in one transaction at most.
LARGEST = 256

Given = TypeVar("Given")
Got = TypeVar("Got")


class _Line(Generic[Given, Got]):
    """Calls that wait to be answered together; one batch is under way at a time."""

    def __init__(self, executor: Executor, answer: Callable[[list[Given]], list[Got]]) -> None:
        self._executor = executor
        self._answer = answer
        self._waiting: list[tuple[Given, asyncio.Future[Got]]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Nobody waits, nothing is under way."""
        return self._task is None

    async def join(self, given: Given) -> Got:
        """The answer to one call; raises what answering it raised."""
        future: asyncio.Future[Got] = asyncio.get_running_loop().create_future()
        self._waiting.append((given, future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
                await self._serve(batch)
        finally:
            self._task = None

    async def _serve(self, batch: list[tuple[Given, asyncio.Future[Got]]]) -> None:
        try:
            answers = await self._run([given for given, _ in batch])
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            # One of them is at fault, and nobody else shall suffer for it.
            for one in batch:
                await self._serve([one])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _run(self, given: list[Given]) -> list[Got]:
        return await self._executor.write(partial(self._answer, given))


def _fail(future: asyncio.Future[Got], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class SigningGate:
    """Reserve, make, settle: each caller gets its own answer, and the count is exact."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor
        self._reserving: dict[tuple[UUID, UUID], _Line[Ask, Answers]] = {}
        self._settling: dict[UUID, _Line[Sequence[Value], list[Outcome]]] = {}

    async def sign(
        self, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
    ) -> list[Outcome]:
        """An outcome for each request on this keypair, in their order. Raises `Refusal`."""
        reservations = await self._reserve(principal, keypair_id, requests)
        mine = [r for r in reservations if isinstance(r, Reserved)]
        outcomes = await self._make_and_settle(principal.account_id, mine) if mine else []
        settled = {r.signature_id: o for r, o in zip(mine, outcomes, strict=True)}
        return [await self._outcome(r, settled) for r in reservations]

    async def _reserve(
        self, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
    ) -> list[Reserved | Existing | Refused]:
        account_id = principal.account_id
        key = (account_id, keypair_id)
        line = self._reserving.get(key)
        if line is None:
            _forget_idle(self._reserving)
            answer = partial(reserve_all, self._system, account_id, keypair_id)
            line = self._reserving[key] = _Line(self._executor, answer)
        answers = await line.join(Ask(principal, tuple(requests)))
        if isinstance(answers, Refusal):
            raise answers
        return answers

    async def _make_and_settle(self, account_id: UUID, mine: list[Reserved]) -> list[Outcome]:
        values = await self._executor.work(partial(make, self._system, mine))
        line = self._settling.get(account_id)
        if line is None:
            _forget_idle(self._settling)
            answer = partial(_settle_all, self._system, account_id)
            line = self._settling[account_id] = _Line(self._executor, answer)
        return await line.join(values)

    async def _outcome(
        self, reservation: Reserved | Existing | Refused, settled: dict[UUID, Outcome]
    ) -> Outcome:
        if isinstance(reservation, Refused):
            return reservation
        known = settled.get(reservation.signature_id)
        if known is not None:
            return known
        assert isinstance(reservation, Existing)
        return await self._await_first(reservation)

    async def _await_first(self, existing: Existing) -> Outcome:
        """While the first call is under way, the second waits for it."""
        looks = self._system.reservation_seconds / PAUSE
        state = SignatureState.MADE if existing.settled else SignatureState.RESERVED
        while state is SignatureState.RESERVED and looks > 0:
            await asyncio.sleep(PAUSE)
            looks -= 1
            look = partial(state_of, self._system, existing.signature_id)
            state = await self._executor.read(look)
        if state is SignatureState.MADE:
            return Made(existing.signature_id)
        return Refused(NOTHING_CAME)


def _settle_all(
    system: System, account_id: UUID, calls: list[Sequence[Value]]
) -> list[list[Outcome]]:
    outcomes = iter(settle(system, account_id, [value for call in calls for value in call]))
    return [[next(outcomes) for _ in call] for call in calls]


def _forget_idle(lines: dict[Given, _Line[Any, Any]]) -> None:
    """Lines nobody stands in are not kept for ever."""
    for key in [key for key, line in lines.items() if line.is_idle]:
        del lines[key]
