"""The engine's enumerations as GraphQL enums, with a description for each value."""

from enum import StrEnum

from api.graphql.types.enum_descriptions import describe_enum
from engine.model import vocabulary

ReleaseStatus = vocabulary.Status
describe_enum(
    ReleaseStatus,
    "ReleaseStatus",
    "The status of a release in its life cycle; COMPLETED, FAILED and REJECTED are final.",
    {
        "PENDING": "The release waits for the approvals that it needs.",
        "APPROVED": "The release has been approved and waits for its window to start.",
        "ACTIVE": "The release needs no approval and waits for its window to start.",
        "IN_PROGRESS": "The window is open and the release's keypairs may be used.",
        "COMPLETED": "The window closed at its planned end, or earlier because a person closed it.",
        "FAILED": "The release was not approved before its window ended, or it was stopped.",
        "REJECTED": "An approver rejected the release, or it was withdrawn.",
    },
)

ReleaseType = vocabulary.ReleaseType
describe_enum(
    ReleaseType,
    "ReleaseType",
    "The type of a release, which all of its keypairs share.",
    {
        "ONLINE": "Online keypairs can be used at any time, and a release associates and counts"
        " their signatures.",
        "OFFLINE": "Offline keypairs can be used only inside the window of an approved release.",
        "TEST": "Test keypairs behave like online keypairs and are meant for trial signatures.",
    },
)

KeypairCategory = vocabulary.KeypairCategory
describe_enum(
    KeypairCategory,
    "KeypairCategory",
    "The kind of signatures that a keypair makes.",
    {
        "STANDARD": "The keypair makes plain signatures over a digest, with ECDSA, Ed25519 or RSA.",
        "GPG": "The keypair makes detached OpenPGP signatures over content.",
    },
)

KeypairState = vocabulary.KeypairState
describe_enum(
    KeypairState,
    "KeypairState",
    "Whether a keypair can be used.",
    {
        "ENABLED": "The keypair can be used by everybody whom the other rules let use it.",
        "DISABLED": "The keypair makes no signatures until somebody enables it again.",
        "RETIRED": "The keypair never makes a signature again; its public key and its signatures"
        " stay.",
    },
)

KeypairAccess = vocabulary.KeypairAccess
describe_enum(
    KeypairAccess,
    "KeypairAccess",
    "The rule that decides which users may use a keypair.",
    {
        "OPEN": "Every user who may sign, and whose team was granted the keypair, can use it.",
        "RESTRICTED": "Only the users who are assigned to the keypair can use it.",
    },
)

DecisionVerdict = vocabulary.Verdict
describe_enum(
    DecisionVerdict,
    "DecisionVerdict",
    "The outcome of an approver's decision on a release.",
    {
        "APPROVE": "The approver agrees to the release.",
        "REJECT": "The approver refuses the release, which ends it.",
    },
)

Permission = vocabulary.Permission
describe_enum(
    Permission,
    "Permission",
    "A permission that a role grants, and that an API token's scopes can be limited to.",
    {
        "REQUEST_RELEASE": "Allows to request release windows and to edit releases.",
        "APPROVE_RELEASE": "Allows to approve, reject and stop releases.",
        "VIEW_RELEASES": "Allows to see the releases of one's own teams.",
        "SIGN": "Allows to make signatures with keypairs.",
        "MANAGE_KEYPAIRS": "Allows to create, change and disable keypairs.",
        "MANAGE_TEAMS": "Allows to create and change teams.",
        "MANAGE_USERS": "Allows to create and change users and roles, and to manage the tokens of"
        " service users.",
        "MANAGE_ACCOUNT": "Allows to change the account's settings and webhooks.",
        "VIEW_LEDGER": "Allows to read the account's ledger.",
        "MANAGE_OWN_PROFILE": "Allows to change one's own profile and preferences, and to revoke"
        " one's own sessions and identities. Every user holds it, but a token"
        " has it only if its scopes name it.",
        "MANAGE_OWN_TOKENS": "Allows to create and revoke one's own API tokens. Every user holds"
        " it, but a token has it only if its scopes name it.",
    },
)

