"""Signing for callers on an event loop: concurrent calls are gathered into few transactions.

While one transaction of a keypair is under way, the calls that come meanwhile wait in a line and
are decided together in the next. What was reserved is made in parts; those made at about the same
time are settled together, for the whole account, whose ledger is one. A call waits for no more than
its own signatures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from engine.concurrency.batching import Capacity, KeyedBatcher, ProcessBatch
from engine.concurrency.executor import Executor
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import SignatureState
from engine.persistence.store import tables as t
from engine.signing.admission import Admission
from engine.signing.decide_batch import Answers
from engine.signing.request import (
    Existing,
    Made,
    Outcome,
    Refused,
    Reservation,
    Reserved,
    SignCall,
    SignRequest,
)
from engine.signing.reserve import reserve_all
from engine.signing.settle import settle
from engine.signing.sign import SigningResult, sign
from engine.system import System

#: Requests of one call that stand in line together: a large batch takes turns with others.
MAX_BATCH_COST = 64
#: Signatures made in one hop: a slow signer, such as a token, is asked from several threads.
SIGN_PART_SIZE = 16
#: Seconds that a part waits at most for the others of its batch, to be settled with them.
COALESCE_SECONDS = 0.05
#: Seconds between two looks at a signature somebody else is making.
POLL_SECONDS = 0.02
#: Keypairs whose signer's pace is remembered.
MAX_ADMISSIONS = 1000
FIRST_CALL_FAILED = Refusal(
    Code.SIGNER_FAILED,
    "The first call with this idempotency key came to nothing. Send it again.",
)

One = TypeVar("One")

#: An account's keypair.
Of = tuple[UUID, UUID]
#: What each signature of a part became.
Outcomes = dict[UUID, Outcome]
#: By signature, the part it is in.
Making = Mapping[UUID, asyncio.Task[Outcomes]]


@dataclass(frozen=True, slots=True)
class _Decided:
    """What one call's requests came to, and the making of all that its batch reserved."""

    answers: Answers
    making: Making


