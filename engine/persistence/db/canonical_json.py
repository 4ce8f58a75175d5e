"""Canonical JSON: one text for one value, so that it can be hashed."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

import orjson

# Instants go through _plain: their width is fixed here and not in the library.
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def canonical(value: Any, *, instant: Callable[[datetime], Any] | None = None) -> str:
    """Sorted keys, no spaces; instants in UTC with microseconds, sets as sorted lists.

    Args:
        value: What to write down.
        instant: How an instant is written, where it is not by `instant_text`.
    """
    default = _plain if instant is None else partial(_plain, write_instant=instant)
    return orjson.dumps(value, default, _OPTIONS).decode()


# A batch has few instants, and each entry of it tells one three times.
@lru_cache(256)
def instant_text(value: datetime) -> str:
    """ISO 8601 in UTC, of fixed width."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: Any, write_instant: Callable[[datetime], Any] = instant_text) -> Any:
    if isinstance(value, datetime):
        return write_instant(value)
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    raise TypeError(f"{type(value).__name__} has no canonical form")