SignInMethod = vocabulary.SignInMethod
describe_enum(
    SignInMethod,
    "SignInMethod",
    "The way in which a person at a browser proved who they are.",
    {
        "MAIL": "The person followed a sign-in link that was sent to their e-mail address.",
        "OPENID_CONNECT": "The person signed in at the configured sign-in service by OpenID"
        " Connect.",
    },
)

QuotaOnOnline = vocabulary.QuotaOnOnline
describe_enum(
    QuotaOnOnline,
    "QuotaOnOnline",
    "What happens to a signature with an online keypair that would exceed a release's maximum.",
    {
        "REFUSE": "The signature is refused with QUOTA_EXHAUSTED.",
        "UNASSOCIATED": "The signature is made, but it is neither associated with the release nor"
        " counted.",
    },
)


class DecisionChannel(StrEnum):
    """Through which face an approver decided."""

    API = "API"
    EMAIL = "EMAIL"
    DASHBOARD = "DASHBOARD"


describe_enum(
    DecisionChannel,
    "DecisionChannel",
    "The interface through which an approver decided.",
    {
        "API": "The approver used the GraphQL API with an API token.",
        "EMAIL": "The approver used the page behind the link in a mail.",
        "DASHBOARD": "The approver was signed in with a browser.",
    },
)

CredentialKind = vocabulary.CredentialKind
describe_enum(
    CredentialKind,
    "CredentialKind",
    "The kind of credential that proved who performed an action.",
    {
        "TOKEN": "The caller presented an API token.",
        "SESSION": "The caller was signed in with a browser session.",
        "LINK": "The caller used the link in a mail, which belongs to one person alone.",
        "SIGN_IN": "The caller completed a sign-in, by a mailed link or at a sign-in service, and"
        " was given a session.",
        "HOST": "The caller was signed in at the application that Countersign is mounted in.",
        "PIPELINE_RULE": "A pipeline proved itself with a token of a trusted issuer, and was given"
        " an API token by a rule.",
        "COMMAND_LINE": "An operator used a shell on the server's machine.",
        "CLOCK": "The change became due by time, without any caller.",
        "PROGRAM": "A program of the installation acted, which works without a credential.",
    },
)

Channel = vocabulary.Channel
describe_enum(
    Channel,
    "Channel",
    "The interface through which a request reached Countersign.",
    {
        "API": "The request came through the GraphQL API with an API token.",
        "EMAIL": "The request came from the page behind the link in a mail.",
        "DASHBOARD": "The request came from a browser in which a person is signed in.",
        "COMMAND_LINE": "The request came from an operator on the server's machine.",
        "CLOCK": "The change became due by time, without any request.",
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


describe_enum(
    ReleaseAction,
    "ReleaseAction",
    "An action that a user can take on a release.",
    {
        "APPROVE": "Approve the release that was requested.",
        "REJECT": "Reject the release that was requested, which ends it.",
        "WITHDRAW": "Withdraw the release before its window starts.",
        "UPDATE": "Edit the release, which may be limited to its name, version and note.",
        "CLOSE": "Close the release before its window ends.",
        "STOP": "Stop the release immediately in an emergency.",
        "SIGN": "Sign with one of the release's keypairs now.",
    },
)


class Direction(StrEnum):
    """Which way a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"


describe_enum(
    Direction,
    "Direction",
    "The direction in which a list is sorted.",
    {
        "ASC": "The smallest or earliest row comes first.",
        "DESC": "The largest or latest row comes first.",
    },
)


class ManifestFormat(StrEnum):
    """The forms in which a manifest is written."""

    JSON = "JSON"
    SHA256SUMS = "SHA256SUMS"
    SHA512SUMS = "SHA512SUMS"


describe_enum(
    ManifestFormat,
    "ManifestFormat",
    "The form in which the manifest of a release is written.",
    {
        "JSON": "A JSON object with the release, its approvals and every signature.",
        "SHA256SUMS": "A line for each artifact with a SHA-256 digest, as `sha256sum` reads it.",
        "SHA512SUMS": "A line for each artifact with a SHA-512 digest, as `sha512sum` reads it.",
    },
)
