"""Templates and their words in the reader's language. Each folder of templates brings its own."""

from __future__ import annotations

import gettext
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from engine.model import addresses
from notifications.content import shortened_values
from notifications.content.mail_styles import style_attribute

#: The templates say it in English; the others have a catalogue, `<language>.json`.
LANGUAGES = ("en", "de")
HERE = Path(__file__).parent / "templates"


class Catalogue(gettext.NullTranslations):
    """English sentence -> sentence, or [singular, plural]; what is missing stays English."""

    def __init__(self, sentences: dict[str, Any]) -> None:
        super().__init__()
        self._sentences = sentences

    def gettext(self, message: str) -> str:
        """One sentence."""
        found = self._sentences.get(message, message)
        return found if isinstance(found, str) else str(found[0])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """A sentence that counts something."""
        found = self._sentences.get(msgid1)
        if not isinstance(found, list):
            return msgid1 if n == 1 else msgid2
        return str(found[0] if n == 1 else found[1])


def language_of(locale: str) -> str:
    """The language a user is written to in: of `de-AT` it is `de`; else English."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else LANGUAGES[0]


@cache
def catalogue(folders: Sequence[Path], language: str) -> Catalogue:
    """The words of these folders, the first folder's first."""
    sentences: dict[str, Any] = {}
    for folder in reversed(folders):
        path = folder / f"{language}.json"
        if path.exists():
            sentences |= json.loads(path.read_text("utf-8"))
    return Catalogue(sentences)


@cache
def environment(folders: Sequence[Path], language: str, kind: str) -> Environment:
    """Templates of these folders, the first that has one wins; `kind` is `html` or `text`."""
    # Text goes where nothing interprets it; in HTML every value is escaped.
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=kind == "html",  # noqa: S701
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        # Ours do not change while they are used: each mail would ask the disk about all of them.
        auto_reload=folders != (HERE,),
    )
    made.policies["ext.i18n.trimmed"] = True
    words = catalogue(folders, language)
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    # The alias it made looks the other one up, in a call of its own each time.
    made.globals["_"] = made.globals["gettext"]
    made.filters["address"] = addresses.shown
    made.filters["shortened"] = shortened_values.shortened
    made.filters["before_and_after"] = shortened_values.before_and_after
    made.globals["css"] = style_attribute
    return made
