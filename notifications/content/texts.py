"""Jinja templates and their translations. Each folder of templates has catalogues of its own."""

from __future__ import annotations

import gettext
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, Template

from engine.model import addresses
from notifications.content import shortened_values, vocabulary
from notifications.content.mail_styles import style_attribute

#: Templates are written in English; every other language has a catalogue, `<language>.json`.
LANGUAGES = ("en", "de")
HERE = Path(__file__).parent / "templates"


class Catalogue(gettext.NullTranslations):
    """Translates English sentences; one that the catalogue lacks stays English.

    An entry is a sentence, or a list of its singular and plural.
    """

    def __init__(self, sentences: dict[str, Any]) -> None:
        super().__init__()
        self._sentences = sentences

    def gettext(self, message: str) -> str:
        """Translate a sentence."""
        translation = self._sentences.get(message, message)
        return translation if isinstance(translation, str) else str(translation[0])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Translate a sentence whose form depends on a number."""
        translation = self._sentences.get(msgid1)
        if not isinstance(translation, list):
            return msgid1 if n == 1 else msgid2
        return str(translation[0] if n == 1 else translation[1])


def language_of(locale: str) -> str:
    """Return the language that a locale is written to in: `de` for `de-AT`, otherwise English."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else LANGUAGES[0]


@cache
def catalogue(folders: Sequence[Path], language: str) -> Catalogue:
    """Return the translations of these folders; those of an earlier folder win."""
    sentences: dict[str, Any] = {}
    for folder in reversed(folders):
        path = folder / f"{language}.json"
        if path.exists():
            sentences |= json.loads(path.read_text("utf-8"))
    return Catalogue(sentences)


class _FixedEnvironment(Environment):
    """Templates that never change: each is looked up once, and not ten times for every mail."""

    @cache  # noqa: B019 - the environments themselves are cached for good
    def get_template(self, *args: Any, **options: Any) -> Template:
        """Return a template."""
        return super().get_template(*args, **options)


def vocabulary_in(language: str) -> dict[str, dict[str, str]]:
    """Return the words of `vocabulary.WORDS` in a language."""
    return words_of(catalogue((HERE,), language))


def words_of(translations: Catalogue) -> dict[str, dict[str, str]]:
    """Return the words of `vocabulary.WORDS` as a catalogue has them."""
    return {
        name: {value: translations.gettext(word) for value, word in words.items()}
        for name, words in vocabulary.WORDS.items()
    }


@cache
def environment(folders: Sequence[Path], language: str, kind: str) -> Environment:
    """Return the templates of these folders; those of an earlier folder win.

    Args:
        folders: Where templates and catalogues are.
        language: Of the reader.
        kind: `html` or `text`.
    """
    # Built-in templates never change; looking for changes would read the disk for every mail.
    is_fixed = folders == (HERE,)
    # Nothing interprets plain text; in HTML every value is escaped.
    templates = (_FixedEnvironment if is_fixed else Environment)(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=kind == "html",
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=not is_fixed,
    )
    templates.policies["ext.i18n.trimmed"] = True
    translations = catalogue(folders, language)
    templates.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    # The alias that Jinja installs looks `gettext` up anew at each call.
    templates.globals["_"] = templates.globals["gettext"]
    templates.globals["vocabulary"] = words_of(translations)
    templates.filters["address"] = addresses.shown
    templates.filters["shortened"] = shortened_values.shortened
    templates.filters["before_and_after"] = shortened_values.before_and_after
    # With constant selectors it is applied when a template is compiled.
    templates.filters["css"] = style_attribute
    return templates
