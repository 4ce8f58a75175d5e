"""What happened, in the past tense: one frozen class for each kind, with a stable tag.

A recorded event becomes one ledger entry; listeners turn some of them into messages.
"""

from engine.events.administration import (
    AccountCreated,
    AccountUpdated,
    AddressChangeRequested,
    AddressChangeWithdrawn,
    Administered,
    KeypairCreated,
    KeypairResealed,
    KeypairUpdated,
    RoleCreated,
    RoleUpdated,
    TeamCreated,
    TeamUpdated,
    TokenCreated,
    TokenEnded,
    TokenRevoked,
    UserCreated,
    UserUpdated,
)
from engine.events.base import (
    Changes,
    Event,
    Recorded,
)
from engine.events.refusals import (
    AttemptRefused,
)
from engine.events.releases import (
    DecisionRecorded,
    QuotaReached,
    ReleaseApproved,
    ReleaseClosed,
    ReleaseEvent,
    ReleaseExpired,
    ReleaseOpened,
    ReleaseRejected,
    ReleaseRequested,
    ReleaseRevised,
    ReleaseStopped,
    ReleaseWithdrawn,
)
from engine.events.sessions import (
    IdentityEvent,
    IdentityLinked,
    IdentityUnlinked,
    SessionEnded,
    SessionEvent,
    SessionStarted,
)
from engine.events.signatures import (
    SignatureDropped,
    SignatureMade,
)

__all__ = [
    "AccountCreated",
    "AccountUpdated",
    "AddressChangeRequested",
    "AddressChangeWithdrawn",
    "Administered",
    "AttemptRefused",
    "Changes",
    "DecisionRecorded",
    "Event",
    "IdentityEvent",
    "IdentityLinked",
    "IdentityUnlinked",
    "KeypairCreated",
    "KeypairResealed",
    "KeypairUpdated",
    "QuotaReached",
    "Recorded",
    "ReleaseApproved",
    "ReleaseClosed",
    "ReleaseEvent",
    "ReleaseExpired",
    "ReleaseOpened",
    "ReleaseRejected",
    "ReleaseRequested",
    "ReleaseRevised",
    "ReleaseStopped",
    "ReleaseWithdrawn",
    "RoleCreated",
    "RoleUpdated",
    "SessionEnded",
    "SessionEvent",
    "SessionStarted",
    "SignatureDropped",
    "SignatureMade",
    "TeamCreated",
    "TeamUpdated",
    "TokenCreated",
    "TokenEnded",
    "TokenRevoked",
    "UserCreated",
    "UserUpdated",
]
