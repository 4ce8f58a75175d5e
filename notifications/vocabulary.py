"""The closed sets of words of this room."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """What became of one message to one person."""

    #: Waits for its turn, or for its next try.
    QUEUED = "QUEUED"
    #: The channel took it.
    SENT = "SENT"
    #: Refused for good, or tried for too long.
    FAILED = "FAILED"
    #: No longer true when its turn came, so it was not sent.
    VOID = "VOID"


class LinkPurpose(StrEnum):
    """What an action link lets its holder do."""

    #: Approve or reject one material revision of a release.
    DECIDE = "DECIDE"


class MessageKind(StrEnum):
    """What a message says; each has a template of that name."""

    #: Please approve or reject; carries the link.
    REQUEST = "REQUEST"
    #: The same, as the start nears.
    REMINDER = "REMINDER"
    #: A release was changed, or who stands behind it; nothing is asked of the reader.
    REVISED = "REVISED"
    #: An approver was not reached: the message that asks them failed for good.
    UNREACHABLE = "UNREACHABLE"
    #: It needs no approval any more.
    NOT_NEEDED = "NOT_NEEDED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    OPENED = "OPENED"
    CLOSING_SOON = "CLOSING_SOON"
    CLOSED = "CLOSED"
    STOPPED = "STOPPED"
    #: The reader takes no part in it any more; their calendar forgets it.
    LEFT = "LEFT"
    #: So much of the maximum is used.
    QUOTA = "QUOTA"
    #: Something of the account itself changed.
    ADMINISTERED = "ADMINISTERED"
    #: The link to sign in with; to whoever asked, and not by way of the outbox.
    SIGN_IN = "SIGN_IN"
    #: To a person who was added to an account: by whom, and where to sign in.
    INVITATION = "INVITATION"
    #: To an address that a user is to have: the link that confirms it.
    ADDRESS_LINK = "ADDRESS_LINK"
    #: To the address before it: another was asked for, or is theirs now.
    ADDRESS_CHANGE = "ADDRESS_CHANGE"


class WebhookKind(StrEnum):
    """What a webhook is sent."""

    #: A ledger entry.
    EVENT = "EVENT"
    #: Nothing happened: somebody tries whether it works.
    TEST = "TEST"


class Audience(StrEnum):
    """In which capacity somebody is told."""

    REQUESTER = "REQUESTER"
    PARTICIPANT = "PARTICIPANT"
    APPROVER = "APPROVER"
    #: An approver who has not decided on the current round.
    UNDECIDED = "UNDECIDED"
    #: An approver whose decision an edit has voided.
    DECIDED_BEFORE = "DECIDED_BEFORE"
    #: An approver whose decision stands.
    DECIDED = "DECIDED"
    #: An approver who edited the request, so that others have to approve it.
    EDITOR = "EDITOR"
    ADMINISTRATOR = "ADMINISTRATOR"
    #: A participant since the edit that is told of.
    NEW_PARTICIPANT = "NEW_PARTICIPANT"
    #: Who has the window in their calendar and takes no part in it any more.
    FORMER = "FORMER"


class Reference(StrEnum):
    """What the changes that a reader is shown are counted from."""

    #: The revision that they decided on last.
    DECISION = "DECISION"
    #: The last message about the release that they were sent before.
    EARLIER_MESSAGE = "EARLIER_MESSAGE"
    #: The message whose link they opened.
    THIS_MESSAGE = "THIS_MESSAGE"


#: These carry a link, and are true only while somebody has to decide.
ASKING = frozenset({MessageKind.REQUEST, MessageKind.REMINDER})

#: The one channel everybody has; others are found by name.
EMAIL = "email"
#: To programs rather than people.
WEBHOOK = "webhook"

#: Of these people choose whether they are told, and by which channel.
CHOOSABLE = frozenset(MessageKind) - {
    MessageKind.SIGN_IN,
    MessageKind.INVITATION,
    MessageKind.ADDRESS_LINK,
    MessageKind.ADDRESS_CHANGE,
}
#: An approver can choose by which way, but never that nobody asks them.
NEVER_SILENT = frozenset({MessageKind.REQUEST})
