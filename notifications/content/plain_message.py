"""The message that is sent in place of one that cannot be rendered: kind, release and link.

It needs no template, and every text may be anything: it never fails.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from notifications.content.message import Parts, RenderedMessage
from notifications.vocabulary import MessageKind

#: What each kind of message is about.
TITLES: dict[MessageKind, str] = {
    MessageKind.REQUEST: "Approval requested",
    MessageKind.REMINDER: "Approval still needed",
    MessageKind.REVISED: "Release changed",
    MessageKind.UNREACHABLE: "An approver was not reached",
    MessageKind.NOT_NEEDED: "No approval needed any more",
    MessageKind.APPROVED: "Release approved",
    MessageKind.REJECTED: "Release rejected",
    MessageKind.WITHDRAWN: "Release withdrawn",
    MessageKind.EXPIRED: "Release expired",
    MessageKind.OPENED: "Release window open",
    MessageKind.CLOSING_SOON: "Release window closes soon",
    MessageKind.CLOSED: "Release window closed",
    MessageKind.STOPPED: "Release stopped",
    MessageKind.LEFT: "No part in the release any more",
    MessageKind.QUOTA: "Signatures running out",
    MessageKind.ADMINISTERED: "Account changed",
    MessageKind.SIGN_IN: "Sign in to Countersign",
    MessageKind.INVITATION: "Invitation to Countersign",
    MessageKind.ADDRESS_LINK: "Confirm your e-mail address",
    MessageKind.ADDRESS_CHANGE: "Your e-mail address changes",
}
SHORTENED = "This message could not be shown in full. Look at Countersign itself for the details."
CONTINUE = "Continue here"
#: Everything here that a catalogue translates.
WORDS = (*TITLES.values(), SHORTENED, CONTINUE)
_LONGEST = 200


def plain_message(
    kind: MessageKind,
    facts: dict[str, Any],
    words: Callable[[str], str],
    *,
    link: str | None,
    public_url: str,
    fault: str,
) -> RenderedMessage:
    """Say what kind of message it is, of which release or thing, and where to go."""
    title = words(TITLES[kind])
    name = _name(facts)
    subject = f"{title}: {name}" if name else title
    note = words(SHORTENED)
    own_text = own_html = ""
    if link is not None:
        own_text = f"{words(CONTINUE)}:\n{link}\n\n"
        own_html = Markup('<p><a href="{}">{}</a></p>\n').format(link, words(CONTINUE))
    return RenderedMessage(
        subject=subject,
        text_parts=Parts(f"{subject}\n\n", own_text, f"{note}\n{public_url}\n"),
        html_parts=Parts(
            Markup("<!doctype html>\n<title>{0}</title>\n<h1>{0}</h1>\n").format(subject),
            own_html,
            Markup('<p>{0}<br><a href="{1}">{1}</a></p>\n').format(note, public_url),
        ),
        fault=fault,
    )


def _name(facts: dict[str, Any]) -> str:
    """The release's name and version, or the name of what was administered; perhaps nothing."""
    release, subject = facts.get("release"), facts.get("subject")
    if isinstance(release, dict):
        parts = [release.get("name"), release.get("version")]
    elif isinstance(subject, dict):
        parts = [subject.get("name")]
    else:
        parts = []
    return one_line(" ".join(part for part in parts if isinstance(part, str)))[:_LONGEST]


def one_line(text: str) -> str:
    """A text as a subject can have it: of one line, without control characters."""
    shown = "".join("\ufffd" if _is_unprintable(character) else character for character in text)
    return " ".join(shown.split())


def _is_unprintable(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} and not character.isspace()
