"""Events of the account itself: its settings, people, roles, teams, keypairs and tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from engine.model.events.base import Changes, Event


@dataclass(frozen=True, kw_only=True)
class Administered(Event):
    """A change of the account, its people, teams, keypairs or tokens: mailed to administrators."""

    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AccountCreated(Administered):
    """The account was created."""

    tag = "account:created"
    kind = "Account"


@dataclass(frozen=True, kw_only=True)
class AccountUpdated(Administered):
    """Settings of the account changed."""

    tag = "account:updated"
    kind = "Account"


@dataclass(frozen=True, kw_only=True)
class UserCreated(Administered):
    """A user was added."""

    tag = "user:created"
    kind = "User"


@dataclass(frozen=True, kw_only=True)
class UserUpdated(Administered):
    """A user was changed."""

    tag = "user:updated"
    kind = "User"


@dataclass(frozen=True, kw_only=True)
class AddressChangeRequested(Administered):
    """Another address was asked for; the user has it once its mailbox has confirmed it."""

    tag = "user:address:requested"
    kind = "User"
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class AddressChangeWithdrawn(Administered):
    """A change of the address that waited for its mailbox's answer was taken back."""

    tag = "user:address:withdrawn"
    kind = "User"
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class RoleCreated(Administered):
    """A role was defined."""

    tag = "role:created"
    kind = "Role"


@dataclass(frozen=True, kw_only=True)
class RoleUpdated(Administered):
    """A role's name or permissions changed."""

    tag = "role:updated"
    kind = "Role"


@dataclass(frozen=True, kw_only=True)
class TeamCreated(Administered):
    """A team was created."""

    tag = "team:created"
    kind = "Team"


@dataclass(frozen=True, kw_only=True)
class TeamUpdated(Administered):
    """A team's name, members, keypairs or quorum changed."""

    tag = "team:updated"
    kind = "Team"


@dataclass(frozen=True, kw_only=True)
class KeypairCreated(Administered):
    """A keypair was created."""

    tag = "keypair:created"
    kind = "Keypair"


@dataclass(frozen=True, kw_only=True)
class KeypairUpdated(Administered):
    """A keypair's alias, access, users or state changed."""

    tag = "keypair:updated"
    kind = "Keypair"


@dataclass(frozen=True, kw_only=True)
class KeypairRenewed(Administered):
    """A keypair has a successor, which is a keypair with a key of its own."""

    tag = "keypair:renewed"
    kind = "Keypair"
    successor_id: UUID


@dataclass(frozen=True, kw_only=True)
class KeypairRetired(Administered):
    """A keypair was retired: it never signs again."""

    tag = "keypair:retired"
    kind = "Keypair"


@dataclass(frozen=True, kw_only=True)
class KeypairResealed(Event):
    """A keypair's private key was sealed under another master key; the key itself is the same."""

    tag = "keypair:resealed"
    kind = "Keypair"
    changes: Changes


@dataclass(frozen=True, kw_only=True)
class TokenCreated(Administered):
    """An API token was created; the event does not hold its secret."""

    tag = "token:created"
    kind = "ApiToken"


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Administered):
    """An API token was revoked."""

    tag = "token:revoked"
    kind = "ApiToken"


@dataclass(frozen=True, kw_only=True)
class TokenEnded(Event):
    """An API token ended with the token that it was made with, whose end alone is mailed."""

    tag = "token:ended"
    kind = "ApiToken"
    name: str
    parent_id: UUID | None
