"""The engine's error codes as a GraphQL enum."""

from api.graphql.types.enum_descriptions import describe_enum
from engine.model import errors

ErrorCode = errors.Code
describe_enum(
    ErrorCode,
    "ErrorCode",
    "The stable code of a refusal, on which a program can decide what to do.",
    {
        "NOT_FOUND": "The object does not exist, or the caller may not see it.",
        "FORBIDDEN": "The caller lacks the permission that the operation needs.",
        "INVALID_INPUT": "A value of the input is malformed or out of range.",
        "NAME_TAKEN": "Another object of the account already has this name.",
        "KEYPAIR_IN_USE": "The keypair is held by another open release, or a keypair"
        " has the key already.",
        "KEYPAIR_TYPE_MISMATCH": "The keypair's type differs from the type of the release.",
        "KEYPAIR_CATEGORY_MISMATCH": "The keypair's category differs from the category of the"
        " release.",
        "KEYPAIR_CERTIFICATE_MISMATCH": "The release requires a default certificate and the"
        " keypair has none.",
        "KEYPAIR_NOT_ALLOWED": "The keypair was not granted to any team concerned, or the"
        " pipeline's rule does not name it.",
        "WINDOW_INVALID": "The window does not end after its start.",
        "WINDOW_PASSED": "The window has already come to its end.",
        "NOT_ENOUGH_APPROVERS": "Too few people could approve for the required approvals to be"
        " reached.",
        "ALREADY_DECIDED": "The approver has already decided on this revision of the release.",
        "OWN_REQUEST": "People cannot approve a release that they requested themselves.",
        "NOT_AN_APPROVER": "The caller is not an approver of this release.",
        "WRONG_STATUS": "The current status of the release does not allow the operation.",
        "REVISION_CONFLICT": "The release, the team or the certificate was changed after the caller"
        " had read it.",
        "RELEASE_TYPE_DISABLED": "The account's settings do not allow releases of this type.",
        "LAST_ADMINISTRATOR": "The change would leave nobody who can manage users.",
        "OVERLOADED": "The server is too busy at the moment, and the operation can be tried again"
        " shortly.",
        "STORAGE_FAILED": "The database cannot store anything at the moment, and the operator has"
        " to act. It never appears in a payload: it is a top-level error, and"
        " the HTTP status of the answer is 503.",
        "RATE_LIMITED": "The caller did this too often in a short time, and the message tells"
        " when it can be tried again.",
        "SIGNING_FROZEN": "The account's kill switch is on, so no signature is made.",
        "TEAM_REQUIRED": "Teams are enabled and the release does not name a team.",
        "FIELD_LOCKED": "The field cannot be edited in this status, or not by this caller.",
        "NOT_A_PARTICIPANT": "The caller is not among those who may sign in this release.",
        "OUTSIDE_WINDOW": "No release window is open for the keypair at the moment.",
        "QUOTA_EXHAUSTED": "The release has already used all of its signatures.",
        "KEYPAIR_DISABLED": "The keypair is disabled or retired and cannot sign.",
        "KEYPAIR_RESTRICTED": "The keypair is restricted and the caller is not assigned to it.",
        "IDEMPOTENCY_MISMATCH": "The idempotency key was already used for a different request.",
        "RELEASE_MISMATCH": "The signature would not count toward the release that the caller"
        " names.",
        "BATCH_REFUSED": "Another signature of the same atomic batch could not be made, so none"
        " was.",
        "ORIGIN_MISMATCH": "The caller is no pipeline from where the release asks for.",
        "SIGNER_FAILED": "The signer that holds the private key could not make the signature.",
        "TIMESTAMP_FAILED": "The signature was made, and is in the answer, but the time-stamping"
        " authority gave no usable answer.",
        "UNAUTHENTICATED": "The request carries no valid credentials.",
    },
)
