"""Renders messages: kind, facts and reader in; subject, text and HTML out.

A message has three parts. What comes before and after a person's own link is rendered once for all
who read it in the same language and time zone; the part with the link is rendered for each person,
and the three are joined in order. No rendered text is ever searched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from jinja2 import TemplateError

from notifications.content import texts
from notifications.content.datetimes import local_text, utc_text, when_text, zone_of
from notifications.content.icalendar import calendar_file
from notifications.content.message import Parts, RenderedMessage
from notifications.content.plain_message import one_line, plain_message
from notifications.content.stored_facts import load_facts
from notifications.vocabulary import MessageKind

#: The folder of the built-in templates.
OURS = (texts.HERE,)
#: A fault of one kind of message in one account is logged once within this time.
FAULT_LOG_INTERVAL_SECONDS = 3600.0
#: Layouts of an earlier version, when a message had one part; operators may still have them.
FORMER_LAYOUTS = ("layout.html", "layout.txt")
log = structlog.get_logger(__name__)
#: The colour a kind is shown in: good news, bad news, a question, or neither.
TONES = {
    MessageKind.REQUEST: "ask",
    MessageKind.REMINDER: "ask",
    MessageKind.APPROVED: "good",
    MessageKind.OPENED: "good",
    MessageKind.REJECTED: "bad",
    MessageKind.EXPIRED: "bad",
    MessageKind.STOPPED: "bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What changes the words of a message from one reader to the next."""

    language: str = "en"
    zone: str = "UTC"
    #: In which capacities they are notified, as stored: space-separated audiences.
    audiences: str = ""
    #: Whose own templates are looked for.
    account_id: UUID | None = None


