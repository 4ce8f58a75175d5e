"""Canonical JSON: one text for one value, so that it can be hashed."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID


def canonical(value: Any) -> str:
    """Sorted keys, no spaces; instants in UTC with microseconds, sets as sorted lists."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    )


def instant_text(value: datetime) -> str:
    """ISO 8601 in UTC, of fixed width."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(v) if not isinstance(v, str) else v for v in value), key=str)
    raise TypeError(f"{type(value).__name__} has no canonical form")
