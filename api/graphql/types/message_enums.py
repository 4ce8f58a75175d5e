"""The enumerations of messages as GraphQL enums, with a description for each value."""

from api.graphql.types.enum_descriptions import describe_enum
from notifications import vocabulary

DeliveryState = vocabulary.DeliveryState
describe_enum(
    DeliveryState,
    "DeliveryState",
    "The state of a message on its way to its recipient.",
    {
        "QUEUED": "The message waits to be sent, or to be tried again.",
        "SENT": "The channel accepted the message for delivery.",
        "FAILED": "The message was refused permanently, or could not be sent for too long.",
        "VOID": "The message was not sent, because it was no longer true when its turn came.",
    },
)

MessageKind = vocabulary.MessageKind
describe_enum(
    MessageKind,
    "MessageKind",
    "The kind of a message, which tells what it is about.",
    {
        "REQUEST": "Asks an approver to approve or reject a release.",
        "REMINDER": "Asks an approver again, because the start of the release comes near.",
        "REVISED": "Informs that a release was edited, without asking for anything.",
        "UNREACHABLE": "Informs that an approver was not reached, because the message that asks"
        " for their decision failed permanently.",
        "NOT_NEEDED": "Informs an approver that the release no longer needs their approval.",
        "APPROVED": "Informs that a release has been approved.",
        "REJECTED": "Informs that a release has been rejected.",
        "WITHDRAWN": "Informs that a release has been withdrawn.",
        "EXPIRED": "Informs that a release was not approved in time.",
        "OPENED": "Informs that the window of a release has opened.",
        "CLOSING_SOON": "Informs that the window of a release closes soon.",
        "CLOSED": "Informs that the window of a release has closed.",
        "STOPPED": "Informs that a release has been stopped.",
        "LEFT": "Informs a person that they were removed from a release, and removes it from"
        " their calendar.",
        "QUOTA": "Informs that most or all of a release's signatures are used.",
        "CERTIFICATE_EXPIRES": "Informs that a certificate of a keypair expires soon.",
        "ADMINISTERED": "Informs an administrator about a change of the account itself.",
        "SIGN_IN": "Carries the link with which a person signs in.",
        "INVITATION": "Tells a new user who added them to the account and where to sign in.",
        "ADDRESS_LINK": "Carries, to a new e-mail address, the link that confirms it.",
        "ADDRESS_CHANGE": "Informs the present e-mail address that another one was requested or"
        " confirmed.",
    },
    # Stored messages keep the older words.
    schema_names={"LEFT": "REMOVED", "ADMINISTERED": "ACCOUNT_CHANGED"},
)

Audience = vocabulary.Audience
describe_enum(
    Audience,
    "Audience",
    "The capacity in which a person receives a message.",
    {
        "REQUESTER": "The person who requested the release.",
        "PARTICIPANT": "A person who may sign in the release.",
        "APPROVER": "A person who can approve the release.",
        "UNDECIDED": "A person who can approve the release and has not decided yet.",
        "DECIDED_BEFORE": "A person whose earlier decision was voided by an edit.",
        "DECIDED": "A person whose decision on the release still stands.",
        "EDITOR": "A person who edited the request, so that others have to approve it.",
        "ADMINISTRATOR": "A person who administers the account.",
        "KEYPAIR_MANAGER": "A person who manages the keypairs of the account.",
        "NEW_PARTICIPANT": "A person who may sign in the release since its last edit.",
        "FORMER": "A person who no longer takes part in the release.",
    },
)
