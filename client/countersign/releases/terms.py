"""Whether the release that is there has the terms that were asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from countersign.times import shown_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a request asks for; None is what it does not say, or says relative to the present."""

    keypairs: Collection[str]
    max_signatures: int
    team: str | None = None
    version: str | None = None
    note: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    length: timedelta | None = None
    #: Addresses as the server has them.
    participants: Collection[str] | None = None

    def has_keypairs(self, release: Mapping[str, Any]) -> bool:
        """Tell whether a release has exactly the keypairs that were asked for."""
        return _listed(self.keypairs) == _aliases(release)

    def differences(self, release: Mapping[str, Any]) -> list[str]:
        """Return a text for each term that a release has otherwise.

        Args:
            release: The release; with its participants if some were asked for.
        """
        starts_at, ends_at = release["startsAt"], release["endsAt"]
        length = datetime.fromisoformat(ends_at) - datetime.fromisoformat(starts_at)
        participants = [user["email"] for user in release.get("participants", ())]
        terms = (
            ("keypairs", _listed(self.keypairs), _aliases(release)),
            ("signatures", self.max_signatures, release["maxSignatures"]),
            ("team", self.team, (release["team"] or {}).get("name")),
            ("version", self.version, release["version"]),
            ("note", self.note, release["note"]),
            ("start", _shown(self.starts_at), shown_instant(starts_at)),
            ("end", _shown(self.ends_at), shown_instant(ends_at)),
            ("length", self.length, length),
            ("participants", _listed(self.participants), _listed(participants)),
        )
        return [
            f"{name} (requested: {requested}; has: {'none' if present is None else present})"
            for name, requested, present in terms
            if requested is not None and requested != present
        ]


def _aliases(release: Mapping[str, Any]) -> str | None:
    return _listed(keypair["alias"] for keypair in release["keypairs"])


def _listed(names: Iterable[str] | None) -> str | None:
    """Return names in an order of their own; None for none."""
    return ", ".join(sorted(set(names or ()))) or None


def _shown(instant: datetime | None) -> str | None:
    return shown_instant(instant.isoformat()) if instant is not None else None
