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
    """By its creator or an approver; it is completed then. Reserved signatures still settle."""

    command_name = "close"

    release_id: UUID
    reason: str | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Answers the release's id."""
        return end_release.end(
            uow,
            self.release_id,
            Trigger.CLOSE,
            EndReason("CLOSED_EARLY", self.reason),
            ReleaseClosed,
            early=True,
        )
