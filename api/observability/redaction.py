"""Removes whatever looks like a secret from a log line before it is written.

Nobody should hand a secret to the log in the first place; this is for the day somebody does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

HIDDEN = "[hidden]"
#: Keys whose values are never written, whatever they look like.
_NAMES = re.compile(
    r"authorization|cookie|passw|(secret|token)(?!_id)|csrf|(api|master)_?key|nonce|(^|_)pin$",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"""
    csn_[\w-]*                                  # API tokens
  | \b[0-9a-f]{32}\.[\w-]{20,}                  # the last part of a link in a mail
  | \beyJ[\w-]+\.[\w-]+(\.[\w-]*)?              # JSON web tokens
  | (?<=://)[^/\s@]+@                           # user and password in a URL
  | (?i:(?<=bearer\s)|(?<=basic\s))[\w.~+/=-]+  # credentials of a header
  | -----BEGIN[^-]*PRIVATE[^-]*-----.*?(-----END[^-]*-----|\Z)
  | \[parameters:.*?\](?=\s|\\n|["']|\Z)        # the values of an SQL statement
  | (?<![\w-])(?=[\w-]*[\dA-Z])[\w-]{40,}={0,2}  # random bytes, as they are spelt in URLs
  | [A-Za-z0-9+/]{40,}={1,2}                    # the same in plain base64, and without padding:
  | (?<![\w+/])(?=[a-zA-Z+/]*\d)(?=[a-z\d+/]*[A-Z])[A-Za-z0-9+/]{40,}
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = (bool, int, float, type(None))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Remove secrets from an event: a structlog processor to place just before the renderer."""
    return {name: _clean(name, value) for name, value in event.items()}


def without_secrets(text: str) -> str:
    """Return the text without what looks like a secret."""
    return _SHAPES.sub(HIDDEN, text)


def _clean(name: str, value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if _NAMES.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean("", inner) for inner in value]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return without_secrets(text)
