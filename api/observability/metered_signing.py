"""A signing service that counts the outcome of each signature."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from api.observability.meter import Meter, OperationKind
from engine.concurrency.executor import Executor
from engine.model.errors import Refusal
from engine.model.principal import Principal
from engine.signing.request import Made, Outcome, SignRequest
from engine.signing.service import SigningService
from engine.system import System


class MeteredSigning(SigningService):
    """Signs by another signing service, and counts the outcomes."""

    def __init__(self, system: System, executor: Executor, meter: Meter) -> None:
        super().__init__(system, executor)
        self._meter = meter

    async def sign(
        self,
        principal: Principal,
        keypair_id: UUID,
        requests: Sequence[SignRequest],
        *,
        is_atomic: bool = False,
    ) -> list[Outcome]:
        """Return an outcome for each request, and count each."""
        with self._meter.operation(OperationKind.SIGNATURE, "sign"):
            try:
                outcomes = await super().sign(principal, keypair_id, requests, is_atomic=is_atomic)
            except Refusal as refusal:
                self._meter.signed(refusal.code, len(requests))
                raise
        for outcome in outcomes:
            code = None if isinstance(outcome, Made) else outcome.refusal.code
            self._meter.signed(code)
            if code is not None:
                self._meter.refused(code)
        return outcomes
