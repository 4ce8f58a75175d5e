"""The message that is sent in place of one that cannot be rendered: kind, release and link.

It needs no template, and every text may be anything: it never fails.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from notifications.content.message import Message, Parts
from notifications.vocabulary import Kind

#: What each kind of message is about.
TITLES: dict[Kind, str] = {
    Kind.REQUEST: "Approval requested",
    Kind.REMINDER: "Approval still needed",
    Kind.REVISED: "Release changed",
    Kind.UNREACHABLE: "An approver was not reached",
    Kind.NOT_NEEDED: "No approval needed any more",
    Kind.APPROVED: "Release approved",
    Kind.REJECTED: "Release rejected",
    Kind.WITHDRAWN: "Release withdrawn",
    Kind.EXPIRED: "Release expired",
    Kind.OPENED: "Release window open",
    Kind.CLOSING_SOON: "Release window closes soon",
    Kind.CLOSED: "Release window closed",
    Kind.STOPPED: "Release stopped",
    Kind.LEFT: "No part in the release any more",
    Kind.QUOTA: "Signatures running out",
    Kind.ADMINISTERED: "Account changed",
    Kind.SIGN_IN: "Sign in to Countersign",
    Kind.INVITATION: "Invitation to Countersign",
    Kind.ADDRESS_LINK: "Confirm your e-mail address",
    Kind.ADDRESS_CHANGE: "Your e-mail address changes",
}
SHORTENED = "This message could not be shown in full. Look at Countersign itself for the details."
CONTINUE = "Continue here"
#: Everything here that a catalogue translates.
WORDS = (*TITLES.values(), SHORTENED, CONTINUE)
_LONGEST = 200


def plain_message(
    kind: Kind,
    facts: dict[str, Any],
    words: Callable[[str], str],
    *,
    link: str | None,
    public_url: str,
    fault: str,
) -> Message:
    """Say what kind of message it is, of which release or thing, and where to go."""
    title = words(TITLES[kind])
    name = _name(facts)
    subject = f"{title}: {name}" if name else title
    note = words(SHORTENED)
    own_text = own_html = ""
    if link is not None:
        own_text = f"{words(CONTINUE)}:\n{link}\n\n"
        own_html = Markup('<p><a href="{}">{}</a></p>\n').format(link, words(CONTINUE))
    return Message(
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
