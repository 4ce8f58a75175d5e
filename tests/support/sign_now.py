"""Signing through a gate of one's own, for tests without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from engine.concurrency.executor import Executor
from engine.model.principal import Principal
from engine.signing.request import Outcome, SignRequest
from engine.signing.service import SigningService
from engine.system import System


def sign(
    system: System, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
) -> list[Outcome]:
    """An outcome for each request, in their order. Raises `Refusal`."""
    executor = Executor(system.database)
    try:
        gate = SigningService(system, executor)
        return asyncio.run(gate.sign(principal, keypair_id, requests))
    finally:
        executor.shutdown()
