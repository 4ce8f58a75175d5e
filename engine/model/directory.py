"""People and teams as an identity provider sees them that keeps its own list of both (SCIM)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUser:
    """A person of the account, with what the provider may read."""

    id: UUID
    #: What the provider calls them.
    external_id: str | None
    email: str
    name: str
    active: bool
    time_zone: str
    locale: str
    created_at: datetime
    #: Names, sorted.
    roles: tuple[str, ...]
    #: Ids and names, sorted by id.
    teams: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryTeam:
    """A team of the account, with what the provider may read."""

    id: UUID
    external_id: str | None
    name: str
    created_at: datetime
    #: People, sorted. Service users, and people whom the provider has removed, are left out.
    member_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What a provider looks for: one thing by one of its names. What is None does not matter."""

    id: UUID | None = None
    external_id: str | None = None
    #: Of a person's address; any of them.
    email_keys: frozenset[str] | None = None
    #: Of a team's name.
    name_key: str | None = None


def version_of(entry: DirectoryUser | DirectoryTeam) -> str:
    """Return a short text that changes whenever what the provider may read changes."""
    return hashlib.sha256(repr(entry).encode("utf-8")).hexdigest()[:16]
