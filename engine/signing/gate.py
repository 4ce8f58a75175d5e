"""Signing for callers on an event loop: concurrent calls are gathered into few transactions.

While one transaction of a keypair is under way, the calls that come meanwhile wait in a line and
are decided together in the next. What was reserved together is made and settled together; settling
is gathered for each account, whose ledger is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from engine.errors import Code, Refusal
from engine.persistence import tables as t
from engine.persistence.executor import Executor
from engine.persistence.lines import Lines
from engine.principal import Principal
from engine.signing.make import Value, make
from engine.signing.request import (
    Ask,
    Existing,
    Made,
    Outcome,
    Refused,
    Reservation,
    Reserved,
    SignRequest,
)
from engine.signing.reserve import Answers, reserve_all
from engine.signing.settle import settle
from engine.system import System
from engine.vocabulary import SignatureState

#: Signatures made in one hop: a slow signer, such as a token, is asked from several threads.
TOGETHER = 16
#: Seconds between two looks at a signature somebody else is making.
PAUSE = 0.02
NOTHING_CAME = Refusal(
    Code.SIGNER_FAILED,
    "The first call with this idempotency key came to nothing. Send it again.",
)

#: What each signature of a batch became.
Outcomes = dict[UUID, Outcome]


@dataclass(frozen=True, slots=True)
class _Decided:
    """What one call's requests came to, and the making of all that its batch reserved."""

    answers: Answers
    making: asyncio.Future[Outcomes]


class SigningGate:
    """Reserve, make, settle: each caller gets its own answer, and the count is exact."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor
        self._reserving = Lines[tuple[UUID, UUID], Ask, _Decided](self._decide)
        self._settling = Lines[UUID, Sequence[Value], list[Outcome]](self._settle)

    async def sign(
        self, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
    ) -> list[Outcome]:
        """An outcome for each request on this keypair, in their order. Raises `Refusal`."""
        ask = Ask(principal, tuple(requests))
        decided = await self._reserving.join((principal.account_id, keypair_id), ask)
        if isinstance(decided.answers, Refusal):
            raise decided.answers
        # One who does not wait any longer must not end it for the others.
        outcomes = await asyncio.shield(decided.making)
        return [await self._outcome(answer, outcomes) for answer in decided.answers]

    async def _decide(self, of: tuple[UUID, UUID], asks: list[Ask]) -> list[_Decided]:
        account_id, keypair_id = of
        reserving = partial(reserve_all, self._system, account_id, keypair_id, asks)
        answers = await self._executor.write(reserving)
        reserved = [
            answer
            for some in answers
            if not isinstance(some, Refusal)
            for answer in some
            if isinstance(answer, Reserved)
        ]
        making = asyncio.ensure_future(self._make_and_settle(account_id, reserved))
        return [_Decided(some, making) for some in answers]

    async def _make_and_settle(self, account_id: UUID, reserved: list[Reserved]) -> Outcomes:
        if not reserved:
            return {}
        parts = [reserved[i : i + TOGETHER] for i in range(0, len(reserved), TOGETHER)]
        made = await asyncio.gather(
            *(self._executor.work(partial(make, self._system, part)) for part in parts)
        )
        values = [value for part in made for value in part]
        outcomes = await self._settling.join(account_id, values)
        return {r.signature_id: o for r, o in zip(reserved, outcomes, strict=True)}

    async def _settle(
        self, account_id: UUID, batches: list[Sequence[Value]]
    ) -> list[list[Outcome]]:
        values = [value for batch in batches for value in batch]
        settling = partial(settle, self._system, account_id, values)
        outcomes = iter(await self._executor.write(settling))
        return [[next(outcomes) for _ in batch] for batch in batches]

    async def _outcome(self, answer: Reservation, outcomes: Outcomes) -> Outcome:
        if isinstance(answer, Refused):
            return answer
        known = outcomes.get(answer.signature_id)
        if known is not None:
            return known
        assert isinstance(answer, Existing), "what was reserved has an outcome"
        return await self._await_first(answer)

    async def _await_first(self, existing: Existing) -> Outcome:
        """While the first call is under way, the second waits for it."""
        looks = self._system.reservation_seconds / PAUSE
        state = SignatureState.MADE if existing.settled else SignatureState.RESERVED
        while state is SignatureState.RESERVED and looks > 0:
            await asyncio.sleep(PAUSE)
            looks -= 1
            look = partial(_state_of, self._system, existing.signature_id)
            state = await self._executor.read(look)
        if state is SignatureState.MADE:
            return Made(existing.signature_id)
        return Refused(NOTHING_CAME)


def _state_of(system: System, signature_id: UUID) -> SignatureState:
    s = t.signatures
    with system.database.reading() as connection:
        query = sa.select(s.c.state).where(s.c.id == signature_id)
        state: SignatureState = connection.execute(query).scalar_one()
    return state
