"""The engine's closed sets as GraphQL enums, each value described."""

from enum import EnumMeta, StrEnum
from typing import TypeVar

import strawberry

from engine.model import algorithms, errors, vocabulary

AnyEnum = TypeVar("AnyEnum", bound=EnumMeta)


def described(cls: AnyEnum, name: str, description: str, values: dict[str, str]) -> AnyEnum:
    """Register an engine's enum with a description for every value."""
    strawberry.enum(cls, name=name, description=description)
    definition = cls.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        # One that was forgotten is a test's to find, not the service's to fail of.
        value.description = values.get(value.name)
    return cls


ReleaseStatus = vocabulary.Status
described(
    ReleaseStatus,
    "ReleaseStatus",
    "Where a release stands. COMPLETED, FAILED and REJECTED are final.",
    {
        "PENDING": "Awaits approval.",
        "APPROVED": "Approved, not started.",
        "ACTIVE": "Needs no approval, scheduled, not started.",
        "IN_PROGRESS": "Its window is open.",
        "COMPLETED": "Its window closed as planned, or early by a person.",
        "FAILED": "Not approved in time, or stopped.",
        "REJECTED": "Rejected by an approver, or withdrawn.",
    },
)

ReleaseType = vocabulary.ReleaseType
described(
    ReleaseType,
    "ReleaseType",
    "The type of a release and of its keypairs.",
    {
        "ONLINE": "Usable at any time; a release associates and counts the signatures.",
        "OFFLINE": "Usable only inside an approved release's window.",
        "TEST": "Like online, with test keypairs.",
    },
)

KeypairCategory = vocabulary.KeypairCategory
described(
    KeypairCategory,
    "KeypairCategory",
    "Which kind of signatures a keypair makes.",
    {
        "STANDARD": "Signatures over a digest (ECDSA, Ed25519, RSA).",
        "GPG": "Detached OpenPGP signatures over content.",
    },
)

KeypairAccess = vocabulary.KeypairAccess
described(
    KeypairAccess,
    "KeypairAccess",
    "Who may use a keypair.",
    {
        "OPEN": "Everyone who may sign and whose team has it.",
        "RESTRICTED": "Only the users mapped to it.",
    },
)

DecisionVerdict = vocabulary.Verdict
described(
    DecisionVerdict,
    "DecisionVerdict",
    "An approver's decision.",
    {"APPROVE": "Agrees.", "REJECT": "Refuses, which ends the request."},
)

Permission = vocabulary.Permission
described(
    Permission,
    "Permission",
    "What a role can grant, and an API token be narrowed to.",
    {
        "REQUEST_RELEASE": "Request release window: request and edit releases.",
        "APPROVE_RELEASE": "Approve, reject and stop releases.",
        "VIEW_RELEASES": "See the releases of one's own teams.",
        "SIGN": "Make signatures.",
        "MANAGE_KEYPAIRS": "Make, change and disable keypairs.",
        "MANAGE_TEAMS": "Make and change teams.",
        "MANAGE_USERS": "Make and change users, roles and service users' tokens.",
        "MANAGE_ACCOUNT": "Change the account's settings.",
        "VIEW_LEDGER": "Read the ledger.",
        "MANAGE_OWN_PROFILE": "Change one's own profile and preferences, end one's own sessions"
        " and identities. Everybody holds it; a token has it only if it is named.",
        "MANAGE_OWN_TOKENS": "Make and revoke one's own tokens. Everybody holds it; a token has it"
        " only if it is named.",
    },
)

SignInMethod = vocabulary.SignInMethod
described(
    SignInMethod,
    "SignInMethod",
    "How somebody at a browser proved who they are.",
    {
        "MAIL": "By a link sent to their address.",
        "OPENID_CONNECT": "At the sign-in service, by OpenID Connect.",
    },
)

QuotaOnOnline = vocabulary.QuotaOnOnline
described(
    QuotaOnOnline,
    "QuotaOnOnline",
    "What an online signature over a release's maximum becomes.",
    {"REFUSE": "Refused.", "UNASSOCIATED": "Made, but not associated and not counted."},
)

KeypairAlgorithm = algorithms.KeypairAlgorithm
described(
    KeypairAlgorithm,
    "KeypairAlgorithm",
    "What a keypair is and how it signs.",
    {
        "ECDSA_P256": "ECDSA on NIST P-256, signatures in DER.",
        "ECDSA_P384": "ECDSA on NIST P-384, signatures in DER.",
        "ED25519": "Ed25519 over the digest's bytes as its message.",
        "RSA_PSS_2048": "RSA-PSS, 2048 bits, salt as long as the digest.",
        "RSA_PSS_3072": "RSA-PSS, 3072 bits, salt as long as the digest.",
        "RSA_PSS_4096": "RSA-PSS, 4096 bits, salt as long as the digest.",
        "RSA_PKCS1_2048": "RSA PKCS#1 v1.5, 2048 bits.",
        "RSA_PKCS1_3072": "RSA PKCS#1 v1.5, 3072 bits.",
        "RSA_PKCS1_4096": "RSA PKCS#1 v1.5, 4096 bits.",
        "OPENPGP_ED25519": "OpenPGP with Ed25519.",
        "OPENPGP_RSA_4096": "OpenPGP with RSA, 4096 bits.",
    },
)

DigestAlgorithm = algorithms.DigestAlgorithm
described(
    DigestAlgorithm,
    "DigestAlgorithm",
    "How the digest was made.",
    {"SHA256": "32 bytes.", "SHA384": "48 bytes.", "SHA512": "64 bytes."},
)

