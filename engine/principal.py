"""Who calls: the identity a credential proved. What they may do is looked up in the command."""

from dataclasses import dataclass
from uuid import UUID

from engine.vocabulary import Channel, Permission


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
