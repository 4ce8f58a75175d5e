"""Approve or reject with the link from the mail."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.commands.releases.decide import Decide
from engine.commands.releases.release_command import ReleaseCommand
from engine.commands.transactions import Attempt
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import Verdict
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.links import action_links


@dataclass(frozen=True, kw_only=True)
class DecideByLink(ReleaseCommand[UUID]):
    """A decision that uses up its link; a refused one leaves the link as it was."""

    link_id: UUID
    release_id: UUID
    #: The revision that was looked at.
    revision: int
    verdict: Verdict
    comment: str | None = None
    #: The approver's own browser session came with it.
    signed_in: bool = False

    def attempt(self) -> Attempt:
        """Return what the ledger says of a decision by any other way."""
        return self._decide().attempt()

    def apply(self, uow: UnitOfWork) -> UUID:
        """Decide, and consume the link in the same savepoint; answers the release's id."""
        assert uow.actor.user_id is not None
        if not self.signed_in:
            self._require_no_session(uow)
        # The decision first: what it is refused for says more than that the link has ended.
        release_id = self._decide().apply(uow)
        if not action_links.use(uow.connection, self.link_id, uow.actor.user_id, uow.now):
            message = "This link has ended. Decide from the newest mail about this release."
            raise Refusal(Code.WRONG_STATUS, message)
        return release_id

    def _require_no_session(self, uow: UnitOfWork) -> None:
        """The link alone decides; not where the account, or an address of before, asks for more."""
        if uow.settings.signed_in_approvals:
            message = "Sign in first: in this account approvers decide signed in."
            raise Refusal(Code.UNAUTHENTICATED, message)
        if action_links.was_sent_to_former_address(uow.connection, self.link_id):
            message = "Sign in first: your e-mail address was changed after this link was made."
            raise Refusal(Code.UNAUTHENTICATED, message)

    def _decide(self) -> Decide:
        return Decide(
            release_id=self.release_id,
            revision=self.revision,
            verdict=self.verdict,
            comment=self.comment,
        )
