"""Whether the release that is there has the terms that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from countersign.times import shown_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a request asks for; None is what it does not say, or says relative to the present."""

    keypairs: Iterable[str]
    max_signatures: int
    team: str | None = None
    version: str | None = None
    note: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    length: timedelta | None = None

    def differences(self, release: Mapping[str, Any]) -> list[str]:
        """Return a text for each term that a release has otherwise."""
        starts_at, ends_at = release["startsAt"], release["endsAt"]
        length = datetime.fromisoformat(ends_at) - datetime.fromisoformat(starts_at)
        aliases = (keypair["alias"] for keypair in release["keypairs"])
        terms = (
            ("keypairs", _listed(self.keypairs), _listed(aliases)),
            ("signatures", self.max_signatures, release["maxSignatures"]),
            ("team", self.team, (release["team"] or {}).get("name")),
            ("version", self.version, release["version"]),
            ("note", self.note, release["note"]),
            ("start", _shown(self.starts_at), shown_instant(starts_at)),
            ("end", _shown(self.ends_at), shown_instant(ends_at)),
            ("length", self.length, length),
        )
        return [
            f"{name} (asked: {requested}; has: {'none' if present is None else present})"
            for name, requested, present in terms
            if requested is not None and requested != present
        ]


def _listed(aliases: Iterable[str]) -> str:
    return ", ".join(sorted(aliases))


def _shown(instant: datetime | None) -> str | None:
    return shown_instant(instant.isoformat()) if instant is not None else None
