"""The message that is sent in place of one that cannot be rendered: kind, release and link.

It uses no template and accepts any text, so it cannot fail itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from notifications.content.message import Parts, RenderedMessage
from notifications.content.vocabulary import MESSAGE_KINDS
from notifications.vocabulary import MessageKind

SHORTENED = "This message could not be shown in full. Look at Countersign itself for the details."
CONTINUE = "Continue here"
#: Everything here that a catalogue translates.
WORDS = (SHORTENED, CONTINUE)
_MAX_NAME_CHARACTERS = 200


def plain_message(
    kind: MessageKind,
    facts: dict[str, Any],
    translate: Callable[[str], str],
    *,
    link: str | None,
    public_url: str,
    fault: str,
) -> RenderedMessage:
    """Return a message that names its kind, its release or subject, and where to go.

    Args:
        kind: What the message says.
        facts: What it is about; anything may be missing.
        translate: Translates the sentences of `WORDS` and `MESSAGE_KINDS` for the reader.
        link: The reader's own link.
        public_url: Where Countersign is.
        fault: Why the message could not be rendered.
    """
    title = translate(MESSAGE_KINDS[kind])
    name = _name(facts)
    subject = f"{title}: {name}" if name else title
    note = translate(SHORTENED)
    own_text = own_html = ""
    if link is not None:
        own_text = f"{translate(CONTINUE)}:\n{link}\n\n"
        own_html = Markup('<p><a href="{}">{}</a></p>\n').format(link, translate(CONTINUE))
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
    """Return the release's name and version, or the subject's name; empty if there is neither."""
    release, subject = facts.get("release"), facts.get("subject")
    if isinstance(release, dict):
        parts = [release.get("name"), release.get("version")]
    elif isinstance(subject, dict):
        parts = [subject.get("name")]
    else:
        parts = []
    return one_line(" ".join(part for part in parts if isinstance(part, str)))[
        :_MAX_NAME_CHARACTERS
    ]


def one_line(text: str) -> str:
    """Return a text as a subject may have it: on one line, without control characters."""
    shown = "".join("\ufffd" if _is_unprintable(character) else character for character in text)
    return " ".join(shown.split())


def _is_unprintable(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} and not character.isspace()
