"""Signing for callers on an event loop, with few transactions for many concurrent calls.

An account has one ledger, so its transactions follow one another anyway: concurrent calls on any of
its keypairs are decided in one of them (group commit). Keypairs take turns in it, and each takes
part with no more than its signer can make in time. Each request goes through up to three steps:

1. Decide: the transaction counts the signatures. Those of quick signers it makes and stores, and
   they are done (`decide_calls`); the others it reserves.
2. Sign: what was reserved is signed outside of any transaction, in parts, in several threads.
3. Settle: parts of one account that are signed at about the same time are written in one
   transaction (`settle`). Both steps are tasks of their own (`signing_tasks`).

A call waits for no more than its own signatures. The requests of an atomic group go through each
step together: all of them are decided, made quickly and settled, or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event
from uuid import UUID

import sqlalchemy as sa

from engine.concurrency.batching import KeyedBatcher, TakeItems
from engine.concurrency.executor import Executor
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import SignatureState
from engine.persistence.store import tables as t
from engine.signing.account_facts import FactsCache
from engine.signing.decide_batch import Answers
from engine.signing.decide_calls import decide_calls
from engine.signing.request import (
    KEY_IN_PROGRESS,
    Existing,
    Made,
    Outcome,
    Refused,
    Reserved,
    SignCall,
    SignRequest,
)
from engine.signing.signing_tasks import SigningTasks, TasksBySignature, split
from engine.system import System

#: Requests of one call that are decided together: a large call takes turns with other calls.
MAX_CALL_REQUESTS = 32
#: Requests that are decided in one transaction. It makes as many quick signatures at most, which
#: takes about as long as it takes to store them.
MAX_BATCH_REQUESTS = 128
#: Seconds between two looks at a signature that another call is making.
POLL_SECONDS = 0.02
FIRST_CALL_FAILED = Refusal(
    Code.SIGNER_FAILED,
    "The first call with this idempotency key came to nothing. Send it again.",
)


@dataclass(frozen=True, slots=True)
class _DecidedCall:
    """The decision on one call, and the tasks that sign what its batch has reserved."""

    answers: Answers
    tasks: TasksBySignature


class SigningService:
    """Reserves, signs and settles; each caller gets its own outcomes, and the count is exact."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor
        self._facts = FactsCache()
        self._tasks = SigningTasks(system, executor, self._notify_capacity)
        self._decisions = KeyedBatcher[UUID, SignCall, _DecidedCall](
            self._decide,
            cost=_number_of_requests,
            lane_capacity=self._tasks.free_capacity,
            max_cost=MAX_BATCH_REQUESTS,
        )

    async def sign(
        self,
        principal: Principal,
        keypair_id: UUID,
        requests: Sequence[SignRequest],
        *,
        is_atomic: bool = False,
    ) -> list[Outcome]:
        """Sign with one keypair.

        Args:
            principal: Who signs.
            keypair_id: The keypair.
            requests: What is to be signed.
            is_atomic: Whether all signatures are made or none, whatever happens meanwhile.

        Returns:
            An outcome for each request, in their order.

        Raises:
            Refusal: All requests are refused for one reason, such as an unknown keypair.
        """
        if is_atomic:
            group = self._tasks.atomic_group((principal.account_id, keypair_id), len(requests))
            calls = [SignCall(principal, keypair_id, tuple(requests), group)]
        else:
            parts = split(requests, MAX_CALL_REQUESTS)
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
        reserved = [
            answer
            for answers in answers_of_calls
            if not isinstance(answers, Refusal)
            for answer in answers
            if isinstance(answer, Reserved)
        ]
        tasks = self._tasks.start(account_id, reserved)
        return [_DecidedCall(answers, tasks) for answers in answers_of_calls]

    def _notify_capacity(self, account_id: UUID) -> None:
        self._decisions.notify_capacity(account_id)

    # --- what one request came to ---------------------------------------------------------

    async def _outcome(self, answer: Reserved | Existing, tasks: TasksBySignature) -> Outcome:
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
        # A large atomic group may take longer than one waits here.
        is_signing = state is SignatureState.RESERVED
        return Refused(KEY_IN_PROGRESS if is_signing else FIRST_CALL_FAILED)


def _number_of_requests(call: SignCall) -> int:
    return len(call.requests)


def _for_each_request(call: SignCall, answer: list[Outcome] | Refusal) -> list[Outcome]:
    return [Refused(answer)] * len(call.requests) if isinstance(answer, Refusal) else answer


def _load_state(system: System, signature_id: UUID) -> SignatureState:
    s = t.signatures
    with system.database.reading() as connection:
        query = sa.select(s.c.state).where(s.c.id == signature_id)
        state: SignatureState = connection.execute(query).scalar_one()
    return state
