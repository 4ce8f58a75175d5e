"""The enumerations that the whole system shares (spec sections 2 and 3)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """The status of a release. The last three are final."""

    #: Awaits approval.
    PENDING = "PENDING"
    #: Approved, not started.
    APPROVED = "APPROVED"
    #: Needs no approval, scheduled, not started.
    ACTIVE = "ACTIVE"
    #: Its window is open.
    IN_PROGRESS = "IN_PROGRESS"
    #: Its window closed as planned, or early by a person.
    COMPLETED = "COMPLETED"
    #: Never approved in time, or stopped.
    FAILED = "FAILED"
    #: Rejected by an approver, or withdrawn.
    REJECTED = "REJECTED"

    @property
    def is_final(self) -> bool:
        """True once nothing but labels can change any more."""
        return self in FINAL


FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.REJECTED})
NOT_STARTED = frozenset({Status.PENDING, Status.APPROVED, Status.ACTIVE})
#: A release in one of these holds its keypairs.
HOLDING = frozenset(Status) - FINAL


class Trigger(StrEnum):
    """What can happen to a release; the rows of the lifecycle table say where it leads."""

    REQUEST = "REQUEST"
    APPROVE = "APPROVE"
    REASSESS = "REASSESS"
    REJECT = "REJECT"
    WITHDRAW = "WITHDRAW"
    REVISE = "REVISE"
    OPEN = "OPEN"
    CLOSE = "CLOSE"
    EXPIRE = "EXPIRE"
    STOP = "STOP"


class ReleaseType(StrEnum):
    """The type of a release, and of the keypairs that it may use."""

    #: Keypairs usable at any time; a release counts and associates their signatures.
    ONLINE = "ONLINE"
    #: Keypairs usable only inside an approved release window.
    OFFLINE = "OFFLINE"
    #: Like online, for test keypairs.
    TEST = "TEST"


class KeySource(StrEnum):
    """Where the key of a keypair came from, if its signer did not make it."""

    IMPORTED = "IMPORTED"
    #: It was in the signer before.
    ADOPTED = "ADOPTED"


class KeypairCategory(StrEnum):
    """Which kind of signature a keypair makes."""

    STANDARD = "STANDARD"
    GPG = "GPG"


class KeypairState(StrEnum):
    """Whether a keypair can be used."""

    ENABLED = "ENABLED"
    #: It signs nothing until it is enabled again.
    DISABLED = "DISABLED"
    #: It never signs again.
    RETIRED = "RETIRED"

    @classmethod
    def of(cls, *, enabled: bool, retired_at: datetime | None) -> KeypairState:
        """Return the state of a keypair, given what is stored of it."""
        if retired_at is not None:
            return cls.RETIRED
        return cls.ENABLED if enabled else cls.DISABLED


class KeypairAccess(StrEnum):
    """Who may use a keypair."""

    OPEN = "OPEN"
    #: Only the users mapped to it.
    RESTRICTED = "RESTRICTED"


class Verdict(StrEnum):
    """One approver's decision."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"


class Channel(StrEnum):
    """Through which interface a request came in."""

    API = "API"
    EMAIL = "EMAIL"
    DASHBOARD = "DASHBOARD"
    #: An operator on the machine.
    COMMAND_LINE = "COMMAND_LINE"
    #: Nobody: time made it due.
    CLOCK = "CLOCK"


class CredentialKind(StrEnum):
    """The kind of credential that authenticated an actor."""

    #: An API token.
    TOKEN = "TOKEN"  # noqa: S105 - a kind, and no secret
    #: A browser session.
    SESSION = "SESSION"
    #: The link in a mail, which was sent to one person alone.
    LINK = "LINK"
    #: A sign-in that is about to become a session: by a mailed link, or a sign-in service.
    SIGN_IN = "SIGN_IN"
    #: A sign-in at the application that Countersign is mounted in.
    HOST = "HOST"
    #: A rule that a pipeline's own token fulfils, which is about to be exchanged for an API token.
    PIPELINE_RULE = "PIPELINE_RULE"
    #: A shell on the machine.
    COMMAND_LINE = "COMMAND_LINE"
    #: Nobody: time made it due.
    CLOCK = "CLOCK"
    #: A program of this installation that works without a credential, like the demo.
    PROGRAM = "PROGRAM"


