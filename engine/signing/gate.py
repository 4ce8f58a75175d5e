"""Signing for callers on an event loop: each transaction, and the making, is one hop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from engine.errors import Code, Refusal
from engine.persistence.executor import Executor
from engine.principal import Principal
from engine.signing.make import make
from engine.signing.request import Existing, Made, Outcome, Refused, Reserved, SignRequest
from engine.signing.reserve import reserve
from engine.signing.settle import settle
from engine.signing.sign import PAUSE, state_of
from engine.system import System
from engine.vocabulary import SignatureState

NOTHING_CAME = Refusal(
    Code.SIGNER_FAILED,
    "The first call with this idempotency key came to nothing. Send it again.",
)


class SigningGate:
    """Reserve, make, settle; concurrent callers share nothing but the database."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor

    async def sign(
        self, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
    ) -> list[Outcome]:
        """An outcome for each request on this keypair, in their order."""
        system, executor = self._system, self._executor
        reservations = await executor.write(
            lambda: reserve(system, principal, keypair_id, requests)
        )
        mine = [r for r in reservations if isinstance(r, Reserved)]
        values = await executor.work(lambda: make(system, mine)) if mine else []
        outcomes = await executor.write(lambda: settle(system, principal, values)) if mine else []
        settled = {r.signature_id: o for r, o in zip(mine, outcomes, strict=True)}
        return [await self._outcome(r, settled) for r in reservations]

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
        deadline = self._system.reservation_seconds / PAUSE
        state = SignatureState.MADE if existing.settled else SignatureState.RESERVED
        while state is SignatureState.RESERVED and deadline > 0:
            await asyncio.sleep(PAUSE)
            deadline -= 1
            state = await self._executor.read(lambda: state_of(self._system, existing.signature_id))
        if state is SignatureState.MADE:
            return Made(existing.signature_id)
        return Refused(NOTHING_CAME)