#: Renders the part with a person's link, None for a message without one, as text and as HTML.
RenderAction = Callable[[str | None], tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What all readers with the same language and time zone share, around their own part."""

    subject: str
    text_before: str
    text_after: str
    html_before: str
    html_after: str
    render_action: RenderAction

    def with_action(self, text: str, html: str) -> RenderedMessage:
        own_text = f"{_normalize_blank_lines(text)}\n" if text.strip() else ""
        return RenderedMessage(
            subject=self.subject,
            text_parts=Parts(self.text_before, own_text, self.text_after),
            html_parts=Parts(self.html_before, html, self.html_after),
        )


class MessageRenderer:
    """Renders messages, with the operator's own templates where there are any.

    `own_templates/<account id>/kinds/approved.j2` replaces the built-in file of that name for one
    account, and `own_templates/kinds/approved.j2` for all of them.
    """

    def __init__(
        self,
        public_url: str,
        own_templates: Path | None = None,
        *,
        mail_from: str = "countersign@localhost",
        on_fault: Callable[[MessageKind], None] = lambda _: None,
    ) -> None:
        self._public_url = public_url.rstrip("/")
        self._own_templates = own_templates
        #: The organizer of the release windows in calendars.
        self._mail_from = mail_from
        #: Called for each message that is sent in its plain form because rendering it failed.
        self._on_fault = on_fault
        self._logged_at: dict[tuple[str, MessageKind, UUID | None], float] = {}
        self._shared = lru_cache(maxsize=256)(self._render_shared)
        for path in _former_layouts(own_templates):
            log.warning("own_template_without_use", path=str(path))

    def render(
        self,
        kind: MessageKind,
        facts: str,
        reader: Reader,
        *,
        link: str | None = None,
        calendar: str | None = None,
    ) -> RenderedMessage:
        """Write a message to one person; where it cannot be rendered, in its plain form.

        Args:
            kind: What it says.
            facts: What it is about, as stored.
            reader: Whose language, zone and role it is written for.
            link: The person's own link.
            calendar: What the calendar file shows, as stored.
        """
        try:
            message = self._rendered(kind, facts, reader, link)
            if calendar is not None:
                message = replace(message, calendar=calendar_file(calendar, self._mail_from))
        except Exception as error:  # noqa: BLE001 - whatever it is, the message must arrive
            message = self._plain(kind, facts, reader, link, error)
        return message

    def _rendered(
        self, kind: MessageKind, facts: str, reader: Reader, link: str | None
    ) -> RenderedMessage:
        shared = self._shared(kind, facts, reader, has_link=link is not None)
        return shared.with_action(*shared.render_action(link))

    def _plain(
        self, kind: MessageKind, facts: str, reader: Reader, link: str | None, error: Exception
    ) -> RenderedMessage:
        self._log_fault("message_not_rendered", kind, reader, error)
        self._on_fault(kind)
        try:
            values = load_facts(facts)
        except Exception:  # noqa: BLE001 - the plain form needs no facts
            values = {}
        return plain_message(
            kind,
            values,
            texts.catalogue(OURS, reader.language).gettext,
            link=link,
            public_url=self._public_url,
            fault=f"It was sent in its plain form: {type(error).__name__} while rendering it.",
        )

    def _render_shared(
        self, kind: MessageKind, facts: str, reader: Reader, *, has_link: bool
    ) -> _Shared:
        """Render with the operator's templates, or the built-in ones where those are broken."""
        values = self._values(kind, load_facts(facts), reader, has_link=has_link)
        folders = self._folders(reader)
        if folders == OURS:
            return _compose(kind, values, reader, OURS)
        own: _Shared | None = None
        try:
            own = _compose(kind, values, reader, folders)
            own.render_action("https://example.com/" if has_link else None)
        except Exception as error:  # noqa: BLE001 - a template is code, it can raise anything
            self._log_fault("own_template_broken", kind, reader, error)
            return _compose(kind, values, reader, OURS)
        return own

    def _log_fault(self, event: str, kind: MessageKind, reader: Reader, error: Exception) -> None:
        subject, now = (event, kind, reader.account_id), time.monotonic()
        if now - self._logged_at.get(subject, -FAULT_LOG_INTERVAL_SECONDS) >= (
            FAULT_LOG_INTERVAL_SECONDS
        ):
            self._logged_at[subject] = now
            log.error(
                event,
                kind=kind,
                account=str(reader.account_id),
                error=_describe(error),
            )

    def _folders(self, reader: Reader) -> tuple[Path, ...]:
        if self._own_templates is None:
            return OURS
        account = self._own_templates / str(reader.account_id)
        own = (account, self._own_templates) if account.is_dir() else (self._own_templates,)
        return (*own, *OURS)

    def _values(
        self, kind: MessageKind, facts: dict[str, Any], reader: Reader, *, has_link: bool
    ) -> dict[str, Any]:
        return {
            "release": None,
            "approval": None,
            "subject": None,
            **facts,
            "tone": TONES.get(kind, "plain"),
            "language": reader.language,
            "audiences": reader.audiences.split(),
            "has_link": has_link,
            "public_url": self._public_url,
        }


def _describe(error: Exception) -> str:
    """Return the error's class; its text only where it names parts of a template and no values."""
    name = type(error).__name__
    return f"{name}: {error}"[:500] if isinstance(error, TemplateError) else name


def _former_layouts(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        for name in FORMER_LAYOUTS:
            yield from sorted(folder.rglob(name))


def _compose(
    kind: MessageKind, values: dict[str, Any], reader: Reader, folders: tuple[Path, ...]
) -> _Shared:
    clock = clock_values(folders, reader.language, reader.zone)
    in_text = {**values, **clock, "html": False}
    text = partial(_render, kind, reader.language, folders, "text", values=in_text)
    subject = one_line(text("layout.subject"))
    in_html = {**in_text, "html": True, "title": subject}
    html = partial(_render, kind, reader.language, folders, "html", values=in_html)

    def render_action(link: str | None) -> tuple[str, str]:
        return text("layout_action.txt", link=link), html("layout_action.html", link=link)

    return _Shared(
        subject=subject,
        text_before=f"{_normalize_blank_lines(text('layout_before.txt'))}\n",
        text_after=_normalize_blank_lines(text("layout_after.txt")),
        html_before=html("layout_before.html"),
        html_after=html("layout_after.html"),
        render_action=render_action,
    )


def _render(
    kind: MessageKind,
    language: str,
    folders: tuple[Path, ...],
    form: str,
    layout: str,
    *,
    values: dict[str, Any],
    **own: Any,
) -> str:
    template = texts.environment(folders, language, form).get_template(f"kinds/{kind.lower()}.j2")
    # A block ends without a line break: the parts are joined line by line.
    return f"{template.render(layout=layout, **values, **own).rstrip()}\n"


def clock_values(folders: Sequence[Path], language: str, zone_name: str) -> dict[str, Any]:
    """Return the functions with which templates format instants.

    Tables show `local(instant)` and `utc(instant)` side by side; a sentence uses `when(instant)`.
    `moment(value)` formats an instant, and returns anything else as it is.
    """
    translate, zone = texts.catalogue(folders, language).gettext, zone_of(zone_name)
    return {
        "local": lambda instant: local_text(instant, zone, translate),
        "utc": lambda instant: utc_text(instant, zone, translate),
        "when": lambda instant: when_text(instant, zone, translate),
        "moment": lambda value: (
            when_text(value, zone, translate) if isinstance(value, datetime) else value
        ),
        "zone": zone.key,
    }


def _normalize_blank_lines(text: str) -> str:
    """Remove trailing spaces, and all but one of empty lines in a row."""
    lines = [line if line == "-- " else line.rstrip() for line in text.strip().splitlines()]
    shown = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
    return "\n".join(shown) + "\n"