class Permission(StrEnum):
    """What somebody may do, and what a token's scopes can name (spec section 2)."""

    REQUEST_RELEASE = "REQUEST_RELEASE"
    APPROVE_RELEASE = "APPROVE_RELEASE"
    VIEW_RELEASES = "VIEW_RELEASES"
    SIGN = "SIGN"
    MANAGE_KEYPAIRS = "MANAGE_KEYPAIRS"
    MANAGE_TEAMS = "MANAGE_TEAMS"
    MANAGE_USERS = "MANAGE_USERS"
    MANAGE_ACCOUNT = "MANAGE_ACCOUNT"
    VIEW_LEDGER = "VIEW_LEDGER"
    #: Change one's own profile and preferences, end one's own sessions and identities.
    MANAGE_OWN_PROFILE = "MANAGE_OWN_PROFILE"
    #: Make and revoke one's own tokens.
    MANAGE_OWN_TOKENS = "MANAGE_OWN_TOKENS"


#: Held by every active user, whatever their roles; no role grants them. They are permissions like
#: the others, so that a token's scopes narrow them by the same intersection, and everything that
#: asks for a permission asks for them in the same way.
OWN_PERMISSIONS = frozenset({Permission.MANAGE_OWN_PROFILE, Permission.MANAGE_OWN_TOKENS})
#: What a role can grant.
ROLE_PERMISSIONS = frozenset(Permission) - OWN_PERMISSIONS
#: A token has these only if its scopes name them.
SCOPES_BY_NAME = OWN_PERMISSIONS | {Permission.APPROVE_RELEASE}

#: The built-in roles, as data (spec section 2).
BUILT_IN_ROLES: dict[str, frozenset[Permission]] = {
    "ADMIN": ROLE_PERMISSIONS - {Permission.SIGN, Permission.APPROVE_RELEASE},
    "LEAD": frozenset(
        {
            Permission.REQUEST_RELEASE,
            Permission.APPROVE_RELEASE,
            Permission.VIEW_RELEASES,
            Permission.MANAGE_TEAMS,
        }
    ),
    "DEVELOPER": frozenset({Permission.REQUEST_RELEASE, Permission.VIEW_RELEASES, Permission.SIGN}),
    "SIGNER": frozenset({Permission.VIEW_RELEASES, Permission.SIGN}),
    "AUDITOR": frozenset({Permission.VIEW_RELEASES, Permission.VIEW_LEDGER}),
}


class SignInMethod(StrEnum):
    """How the person behind a browser session proved who they are."""

    #: A link sent to their address.
    MAIL = "MAIL"
    #: The account's own sign-in service, by OpenID Connect.
    OPENID_CONNECT = "OPENID_CONNECT"


class QuotaOnOnline(StrEnum):
    """What an online signature over a release's maximum becomes (spec section 5)."""

    #: Refused.
    REFUSE = "REFUSE"
    #: Made, but unassociated with the release and uncounted.
    UNASSOCIATED = "UNASSOCIATED"


class SignatureForm(StrEnum):
    """What was given to be signed, and what the value of the signature is therefore."""

    #: A digest; the value is the raw signature.
    DIGEST = "DIGEST"
    #: Content; the value is a detached OpenPGP signature in ASCII armor.
    CONTENT = "CONTENT"
    #: A message, signed as it is; the value is the raw signature.
    MESSAGE = "MESSAGE"
    #: A digest in a namespace of OpenSSH; the value is a signature of OpenSSH in its armor.
    SSHSIG = "SSHSIG"


class SignatureState(StrEnum):
    """The life of one signature: reserved, then settled one way or another."""

    #: Counted, its value being made.
    RESERVED = "RESERVED"
    #: Made and counted for good.
    MADE = "MADE"
    #: The signer failed; the count was given back.
    FAILED = "FAILED"
    #: Not settled within its time limit; the count was given back.
    LAPSED = "LAPSED"
    #: Its release was stopped meanwhile; the value was thrown away.
    DISCARDED = "DISCARDED"
