"""Close a release early (spec section 3)."""

from dataclasses import dataclass
from uuid import UUID

from engine.commands.releases import end_release
from engine.commands.transactions import Attempt
from engine.lifecycle.schedule import EndReason
from engine.model.events import ReleaseClosed
from engine.model.vocabulary import Trigger
from engine.persistence.store.locks import Lock
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class CloseRelease:
    """By its creator or an approver; it is completed then. Reserved signatures still settle."""

    release_id: UUID
    reason: str | None = None

    def lock(self) -> Lock:
        """The release."""
        return end_release.lock_of(self.release_id)

    def attempt(self) -> Attempt:
        """An entry of the release's history."""
        return end_release.attempt_of("close", self.release_id)

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
