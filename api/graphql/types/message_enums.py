"""The closed sets of words about messages as GraphQL enums, each value described."""

from api.graphql.types.enums import described
from notifications import vocabulary

DeliveryState = vocabulary.DeliveryState
described(
    DeliveryState,
    "DeliveryState",
    "What became of a message.",
    {
        "QUEUED": "Waits for its turn, or for its next try.",
        "SENT": "The channel took it.",
        "FAILED": "Refused for good, or tried for too long.",
        "VOID": "No longer true when its turn came, so it was not sent.",
    },
)

MessageKind = vocabulary.MessageKind
described(
    MessageKind,
    "MessageKind",
    "What a message says.",
    {
        "REQUEST": "Please approve or reject.",
        "REMINDER": "The same, as the start nears.",
        "REVISED": "A release was changed, and nothing is asked of the reader.",
        "UNREACHABLE": "An approver was not reached: the message that asks them to decide failed "
        "for good.",
        "NOT_NEEDED": "It needs no approval any more.",
        "APPROVED": "It is approved.",
        "REJECTED": "It is rejected.",
        "WITHDRAWN": "It was taken back.",
        "EXPIRED": "It was not approved in time.",
        "OPENED": "Its window is open.",
        "CLOSING_SOON": "Its window closes soon.",
        "CLOSED": "Its window is closed.",
        "STOPPED": "It was stopped.",
        "LEFT": "One takes no part in it any more; one's calendar forgets it.",
        "QUOTA": "Most or all of its signatures are used.",
        "ADMINISTERED": "Something of the account itself changed.",
        "EVENT": "A ledger entry, for a webhook.",
        "TEST": "Nothing happened: a webhook is tried.",
        "SIGN_IN": "The link to sign in with.",
        "INVITATION": "One was added to the account; says by whom, and where to sign in.",
        "ADDRESS_LINK": "The link that confirms a new e-mail address; it is sent there.",
        "ADDRESS_CHANGE": "Another e-mail address was asked for or confirmed; sent to the old one.",
    },
)

Audience = vocabulary.Audience
described(
    Audience,
    "Audience",
    "In which capacity somebody is told.",
    {
        "REQUESTER": "Who requested the release.",
        "PARTICIPANT": "Who may sign in it.",
        "APPROVER": "Who can approve it.",
        "UNDECIDED": "Who can approve it and has not decided.",
        "DECIDED_BEFORE": "Who had decided, until an edit voided that.",
        "DECIDED": "Who decided on it, and whose decision stands.",
        "EDITOR": "Who edited the request, so that others have to approve it.",
        "ADMINISTRATOR": "Who administers the account.",
        "NEW_PARTICIPANT": "Who may sign in it since the edit.",
        "FORMER": "Who takes no part in the release any more.",
    },
)
