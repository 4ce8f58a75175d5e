"""Withdraw a release before it starts (spec section 3)."""

from dataclasses import dataclass
from uuid import UUID

from engine.commands.releases import end_release
from engine.commands.releases.release_command import ReleaseCommand
from engine.lifecycle.schedule import EndReason
from engine.model.events import ReleaseWithdrawn
from engine.model.vocabulary import Trigger
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class WithdrawRelease(ReleaseCommand[UUID]):
    """Withdraw a release: by its requester or an approver. Its status is Rejected afterwards."""

    command_name = "withdraw"

    release_id: UUID
    reason: str | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """End the release by WITHDRAW; returns its id."""
        return end_release.end(
            uow,
            self.release_id,
            Trigger.WITHDRAW,
            EndReason("WITHDRAWN", self.reason),
            ReleaseWithdrawn,
        )
