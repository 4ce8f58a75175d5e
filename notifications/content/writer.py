"""Renders messages: kind, facts and reader in; subject, text and HTML out.

A message that cannot be rendered with the operator's own templates is rendered with the built-in
ones; if those fail too, it is sent in a plain form.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from uuid import UUID

import structlog
from jinja2 import TemplateError

from notifications.content import texts
from notifications.content.composition import Composition, SharedMessage
from notifications.content.message import RenderedMessage
from notifications.content.plain_message import plain_message
from notifications.content.stored_facts import load_facts
from notifications.vocabulary import MessageKind

#: The folder of the built-in templates.
OURS = (texts.HERE,)
#: A fault of one kind of message in one account is logged once within this time.
FAULT_LOG_INTERVAL_SECONDS = 3600.0
#: How many messages, and how many of them as readers in one capacity share them, are cached.
_CACHED_MESSAGES = 256
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
        self._compositions = lru_cache(_CACHED_MESSAGES)(self._composition)
        self._shared = lru_cache(_CACHED_MESSAGES)(self._share)
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
                # The library for it is large, and not every process sends mails.
                from notifications.content.icalendar import calendar_file

                message = replace(message, calendar=calendar_file(calendar, self._mail_from))
        except Exception as error:  # noqa: BLE001 - whatever it is, the message must arrive
            message = self._plain(kind, facts, reader, link, error)
        return message

    def _rendered(
        self, kind: MessageKind, facts: str, reader: Reader, link: str | None
    ) -> RenderedMessage:
        return self._shared(kind, facts, reader, has_link=link is not None).for_link(link)

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

    def _share(
        self, kind: MessageKind, facts: str, reader: Reader, *, has_link: bool
    ) -> SharedMessage:
        """Render with the operator's templates, or the built-in ones where those are broken."""
        folders = self._folders(reader)
        anybody = replace(reader, audiences="")
        compose = partial(self._compositions, kind, facts, anybody, has_link=has_link)
        try:
            own = compose(folders).share(reader.audiences)
            if has_link and folders != OURS:
                own.render_action("https://example.com/")
        except Exception as error:
            if folders == OURS:
                raise
            self._log_fault("own_template_broken", kind, reader, error)
            return compose(OURS).share(reader.audiences)
        return own

    def _composition(
        self,
        kind: MessageKind,
        facts: str,
        reader: Reader,
        folders: tuple[Path, ...],
        *,
        has_link: bool,
    ) -> Composition:
        values = {
            "release": None,
            "approval": None,
            "subject": None,
            **load_facts(facts),
            "tone": TONES.get(kind, "plain"),
            "language": reader.language,
            "has_link": has_link,
            "public_url": self._public_url,
        }
        return Composition(kind, values, reader.language, reader.zone, folders)

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


def _describe(error: Exception) -> str:
    """Return the error's class; its text only where it names parts of a template and no values."""
    name = type(error).__name__
    return f"{name}: {error}"[:500] if isinstance(error, TemplateError) else name


def _former_layouts(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        for name in FORMER_LAYOUTS:
            yield from sorted(folder.rglob(name))
