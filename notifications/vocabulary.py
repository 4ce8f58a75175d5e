"""The enumerations of notifications: what is stored in columns, and groups of those values."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """The state of a delivery: one message to one person or webhook."""

    #: Waits for its first or next attempt.
    QUEUED = "QUEUED"
    #: The channel accepted it.
    SENT = "SENT"
    #: Refused for good, or attempted for too long.
    FAILED = "FAILED"
    #: Outdated before it was sent, so it was not sent.
    VOID = "VOID"


class LinkPurpose(StrEnum):
    """What the holder of an action link can do."""

    #: Approve or reject one material revision of a release.
    DECIDE = "DECIDE"


class MessageKind(StrEnum):
    """What a message says; the template of each kind has its name."""

    #: Requests a decision; has the link.
    REQUEST = "REQUEST"
    #: Requests it again as the start approaches.
    REMINDER = "REMINDER"
    #: A release, or its requester's user, was changed; requests nothing of the reader.
    REVISED = "REVISED"
    #: An approver was not reached: the request to them failed for good.
    UNREACHABLE = "UNREACHABLE"
    #: The release no longer needs approval.
    NOT_NEEDED = "NOT_NEEDED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    OPENED = "OPENED"
    CLOSING_SOON = "CLOSING_SOON"
    CLOSED = "CLOSED"
    STOPPED = "STOPPED"
    #: The reader no longer takes part in the release; removes it from their calendar.
    LEFT = "LEFT"
    #: A share of the maximum number of signatures is used.
    QUOTA = "QUOTA"
    #: A certificate of a keypair expires soon.
    CERTIFICATE_EXPIRES = "CERTIFICATE_EXPIRES"
    #: The administration of the account changed.
    ADMINISTERED = "ADMINISTERED"
    #: The sign-in link, which is sent to whoever requested it and without the outbox.
    SIGN_IN = "SIGN_IN"
    #: Tells a new user who added them, and where to sign in.
    INVITATION = "INVITATION"
    #: To a user's future address: the link that confirms it.
    ADDRESS_LINK = "ADDRESS_LINK"
    #: To a user's former address: a change was requested, or was made.
    ADDRESS_CHANGE = "ADDRESS_CHANGE"


class WebhookKind(StrEnum):
    """Why a webhook is sent something."""

    #: A ledger entry.
    EVENT = "EVENT"
    #: A test that somebody requested.
    TEST = "TEST"


class Audience(StrEnum):
    """The capacity in which somebody is notified."""

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
    #: Whose roles permit to manage the account's keypairs.
    KEYPAIR_MANAGER = "KEYPAIR_MANAGER"
    #: A participant since the edit that the message is about.
    NEW_PARTICIPANT = "NEW_PARTICIPANT"
    #: Somebody who has the window in their calendar and no longer takes part in the release.
    FORMER = "FORMER"


class Reference(StrEnum):
    """The revision since which a reader is shown changes."""

    #: The revision that they decided on last.
    DECISION = "DECISION"
    #: The last message about the release that they were sent before.
    EARLIER_MESSAGE = "EARLIER_MESSAGE"
    #: The message whose link they opened.
    THIS_MESSAGE = "THIS_MESSAGE"


#: The kinds that have an action link, and are outdated once nobody has to decide.
KINDS_WITH_LINK = frozenset({MessageKind.REQUEST, MessageKind.REMINDER})

#: The channel of mail, which everybody has; others are configured by name.
EMAIL = "email"
#: The channel of webhooks.
WEBHOOK = "webhook"

#: The kinds for which people choose whether and by which channels they are notified.
CHOOSABLE = frozenset(MessageKind) - {
    MessageKind.SIGN_IN,
    MessageKind.INVITATION,
    MessageKind.ADDRESS_LINK,
    MessageKind.ADDRESS_CHANGE,
}
#: The kinds that nobody can silence: approvers only choose the channels.
NEVER_SILENT = frozenset({MessageKind.REQUEST})
