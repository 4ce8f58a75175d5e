"""A rendered message, whose part for one person stays apart from what many readers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Parts(NamedTuple):
    """One form of a message, text or HTML, in the order in which it is read."""

    before: str
    #: The part for one person alone, which holds their own link.
    own: str = ""
    after: str = ""
    #: Why this reader gets the message.
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMessage:
    """A message to one person, or the body of a webhook call.

    Nothing is ever looked up in its text: what belongs to one person is a part of its own.
    """

    subject: str
    text_parts: Parts
    html_parts: Parts
    #: An iCalendar file with the release's window.
    calendar: str | None = None
    #: The error because of which the plain form is sent; None where the whole message was rendered.
    fault: str | None = None

    @property
    def text(self) -> str:
        """The whole plain text."""
        return "".join(self.text_parts)

    @property
    def html(self) -> str:
        """The whole HTML document; empty where there is none."""
        return "".join(self.html_parts)
