"""The event of a command that was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.model.events.base import Event


@dataclass(frozen=True, kw_only=True)
class AttemptRefused(Event):
    """Somebody tried something that the rules do not allow, or not now."""

    tag = "attempt:refused"
    kind = "Attempt"
    command: str
    code: str
    subject_kind: str
    details_of_attempt: dict[str, Any] = field(default_factory=dict)
