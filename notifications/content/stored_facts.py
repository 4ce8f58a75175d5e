"""The facts of a message as the outbox stores them: JSON that says of each instant that it is one.

A person can write texts into facts, never objects, so nothing a person writes becomes an instant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.persistence.db.canonical_json import canonical, instant_text

#: The one key of an object that stands for an instant.
INSTANT = "$instant"
#: Facts that carry this number have tagged instants.
FORMAT = 2

# Rows that the version before this one queued have instants as plain text, under these names.
_UNTAGGED_NAMES = frozenset({"at", "starts_at", "ends_at", "before", "after"})
_UNTAGGED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def store_facts(facts: Mapping[str, Any]) -> str:
    """Serialize facts to canonical JSON in which every instant is tagged."""
    return canonical({"format": FORMAT, **facts}, instant=_tagged)


def load_facts(stored: str) -> dict[str, Any]:
    """Read stored facts, with their instants as `datetime` again."""
    facts: dict[str, Any] = json.loads(stored, object_hook=_with_instants)
    if facts.pop("format", None) != FORMAT:
        facts = json.loads(stored, object_hook=_with_untagged_instants)
    return facts


def _tagged(instant: datetime) -> dict[str, str]:
    return {INSTANT: instant_text(instant)}


def _with_instants(values: dict[str, Any]) -> Any:
    if values.keys() == {INSTANT}:
        return datetime.fromisoformat(values[INSTANT])
    return values


def _with_untagged_instants(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _instant_or_text(value)
        if name in _UNTAGGED_NAMES and isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _instant_or_text(text: str) -> datetime | str:
    if _UNTAGGED.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    return text
