"""Composes a message of parts, of which most are the same for many readers.

What comes before and after a person's own link is rendered once for all who read the same; the part
with the link is rendered for each person. The parts are joined in order, and no rendered text is
ever searched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment

from notifications.content import texts
from notifications.content.audiences import Audiences
from notifications.content.clock_values import clock_values
from notifications.content.message import Parts, RenderedMessage
from notifications.content.plain_message import one_line
from notifications.vocabulary import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedMessage:
    """A message as all its readers in one language, time zone and capacity share it."""

    #: The message; where each reader has a link, without the part that holds it.
    message: RenderedMessage
    #: Renders the part with a reader's link, as text and as HTML.
    render_action: Callable[[str], tuple[str, str]]

    def for_link(self, link: str | None) -> RenderedMessage:
        """Return the message to the reader with this link, or to those without one."""
        if link is None:
            return self.message
        text, html = self.render_action(link)
        return replace(
            self.message,
            text_parts=self.message.text_parts._replace(own=text),
            html_parts=self.message.html_parts._replace(own=html),
        )


class Composition:
    """One message in one language and time zone, for readers in any capacity.

    A part that does not depend on the reader's audiences is rendered once for all of them.
    """

    def __init__(
        self,
        kind: MessageKind,
        values: dict[str, Any],
        language: str,
        zone_name: str,
        folders: tuple[Path, ...],
    ) -> None:
        """Prepare a message.

        Args:
            kind: What the message says.
            values: What its templates can show; `has_link` says whether each reader has a link.
            language: Of its readers.
            zone_name: The name of its readers' time zone.
            folders: Where its templates are; those of an earlier folder win.
        """
        self._template = f"kinds/{kind.lower()}.j2"
        self._values = {**values, **clock_values(folders, language, zone_name), "link": None}
        self._language = language
        self._folders = folders
        #: What is the same for readers in any capacity, by layout and title.
        self._parts: dict[tuple[str, str], str] = {}

    def share(self, audiences: str) -> SharedMessage:
        """Return the message as readers in one capacity share it.

        Args:
            audiences: In which capacities they are notified, as stored.
        """
        reader = Audiences(audiences)
        text = self._form("text", reader)
        subject = one_line(text.part("layout.subject"))
        html = self._form("html", reader, title=subject)

        def render_action(link: str) -> tuple[str, str]:
            own_text = text.render("layout_action.txt", link=link)
            return _paragraph(own_text), html.render("layout_action.html", link=link)

        own_text = own_html = ""
        if not self._values["has_link"]:
            own_text = text.part("layout_action.txt", _paragraph)
            own_html = html.part("layout_action.html")
        message = RenderedMessage(
            subject=subject,
            text_parts=Parts(
                before=text.part("layout_before.txt", _paragraph),
                own=own_text,
                after=text.part("layout_after.txt", _paragraph),
                footer=text.part("layout_footer.txt", _normalize_blank_lines),
            ),
            html_parts=Parts(
                before=html.part("layout_before.html"),
                own=own_html,
                after=html.part("layout_after.html"),
                footer=html.part("layout_footer.html"),
            ),
        )
        return SharedMessage(message=message, render_action=render_action)

    def _form(self, form: str, audiences: Audiences, title: str = "") -> _Form:
        environment = texts.environment(self._folders, self._language, form)
        own = {"audiences": audiences, "html": form == "html", "title": title}
        return _Form(environment, self._template, {**self._values, **own}, self._parts)


class _Form:
    """A composition in one form, text or HTML, for readers in one capacity."""

    def __init__(
        self,
        environment: Environment,
        template: str,
        values: dict[str, Any],
        parts: dict[tuple[str, str], str],
    ) -> None:
        self._environment = environment
        self._template = environment.get_template(template)
        self._shown = values
        self._parts = parts

    def part(self, layout: str, arrange: Callable[[str], str] = str) -> str:
        """Return a part, which is rendered unless it is known to be the same for this reader."""
        key, audiences = (layout, self._shown["title"]), self._shown["audiences"]
        part = self._parts.get(key)
        if part is None:
            audiences.was_read = False
            part = arrange(self.render(layout))
            if not audiences.was_read:
                self._parts[key] = part
        return part

    def render(self, layout: str, **own: Any) -> str:
        """Render a part anew. A part ends with a line break, which a block does not."""
        values = {**self._values, **own, "layout": layout}
        return f"{self._template.render(values).rstrip()}\n"

    @cached_property
    def _values(self) -> dict[str, Any]:
        # The phrases that kinds and layouts use, made once for all of them.
        words = self._environment.get_template("words.j2").make_module(self._shown)
        return {**self._shown, "words": words}


def _paragraph(text: str) -> str:
    """Return a part of a plain text with an empty line after it; nothing where it is empty."""
    return f"{_normalize_blank_lines(text)}\n" if text.strip() else ""


def _normalize_blank_lines(text: str) -> str:
    """Remove trailing spaces, and all but one of empty lines in a row."""
    lines = [line if line == "-- " else line.rstrip() for line in text.strip().splitlines()]
    shown = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
    return "\n".join(shown) + "\n"
