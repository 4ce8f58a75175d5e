"""Close a release early (spec section 3)."""

from dataclasses import dataclass
from uuid import UUID

from engine.commands.releases import end_release
from engine.commands.releases.release_command import ReleaseCommand
from engine.lifecycle.schedule import EndReason
from engine.model.events import ReleaseClosed
from engine.model.vocabulary import Trigger
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class CloseRelease(ReleaseCommand[UUID]):
    """Close a release early: by its creator or an approver. Its status is Completed afterwards."""

    command_name = "close"

    release_id: UUID
    reason: str | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """End the release by CLOSE; returns its id. Reserved signatures can still be completed."""
        return end_release.end(
            uow,
            self.release_id,
            Trigger.CLOSE,
            EndReason("CLOSED_EARLY", self.reason),
            ReleaseClosed,
            early=True,
        )
