"""What a message says: kind, facts and reader in; subject, text and HTML out. Pure.

Everything is rendered once for all who read the same words in the same zone; only the link
differs, and it is put into what was rendered.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import css_inline
import structlog

from notifications import texts
from notifications.calendar_file import calendar_file
from notifications.times import local_text, utc_text, when_text, zone_of
from notifications.vocabulary import Kind

#: The folder of our own templates.
OURS = (texts.HERE,)
#: For so many seconds it is not said again that a template of the operator's is broken.
_QUIET = 3600.0
log = structlog.get_logger(__name__)
#: Stands in the rendered text where a person's own link goes.
LINK = "https://link.invalid/of-one-person-alone"
#: The colour a kind is shown in: good news, bad news, a question, or neither.
TONES = {
    Kind.REQUEST: "ask",
    Kind.REMINDER: "ask",
    Kind.APPROVED: "good",
    Kind.OPENED: "good",
    Kind.REJECTED: "bad",
    Kind.EXPIRED: "bad",
    Kind.STOPPED: "bad",
}
#: How instants were stored.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
#: Facts that are instants, wherever they are; `before` and `after` may be.
_INSTANTS = frozenset({"at", "starts_at", "ends_at", "before", "after"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads it: only what changes the words."""

    language: str = "en"
    zone: str = "UTC"
    #: Why they are told, as stored: space-separated audiences.
    audiences: str = ""
    has_link: bool = False
    #: Whose own templates are looked for.
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel conveys."""

    subject: str
    text: str
    html: str
    #: An iCalendar file with the release's window.
    calendar: str | None = None

    def with_link(self, url: str) -> Message:
        """The same for one person: theirs alone is the link."""
        return replace(self, text=self.text.replace(LINK, url), html=self.html.replace(LINK, url))


class Writer:
    """Writes messages, with an account's own templates where there are any.

    `own_templates/<account id>/kinds/approved.j2` replaces our file of that name for that account;
    `own_templates/kinds/approved.j2` does for all of them.
    """

    def __init__(
        self,
        public_url: str,
        own_templates: Path | None = None,
        *,
        mail_from: str = "countersign@localhost",
    ) -> None:
        self._public_url = public_url.rstrip("/")
        self._own_templates = own_templates
        #: Who organises the windows in people's calendars.
        self._mail_from = mail_from
        self._inliner = css_inline.CSSInliner(
            keep_at_rules=True, keep_style_tags=False, load_remote_stylesheets=False
        )
        self._complained_at: dict[tuple[Kind, UUID | None], float] = {}
        self._written = lru_cache(maxsize=256)(self._write)

    def write(self, kind: Kind, facts: str, reader: Reader, calendar: str | None = None) -> Message:
        """The message for everybody who reads as this reader does; `calendar`: as it is stored."""
        message = self._written(kind, facts, reader)
        if calendar is None:
            return message
        return replace(message, calendar=calendar_file(calendar, self._mail_from))

    def _write(self, kind: Kind, facts: str, reader: Reader) -> Message:
        """By the operator's own templates; by ours where those are broken, for it must arrive."""
        folders = self._folders(reader)
        try:
            return self._composed(kind, facts, reader, folders)
        except Exception as error:
            if folders == OURS:
                raise
            message = self._composed(kind, facts, reader, OURS)
            self._complain(kind, reader, error)
            return message

    def _complain(self, kind: Kind, reader: Reader, error: Exception) -> None:
        about, now = (kind, reader.account_id), time.monotonic()
        if now - self._complained_at.get(about, -_QUIET) >= _QUIET:
            self._complained_at[about] = now
            log.error(
                "own_template_broken",
                kind=kind,
                account=str(reader.account_id),
                error=f"{type(error).__name__}: {error}"[:500],
            )

    def _composed(
        self, kind: Kind, facts: str, reader: Reader, folders: tuple[Path, ...]
    ) -> Message:
        values = self._values(kind, read_facts(facts), reader, folders)
        render = partial(_render, kind, reader.language, folders)
        subject = " ".join(render("text", "layout.subject", values).split())
        text = _tidy(render("text", "layout.txt", values))
        values |= {"title": subject, "html": True}
        return Message(
            subject=subject,
            text=text,
            html=self._inliner.inline(render("html", "layout.html", values)),
        )

    def _folders(self, reader: Reader) -> tuple[Path, ...]:
        if self._own_templates is None:
            return OURS
        account = self._own_templates / str(reader.account_id)
        own = (account, self._own_templates) if account.is_dir() else (self._own_templates,)
        return (*own, *OURS)

    def _values(
        self, kind: Kind, facts: dict[str, Any], reader: Reader, folders: tuple[Path, ...]
    ) -> dict[str, Any]:
        clock = clock_values(folders, reader.language, reader.zone)
        return {
            "release": None,
            "approval": None,
            "subject": None,
            **facts,
            **clock,
            "html": False,
            "tone": TONES.get(kind, "plain"),
            "language": reader.language,
            "audiences": reader.audiences.split(),
            "link": LINK if reader.has_link else None,
            "public_url": self._public_url,
        }


def _render(
    kind: Kind,
    language: str,
    folders: tuple[Path, ...],
    form: str,
    layout: str,
    values: dict[str, Any],
) -> str:
    templates = texts.environment(folders, language, form)
    return templates.get_template(f"kinds/{kind.lower()}.j2").render(layout=layout, **values)


def clock_values(folders: Sequence[Path], language: str, zone_name: str) -> dict[str, Any]:
    """What templates tell the time with: `local(instant)`, `utc(instant)`, and `when(instant)`.

    The first two are for tables that show both; a sentence tells `when`.
    """
    words, zone = texts.catalogue(folders, language).gettext, zone_of(zone_name)
    return {
        "local": lambda instant: local_text(instant, zone, words),
        "utc": lambda instant: utc_text(instant, zone, words),
        "when": lambda instant: when_text(instant, zone, words),
        "moment": lambda it: when_text(it, zone, words) if isinstance(it, datetime) else it,
        "zone": zone.key,
    }


def read_facts(text: str) -> dict[str, Any]:
    """Facts as they were stored, their instants instants again."""
    facts: dict[str, Any] = json.loads(text, object_hook=_with_instants)
    return facts


def _with_instants(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value)
        if name in _INSTANTS and isinstance(value, str) and _INSTANT.fullmatch(value)
        else value
        for name, value in found.items()
    }


def _tidy(text: str) -> str:
    """No trailing spaces, never two empty lines in a row."""
    lines = [line if line == "-- " else line.rstrip() for line in text.strip().splitlines()]
    kept = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
    return "\n".join(kept) + "\n"
