"""What the decision page says first when a decision was not taken, and what is left to do."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.errors import Code, Refusal
from engine.model.text import is_blank
from engine.model.vocabulary import Trigger, Verdict
from notifications.decisions.link_page import LinkPage, LinkState

NOT_FROM_THE_PAGE = (
    "Nothing was decided: this page had been open for too long, or in two windows. "
    "Please decide again."
)
NO_REASON = "Nothing was decided: a rejection needs a reason. Say in a few words why you reject it."
#: Refusals after which the page asks again, in words that have a translation.
ASKED_AGAIN = {
    Code.INVALID_INPUT: "Nothing was decided: a comment has at most 10,000 characters, and none "
    "that cannot be seen. Please decide again.",
    Code.OVERLOADED: "Too much is under way just now. If this page still asks, nothing was "
    "decided: please decide again in a moment.",
    Code.STORAGE_FAILED: "The database of this service cannot store anything just now. Tell its "
    "operator, and decide again later if this page still asks then.",
    Code.OWN_REQUEST: "Nothing was decided: others have to approve what you asked for or edited "
    "yourself.",
    Code.KEYPAIR_DISABLED: "Nothing was decided: one of its keypairs is disabled. It can be "
    "approved once that is enabled again, or the request is changed; you can reject it now.",
}
#: For every other reason for which a page that still asks did not take the decision.
OTHER_REASON = "Nothing was decided, for this reason:"
NOT_TAKEN = {
    Verdict.APPROVE: "Your approval was not taken.",
    Verdict.REJECT: "Your rejection was not taken.",
}
DECIDED_BEFORE = {
    Verdict.APPROVE: "You had approved this request before, and nobody decides twice.",
    Verdict.REJECT: "You had rejected this request before, and nobody decides twice.",
}
#: What somebody who wanted to reject can still do.
LEFT_TO_DO = {
    frozenset({Trigger.WITHDRAW}): "What you can still do is withdraw the release, over the "
    "GraphQL API: that ends it.",
    frozenset({Trigger.STOP}): "What you can still do is stop the release, over the GraphQL "
    "API: that ends it at once.",
    frozenset({Trigger.WITHDRAW, Trigger.STOP}): "What you can still do is withdraw the release "
    "or stop it, over the GraphQL API: either ends it.",
}
SENTENCES = (
    NOT_FROM_THE_PAGE,
    NO_REASON,
    *ASKED_AGAIN.values(),
    OTHER_REASON,
    *NOT_TAKEN.values(),
    *DECIDED_BEFORE.values(),
    *LEFT_TO_DO.values(),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What the page begins with; empty where it has nothing to say."""

    #: They are said one after the other, each in the reader's language.
    sentences: tuple[str, ...] = ()
    #: What was refused in the engine's own words, which are English.
    refusal: Refusal | None = None


def notice_of(refusal: Refusal, verdict: Verdict, text: str, after: LinkPage) -> Notice:
    """What to say of a refused decision.

    Args:
        refusal: Why it was refused.
        verdict: What its approver wanted.
        text: The comment or reason that came with it.
        after: The page as it is after the refusal.
    """
    if after.standing is LinkState.OPEN:
        return _asked_again(refusal, verdict, text)
    if after.own is not None and after.own["verdict"] == verdict:
        # The same button, pressed twice: what they wanted holds.
        return Notice()
    before = (DECIDED_BEFORE[after.own["verdict"]],) if after.own is not None else ()
    rejects = verdict is Verdict.REJECT and after.left_to_do
    left = (LEFT_TO_DO[after.left_to_do],) if rejects else ()
    return Notice((NOT_TAKEN[verdict], *before, *left))


def _asked_again(refusal: Refusal, verdict: Verdict, text: str) -> Notice:
    if refusal.code is Code.UNAUTHENTICATED:
        return Notice()  # The page says whom to sign in as.
    if refusal.code is Code.INVALID_INPUT and verdict is Verdict.REJECT and is_blank(text):
        return Notice((NO_REASON,))
    if refusal.code in ASKED_AGAIN:
        return Notice((ASKED_AGAIN[refusal.code],))
    return Notice((OTHER_REASON,), refusal)
