"""What a channel conveys: a message whose parts for one person stay apart from what all share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Parts(NamedTuple):
    """One form of a message, text or HTML, in the order in which it is read."""

    before: str
    #: For one person alone: it holds their own link.
    own: str = ""
    after: str = ""


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
    #: Why it says less than it should: the error of rendering it; None where it says everything.
    fault: str | None = None

    @property
    def text(self) -> str:
        """The whole plain text."""
        return "".join(self.text_parts)

    @property
    def html(self) -> str:
        """The whole HTML document; empty where there is none."""
        return "".join(self.html_parts)