ErrorCode = errors.Code
described(
    ErrorCode,
    "ErrorCode",
    "Every way Countersign can refuse. Stable.",
    {
        "NOT_FOUND": "It does not exist, or not for the caller.",
        "FORBIDDEN": "The caller lacks the permission.",
        "INVALID_INPUT": "A value is malformed or out of range.",
        "NAME_TAKEN": "Another of the account's things has the name.",
        "KEYPAIR_IN_USE": "Another open release holds the keypair.",
        "KEYPAIR_TYPE_MISMATCH": "The keypair's type is not the release's.",
        "KEYPAIR_CATEGORY_MISMATCH": "The keypair's category is not the release's.",
        "KEYPAIR_CERTIFICATE_MISMATCH": "The keypair has no default certificate.",
        "KEYPAIR_NOT_ALLOWED": "No team concerned was granted the keypair.",
        "WINDOW_INVALID": "The window does not end after its start.",
        "WINDOW_PASSED": "The window is over already.",
        "NOT_ENOUGH_APPROVERS": "Too few people could approve for the quorum to be met.",
        "ALREADY_DECIDED": "The approver decided on this revision before.",
        "OWN_REQUEST": "Nobody approves what they themselves asked for.",
        "NOT_AN_APPROVER": "The caller is no approver of this release.",
        "WRONG_STATUS": "The release's status does not allow it.",
        "REVISION_CONFLICT": "It was changed since the caller looked.",
        "RELEASE_TYPE_DISABLED": "The account makes no releases of this type.",
        "LAST_ADMINISTRATOR": "Nobody could manage users any more.",
        "OVERLOADED": "Too much is under way; try again shortly.",
        "STORAGE_FAILED": "The database cannot store anything just now, and its operator has to"
        " act. Never in a payload: it is a top-level error, and the answer's status is 503.",
        "RATE_LIMITED": "The caller caused too much of this in a short time. The message says from "
        "when on it can be tried again.",
        "SIGNING_FROZEN": "The account's kill switch is on.",
        "TEAM_REQUIRED": "Teams are on and the release names none.",
        "FIELD_LOCKED": "The field cannot be edited in this status, or not by the caller.",
        "NOT_A_PARTICIPANT": "The caller may not sign in this release.",
        "OUTSIDE_WINDOW": "No release window is open for the keypair.",
        "QUOTA_EXHAUSTED": "The release's signatures are used up.",
        "KEYPAIR_DISABLED": "The keypair is disabled.",
        "KEYPAIR_RESTRICTED": "The keypair is restricted and the caller not mapped to it.",
        "IDEMPOTENCY_MISMATCH": "The idempotency key was used for something else.",
        "SIGNER_FAILED": "The signer could not make the signature.",
        "UNAUTHENTICATED": "No valid credentials.",
    },
)


class DecisionChannel(StrEnum):
    """Through which face an approver decided."""

    API = "API"
    EMAIL = "EMAIL"
    DASHBOARD = "DASHBOARD"


described(
    DecisionChannel,
    "DecisionChannel",
    "Through which face an approver decided.",
    {
        "API": "GraphQL with an API token.",
        "EMAIL": "The page behind the mail's link.",
        "DASHBOARD": "The dashboard.",
    },
)

CredentialKind = vocabulary.CredentialKind
described(
    CredentialKind,
    "CredentialKind",
    "What proved who did something.",
    {
        "TOKEN": "An API token.",
        "SESSION": "A browser session.",
        "LINK": "The link in a mail, which is one person's alone.",
        "SIGN_IN": "A proof that has just become a session: a mailed link, or a sign-in service.",
        "COMMAND_LINE": "A shell on the machine.",
        "CLOCK": "Nobody: time made it due.",
        "PROGRAM": "A program of the installation that works without a credential.",
    },
)

Channel = vocabulary.Channel
described(
    Channel,
    "Channel",
    "Through which face something came in.",
    {
        "API": "GraphQL with an API token.",
        "EMAIL": "The page behind a mail's link.",
        "DASHBOARD": "The dashboard.",
        "COMMAND_LINE": "An operator on the machine.",
        "CLOCK": "Nobody: time made it due.",
    },
)


class ReleaseAction(StrEnum):
    """What a viewer can do with a release."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    WITHDRAW = "WITHDRAW"
    UPDATE = "UPDATE"
    CLOSE = "CLOSE"
    STOP = "STOP"
    SIGN = "SIGN"


described(
    ReleaseAction,
    "ReleaseAction",
    "What a viewer can do with a release.",
    {
        "APPROVE": "Approve the request.",
        "REJECT": "Reject the request, which ends it.",
        "WITHDRAW": "Take it back before it starts.",
        "UPDATE": "Edit it, at least its labels.",
        "CLOSE": "End its window early.",
        "STOP": "Stop it: the kill switch.",
        "SIGN": "Sign with one of its keypairs now.",
    },
)


class ReleaseOrderField(StrEnum):
    """What releases are sorted by."""

    STARTS_AT = "STARTS_AT"
    ENDS_AT = "ENDS_AT"
    CREATED_AT = "CREATED_AT"
    NAME = "NAME"


described(
    ReleaseOrderField,
    "ReleaseOrderField",
    "What releases are sorted by.",
    {
        "STARTS_AT": "The start of the window.",
        "ENDS_AT": "The end of the window.",
        "CREATED_AT": "When it was requested.",
        "NAME": "The name, letter case aside.",
    },
)


class Direction(StrEnum):
    """Which way a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"


described(
    Direction,
    "Direction",
    "Which way a list is sorted.",
    {"ASC": "Smallest or earliest first.", "DESC": "Largest or latest first."},
)