class SigningService:
    """Reserve, make, settle: each caller gets its own answer, and the count is exact."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor
        self._reserving = KeyedBatcher[Of, SignCall, _Decided](
            self._decide, weigh=_weight, room=self._room
        )
        self._settling = KeyedBatcher[UUID, Sequence[SigningResult], list[Outcome]](
            self._settle, weigh=len
        )
        self._paces: dict[UUID, Admission] = {}
        self._under_way: set[asyncio.Task[Outcomes]] = set()

    async def sign(
        self, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
    ) -> list[Outcome]:
        """An outcome for each request on this keypair, in their order. Raises `Refusal`."""
        of = principal.account_id, keypair_id
        asks = [SignCall(principal, tuple(some)) for some in _parts(requests, MAX_BATCH_COST)]
        if len(asks) == 1:
            answers = [await self._answer(of, asks[0])]
        else:
            answers = await asyncio.gather(*(self._answer(of, ask) for ask in asks))
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        if refused and len(refused) == len(answers):
            raise refused[0]
        return [
            outcome
            for ask, answer in zip(asks, answers, strict=True)
            for outcome in _each(ask, answer)
        ]

    async def _answer(self, of: Of, ask: SignCall) -> list[Outcome] | Refusal:
        try:
            decided = await self._reserving.submit(of, ask)
        except Refusal as refusal:
            return refusal
        if isinstance(decided.answers, Refusal):
            return decided.answers
        return [await self._outcome(answer, decided.making) for answer in decided.answers]

    # --- what is done for many ------------------------------------------------------------

    def _room(self, of: Of) -> Capacity:
        _, keypair_id = of
        pace = self._paces.get(keypair_id)
        if pace is None:
            if len(self._paces) >= MAX_ADMISSIONS:
                self._paces = {id_: pace for id_, pace in self._paces.items() if not pace.is_idle}
            pace = self._paces[keypair_id] = Admission(self._system.reservation_seconds)
        return pace.free_capacity

    async def _decide(self, of: Of, take: ProcessBatch[SignCall]) -> list[_Decided]:
        account_id, keypair_id = of

        def reserving() -> list[Answers]:
            return reserve_all(self._system, account_id, keypair_id, take())

        answers = await self._executor.write(reserving, account_id)
        reserved = [
            answer
            for some in answers
            if not isinstance(some, Refusal)
            for answer in some
            if isinstance(answer, Reserved)
        ]
        making = self._start(of, reserved)
        return [_Decided(some, making) for some in answers]

    def _start(self, of: Of, reserved: Sequence[Reserved]) -> Making:
        account_id, keypair_id = of
        making: dict[UUID, asyncio.Task[Outcomes]] = {}
        batch = _Batch(self._paces[keypair_id], len(reserved))
        for part in _parts(reserved, SIGN_PART_SIZE):
            task = asyncio.create_task(self._make_and_settle(account_id, batch, part))
            # It goes on though all who asked have left, and what it raises then is nobody's.
            self._under_way.add(task)
            task.add_done_callback(self._ended)
            making |= dict.fromkeys((one.signature_id for one in part), task)
        return making

    def _ended(self, task: asyncio.Task[Outcomes]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()

    async def _make_and_settle(
        self, account_id: UUID, batch: _Batch, part: Sequence[Reserved]
    ) -> Outcomes:
        try:
            values = await self._executor.run_blocking(
                partial(sign, self._system, part), admitted=True
            )
            await batch.linger(len(part))
            outcomes = await self._settling.submit(account_id, values)
        finally:
            batch.pace.finish(len(part))
        return {r.signature_id: o for r, o in zip(part, outcomes, strict=True)}

    async def _settle(
        self, account_id: UUID, take: ProcessBatch[Sequence[SigningResult]]
    ) -> list[list[Outcome]]:
        def settling() -> list[list[Outcome]]:
            parts = take()
            values = [value for part in parts for value in part]
            outcomes = iter(settle(self._system, account_id, values))
            return [[next(outcomes) for _ in part] for part in parts]

        return await self._executor.write(settling, account_id, admitted=True)

    # --- what one request came to ---------------------------------------------------------

    async def _outcome(self, answer: Reservation, making: Making) -> Outcome:
        if isinstance(answer, Refused):
            return answer
        part = making.get(answer.signature_id)
        if part is None:
            assert isinstance(answer, Existing), "what was reserved is being made"
            return await self._await_first(answer)
        try:
            # One who does not wait any longer must not end it for the others.
            outcomes = part.result() if part.done() else await asyncio.shield(part)
        except Refusal as refusal:
            return Refused(refusal)
        return outcomes[answer.signature_id]

    async def _await_first(self, existing: Existing) -> Outcome:
        """While the first call is under way, the second waits for it."""
        looks = self._system.reservation_seconds / POLL_SECONDS
        state = SignatureState.MADE if existing.settled else SignatureState.RESERVED
        while state is SignatureState.RESERVED and looks > 0:
            await asyncio.sleep(POLL_SECONDS)
            looks -= 1
            look = partial(_state_of, self._system, existing.signature_id)
            state = await self._executor.read(look)
        if state is SignatureState.MADE:
            return Made(existing.signature_id)
        return Refused(FIRST_CALL_FAILED)


class _Batch:
    """What was reserved together, while it is made."""

    def __init__(self, pace: Admission, number: int) -> None:
        self.pace = pace
        self._left = number
        self._made = asyncio.Event()
        pace.start(number)

    async def linger(self, number: int) -> None:
        """So many are made: wait a moment for the rest."""
        self._left -= number
        if not self._left:
            self._made.set()
        try:
            async with asyncio.timeout(COALESCE_SECONDS):
                await self._made.wait()
        except TimeoutError:
            pass


def _weight(ask: SignCall) -> int:
    return len(ask.requests)


def _parts(whole: Sequence[One], size: int) -> list[Sequence[One]]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def _each(ask: SignCall, answer: list[Outcome] | Refusal) -> list[Outcome]:
    return [Refused(answer)] * len(ask.requests) if isinstance(answer, Refusal) else answer


def _state_of(system: System, signature_id: UUID) -> SignatureState:
    s = t.signatures
    with system.database.reading() as connection:
        query = sa.select(s.c.state).where(s.c.id == signature_id)
        state: SignatureState = connection.execute(query).scalar_one()
    return state
