"""Every sentence of the templates exists in every language, with the same places to fill in."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from api import email_actions, email_pages
from notifications import texts, times

PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")
OTHERS = [language for language in texts.LANGUAGES if language != "en"]


def sentences_in(folder: Path) -> dict[str, tuple[str, ...]]:
    """Every message id that the folder's templates use, with its plural if it has one."""
    environment = texts.environment((folder,), "en", "text")
    found: dict[str, tuple[str, ...]] = {}
    for path in folder.rglob("*"):
        if path.suffix in {".j2", ".html", ".txt", ".subject"}:
            for _, _, message in environment.extract_translations(path.read_text("utf-8")):
                forms = message if isinstance(message, tuple) else (message,)
                said = tuple(form for form in forms if isinstance(form, str))
                found[said[0]] = max(said, found.get(said[0], ()), key=len)
    return found


EXPECTED = {
    texts.HERE: sentences_in(texts.HERE) | {word: (word,) for word in times.WORDS},
    email_pages.FOLDER: sentences_in(email_pages.FOLDER)
    | {email_actions._NOT_FROM_THE_PAGE: (email_actions._NOT_FROM_THE_PAGE,)},
}


def catalogue(folder: Path, language: str) -> dict[str, Any]:
    return dict(json.loads((folder / f"{language}.json").read_text("utf-8")))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("folder", EXPECTED, ids=lambda folder: folder.parent.name)
def test_every_sentence_is_translated_and_none_is_left_over(folder: Path, language: str) -> None:
    assert set(catalogue(folder, language)) == set(EXPECTED[folder])


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("folder", EXPECTED, ids=lambda folder: folder.parent.name)
def test_translations_fill_in_the_same(folder: Path, language: str) -> None:
    for original, translated in catalogue(folder, language).items():
        forms = EXPECTED[folder][original]
        said = translated if isinstance(translated, list) else [translated]
        assert len(said) == len(forms), original
        for form, translation in zip(forms, said, strict=True):
            assert sorted(PLACES.findall(form)) == sorted(PLACES.findall(translation)), original


def test_languages_of_locales() -> None:
    spoken = {locale: texts.language_of(locale) for locale in ("de", "de-AT", "DE", "en-GB", "fr")}

    assert spoken == {"de": "de", "de-AT": "de", "DE": "de", "en-GB": "en", "fr": "en"}
