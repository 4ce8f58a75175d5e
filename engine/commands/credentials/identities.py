"""Link a user to an identity at a sign-in service, and unlink them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.commands.administration.validation import require_in_person
from engine.commands.command import Command
from engine.commands.standing import require_active_since, require_standing_credential
from engine.lifecycle.administration import refuse_foreign
from engine.model.errors import Code, Refusal, refuse
from engine.model.events import IdentityLinked, IdentityUnlinked
from engine.model.vocabulary import Permission
from engine.persistence.store.credentials import identities
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

BELONGS_TO_ANOTHER = (
    "This identity belongs to somebody else in this account already."
    " Ask an administrator to unlink it there."
)


@dataclass(frozen=True, kw_only=True)
class LinkIdentity(Command[UUID]):
    """Link the actor to an identity that a sign-in service has just proved; returns their id."""

    command_name = "link_identity"
    #: Of two at once one waits, and finds the identity linked.
    account_hold = Hold.EXCLUSIVE

    issuer: str
    subject: str
    #: When the sign-in began that proved it; None: at this instant.
    begun_at: datetime | None = None

    def details(self) -> dict[str, Any]:
        """Return the sign-in service."""
        return {"issuer": self.issuer}

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs a session. In one account an identity belongs to one user only."""
        user_id = uow.actor.user_id
        assert user_id is not None
        require_in_person(uow)
        require_standing_credential(uow)
        require_active_since(uow, self.begun_at)
        owners = identities.load_owner_ids(uow, self.issuer, self.subject)
        if owners - {user_id}:
            raise Refusal(Code.FORBIDDEN, BELONGS_TO_ANOTHER)
        if not owners:
            identities.insert_identity(uow, user_id, issuer=self.issuer, subject=self.subject)
            linked = IdentityLinked(subject_id=user_id, issuer=self.issuer, subject=self.subject)
            uow.record(linked)
        return user_id


@dataclass(frozen=True, kw_only=True)
class UnlinkIdentity(Command[UUID]):
    """Unlink an identity of one's own, or with `MANAGE_USERS` of anybody; returns the user's id."""

    command_name = "unlink_identity"
    subject_kind = "Identity"
    subject_field = "identity_id"

    identity_id: UUID

    def apply(self, uow: UnitOfWork) -> UUID:
        """Delete the identity; sessions that were started with it go on."""
        row = identities.load_identity(uow, self.identity_id)
        refuse(refuse_foreign(uow.actor, row.user_id, "identity", Permission.MANAGE_OWN_PROFILE))
        if identities.delete_identity(uow, row.id):
            uow.record(
                IdentityUnlinked(subject_id=row.user_id, issuer=row.issuer, subject=row.subject)
            )
        user_id: UUID = row.user_id
        return user_id
