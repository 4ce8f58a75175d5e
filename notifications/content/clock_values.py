"""The functions with which templates format instants, for readers in one language and time zone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from notifications.content import texts
from notifications.content.datetimes import local_text, utc_text, when_text, zone_of

#: How many instants are cached as texts for each language and time zone.
_CACHED_INSTANTS = 256
#: How many pairs of a language and a time zone are cached.
_CACHED_READERS = 64


@lru_cache(_CACHED_READERS)
def _functions(folders: Sequence[Path], language: str, zone_name: str) -> dict[str, Any]:
    translate, zone = texts.catalogue(folders, language).gettext, zone_of(zone_name)

    def cached(text_of: Callable[..., str]) -> Callable[[datetime], str]:
        # The same instants come again and again: in text and HTML, and in other messages.
        return lru_cache(_CACHED_INSTANTS)(lambda instant: text_of(instant, zone, translate))

    when = cached(when_text)
    return {
        "local": cached(local_text),
        "utc": cached(utc_text),
        "when": when,
        "moment": lambda value: when(value) if isinstance(value, datetime) else value,
        "zone": zone.key,
    }


def clock_values(folders: Sequence[Path], language: str, zone_name: str) -> dict[str, Any]:
    """Return the functions with which templates format instants.

    Tables show `local(instant)` and `utc(instant)` side by side; a sentence uses `when(instant)`.
    `moment(value)` formats an instant, and returns anything else as it is.

    Args:
        folders: Where the words are; those of an earlier folder win.
        language: The reader's.
        zone_name: The name of the reader's time zone; UTC where this machine does not know it.
    """
    return dict(_functions(tuple(folders), language, zone_name))
