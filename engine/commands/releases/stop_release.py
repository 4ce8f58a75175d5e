"""Stop a release: the kill switch (spec section 3)."""

from dataclasses import dataclass
from uuid import UUID

from engine.commands.releases import end_release
from engine.commands.transactions import Attempt
from engine.lifecycle.schedule import EndReason
from engine.model.events import ReleaseStopped
from engine.model.vocabulary import Trigger
from engine.persistence.store.locks import Lock
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class StopRelease:
    """By an approver (online and test: also its creator), with a reason; it has failed then."""

    release_id: UUID
    reason: str

    def lock(self) -> Lock:
        """The release."""
        return end_release.lock_of(self.release_id)

    def attempt(self) -> Attempt:
        """An entry of the release's history."""
        return end_release.attempt_of("stop", self.release_id)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Answers the release's id. Signatures under way are discarded."""
        return end_release.end(
            uow,
            self.release_id,
            Trigger.STOP,
            EndReason("STOPPED", self.reason),
            ReleaseStopped,
            code="STOPPED",
        )
