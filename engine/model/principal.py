"""Who calls: the identity a credential proved. What they may do is looked up in the command."""

from dataclasses import dataclass
from uuid import UUID

from engine.model.facts import Credential
from engine.model.vocabulary import Channel, CredentialKind, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user of an account, through one channel."""

    account_id: UUID
    user_id: UUID
    channel: Channel = Channel.API
    #: Narrow the user's permissions; None: no narrowing.
    scopes: frozenset[Permission] | None = None
    #: The API token that proved it, if one did.
    token_id: UUID | None = None
    #: The browser session that proved it, if one did.
    session_id: UUID | None = None
    #: The link of a mail that proved it, if one did.
    link_id: UUID | None = None
    #: A sign-in has just proved it, and nothing else yet.
    signing_in: bool = False

    @property
    def credential(self) -> Credential:
        """What proved it, for the ledger."""
        for kind, id_ in (
            (CredentialKind.TOKEN, self.token_id),
            (CredentialKind.SESSION, self.session_id),
            (CredentialKind.LINK, self.link_id),
        ):
            if id_ is not None:
                return Credential(kind, id_)
        return Credential(CredentialKind.SIGN_IN if self.signing_in else CredentialKind.PROGRAM)
