"""Stop a release: the kill switch (spec section 3)."""

from dataclasses import dataclass
from uuid import UUID

from engine.commands.releases import end_release
from engine.commands.releases.release_command import ReleaseCommand
from engine.lifecycle.schedule import EndReason
from engine.model.events import ReleaseStopped
from engine.model.vocabulary import Trigger
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class StopRelease(ReleaseCommand[UUID]):
    """Stop a release, with a reason: by an approver, or its creator where it is online or test.

    Its status is Failed afterwards.
    """

    command_name = "stop"

    release_id: UUID
    reason: str

    def apply(self, uow: UnitOfWork) -> UUID:
        """End the release by STOP; returns its id. Signatures under way are discarded."""
        return end_release.end(
            uow,
            self.release_id,
            Trigger.STOP,
            EndReason("STOPPED", self.reason),
            ReleaseStopped,
            code="STOPPED",
        )
