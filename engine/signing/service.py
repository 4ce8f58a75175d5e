"""Signing for callers on an event loop, with few transactions for many concurrent calls.

An account has one ledger, so its transactions follow one another anyway: concurrent calls on any of
its keypairs are decided in one of them (group commit). Keypairs take turns in it, and each takes
part with no more than its signer can make in time. Each request goes through up to three steps:

1. Decide: the transaction counts the signatures. Those of quick signers it makes and stores, and
   they are done (`decide_calls`); the others it reserves.
2. Sign: what was reserved is signed outside of any transaction, in parts, in several threads.
3. Settle: parts of one account that are signed at about the same time are written in one
   transaction (`settle`).

A call waits for no more than its own signatures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from engine.concurrency.batching import KeyedBatcher, TakeItems
from engine.concurrency.executor import Executor
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import SignatureState
from engine.persistence.store import tables as t
from engine.signing.account_facts import FactsCache
from engine.signing.admission import Admission
from engine.signing.decide_batch import Answers
from engine.signing.decide_calls import decide_calls
from engine.signing.request import (
    Existing,
    Made,
    Outcome,
    Refused,
    Reserved,
    SignCall,
    SignRequest,
)
from engine.signing.settle import settle
from engine.signing.sign import SigningResult, sign
from engine.system import System

#: Requests of one call that are decided together: a large call takes turns with other calls.
MAX_CALL_REQUESTS = 32
#: Requests that are decided in one transaction. It makes as many quick signatures at most, which
#: takes about as long as it takes to store them.
MAX_BATCH_REQUESTS = 128
#: Signatures made in one thread, one after the other: a slow signer is called from several threads.
SIGN_PART_SIZE = 16
#: Seconds that a signed part waits at most for the others of its batch, to be settled with them.
COALESCE_SECONDS = 0.05
#: Seconds between two looks at a signature that another call is making.
POLL_SECONDS = 0.02
#: Keypairs for which the speed of their signer is remembered.
MAX_ADMISSIONS = 1000
FIRST_CALL_FAILED = Refusal(
    Code.SIGNER_FAILED,
    "The first call with this idempotency key came to nothing. Send it again.",
)

Element = TypeVar("Element")

#: The account of the caller and the keypair: another account's keypair, which does not exist for
#: its users, is not waited for either.
Lane = tuple[UUID, UUID]
#: By signature, what became of it.
Outcomes = dict[UUID, Outcome]
#: By signature, the task that signs and settles the part it is in.
SigningTasks = Mapping[UUID, asyncio.Task[Outcomes]]


@dataclass(frozen=True, slots=True)
class _DecidedCall:
    """The decision on one call, and the tasks that sign what its batch has reserved."""

    answers: Answers
    tasks: SigningTasks


class SigningService:
    """Reserves, signs and settles; each caller gets its own outcomes, and the count is exact."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor
        self._facts = FactsCache()
        self._decisions = KeyedBatcher[UUID, SignCall, _DecidedCall](
            self._decide,
            cost=_number_of_requests,
            lane_capacity=self._free_capacity,
            max_cost=MAX_BATCH_REQUESTS,
        )
        self._settlements = KeyedBatcher[UUID, Sequence[SigningResult], list[Outcome]](
            self._settle, cost=len
        )
        self._admissions: dict[Hashable, Admission] = {}
        self._tasks: set[asyncio.Task[Outcomes]] = set()

    async def sign(
        self, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
    ) -> list[Outcome]:
        """Sign with one keypair.

        Returns:
            An outcome for each request, in their order.

        Raises:
            Refusal: All requests are refused for one reason, such as an unknown keypair.
        """
        parts = _split(requests, MAX_CALL_REQUESTS)
        calls = [SignCall(principal, keypair_id, tuple(part)) for part in parts]
        if len(calls) == 1:
            answers = [await self._complete(calls[0])]
        else:
            answers = await asyncio.gather(*map(self._complete, calls))
        refusals = [answer for answer in answers if isinstance(answer, Refusal)]
        if refusals and len(refusals) == len(answers):
            raise refusals[0]
        return [
            outcome
            for call, answer in zip(calls, answers, strict=True)
            for outcome in _for_each_request(call, answer)
        ]

    async def _complete(self, call: SignCall) -> list[Outcome] | Refusal:
        account_id = call.principal.account_id
        try:
            lane = account_id, call.keypair_id
            decided = await self._decisions.submit(account_id, call, lane=lane)
        except Refusal as refusal:
            return refusal
        if isinstance(decided.answers, Refusal):
            return decided.answers
        return [
            answer if isinstance(answer, Outcome) else await self._outcome(answer, decided.tasks)
            for answer in decided.answers
        ]

    # --- what is done for many calls at once ----------------------------------------------

    def _free_capacity(self, lane: Hashable) -> int:
        """How many more signatures of a keypair may be reserved. Called on any thread."""
        admission = self._admissions.get(lane)
        return MAX_BATCH_REQUESTS if admission is None else admission.free_capacity

    def _admission(self, lane: Lane) -> Admission:
        admission = self._admissions.get(lane)
        if admission is None:
            if len(self._admissions) >= MAX_ADMISSIONS:
                self._admissions = {
                    known: admission
                    for known, admission in self._admissions.items()
                    if not admission.is_idle
                }
            admission = Admission(self._system.reservation_seconds)
            self._admissions[lane] = admission
        return admission

    async def _decide(
        self, account_id: UUID, take_calls: TakeItems[SignCall]
    ) -> list[_DecidedCall]:
        abandoned = Event()

        def decide() -> list[Answers]:
            calls = take_calls()
            return decide_calls(self._system, self._facts, account_id, calls, abandoned.is_set)

        try:
            answers_of_calls = await self._executor.write(decide, account_id)
        except BaseException:
            abandoned.set()  # the thread may wait for its locks still
            raise
        by_keypair: dict[UUID, list[Reserved]] = {}
        for answers in answers_of_calls:
            for answer in [] if isinstance(answers, Refusal) else answers:
                if isinstance(answer, Reserved):
                    by_keypair.setdefault(answer.event.keypair_id, []).append(answer)
        tasks: dict[UUID, asyncio.Task[Outcomes]] = {}
        for keypair_id, reserved in by_keypair.items():
            tasks |= self._start_signing(account_id, keypair_id, reserved)
        return [_DecidedCall(answers, tasks) for answers in answers_of_calls]

    def _start_signing(
        self, account_id: UUID, keypair_id: UUID, reserved: Sequence[Reserved]
    ) -> SigningTasks:
        tasks: dict[UUID, asyncio.Task[Outcomes]] = {}
        batch = _SigningBatch(self._admission((account_id, keypair_id)), len(reserved))
        for part in _split(reserved, SIGN_PART_SIZE):
            task = asyncio.create_task(self._sign_and_settle(account_id, batch, part))
            # It continues when all callers have left; then nobody awaits what it raises.
            self._tasks.add(task)
            task.add_done_callback(self._forget_task)
            tasks |= dict.fromkeys((reservation.signature_id for reservation in part), task)
        return tasks

    def _forget_task(self, task: asyncio.Task[Outcomes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _sign_and_settle(
        self, account_id: UUID, batch: _SigningBatch, part: Sequence[Reserved]
    ) -> Outcomes:
        try:
            results = await self._executor.run_blocking(
                partial(sign, self._system, part), bypass_queue=True
            )
            await batch.coalesce(len(part))
            outcomes = await self._settlements.submit(account_id, results)
        finally:
            batch.admission.finish(len(part))
            self._decisions.notify_capacity(account_id)
        return {r.signature_id: o for r, o in zip(part, outcomes, strict=True)}

    async def _settle(
        self, account_id: UUID, take_parts: TakeItems[Sequence[SigningResult]]
    ) -> list[list[Outcome]]:
        def settle_parts() -> list[list[Outcome]]:
            parts = take_parts()
            results = [result for part in parts for result in part]
            outcomes = iter(settle(self._system, account_id, results))
            return [[next(outcomes) for _ in part] for part in parts]

        return await self._executor.write(settle_parts, account_id, bypass_queue=True)

    # --- what one request came to ---------------------------------------------------------

    async def _outcome(self, answer: Reserved | Existing, tasks: SigningTasks) -> Outcome:
        task = tasks.get(answer.signature_id)
        if task is None:
            assert isinstance(answer, Existing), "what was reserved is being signed"
            return await self._await_first_call(answer)
        try:
            # A caller that is cancelled must not cancel the task of the other callers.
            outcomes = task.result() if task.done() else await asyncio.shield(task)
        except Refusal as refusal:
            return Refused(refusal)
        return outcomes[answer.signature_id]

    async def _await_first_call(self, existing: Existing) -> Outcome:
        """Wait until the call that used the idempotency key first has its signature."""
        polls_left = self._system.reservation_seconds / POLL_SECONDS
        state = SignatureState.MADE if existing.settled else SignatureState.RESERVED
        while state is SignatureState.RESERVED and polls_left > 0:
            await asyncio.sleep(POLL_SECONDS)
            polls_left -= 1
            load_state = partial(_load_state, self._system, existing.signature_id)
            state = await self._executor.read(load_state)
        if state is SignatureState.MADE:
            return Made(existing.signature_id)
        return Refused(FIRST_CALL_FAILED)


class _SigningBatch:
    """What was reserved in one transaction, while it is signed."""

    def __init__(self, admission: Admission, size: int) -> None:
        self.admission = admission
        self._unsigned = size
        self._all_signed = asyncio.Event()
        admission.start(size)

    async def coalesce(self, number: int) -> None:
        """Note that so many are signed, and wait a moment for the rest of the batch."""
        self._unsigned -= number
        if not self._unsigned:
            self._all_signed.set()
        try:
            async with asyncio.timeout(COALESCE_SECONDS):
                await self._all_signed.wait()
        except TimeoutError:
            pass


def _number_of_requests(call: SignCall) -> int:
    return len(call.requests)


def _split(elements: Sequence[Element], size: int) -> list[Sequence[Element]]:
    return [elements[start : start + size] for start in range(0, len(elements), size)]


def _for_each_request(call: SignCall, answer: list[Outcome] | Refusal) -> list[Outcome]:
    return [Refused(answer)] * len(call.requests) if isinstance(answer, Refusal) else answer


def _load_state(system: System, signature_id: UUID) -> SignatureState:
    s = t.signatures
    with system.database.reading() as connection:
        query = sa.select(s.c.state).where(s.c.id == signature_id)
        state: SignatureState = connection.execute(query).scalar_one()
    return state
