"""Opaque ids: a type's name and a UUID, in URL-safe base64."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from uuid import UUID

from engine.errors import not_found


def to_global(kind: str, id_: UUID) -> str:
    """The id as clients see it."""
    return urlsafe_b64encode(f"{kind}:{id_.hex}".encode()).decode().rstrip("=")


def parse(id_: str) -> tuple[str, UUID] | None:
    """The type's name and the UUID, or None where it is no id of ours."""
    try:
        padded = id_ + "=" * (-len(id_) % 4)
        kind, _, text = urlsafe_b64decode(padded.encode("ascii")).decode("ascii").partition(":")
        return (kind, UUID(hex=text)) if len(text) == 32 else None
    except ValueError:
        return None


def from_global(id_: str, kind: str, *field: str) -> UUID:
    """The UUID of an id of this type; what is none refuses NOT_FOUND, as if it did not exist."""
    found = parse(id_)
    if found is None or found[0] != kind:
        raise not_found(kind.lower(), *(field or ("id",)))
    return found[1]


def from_globals(ids: Iterable[str], kind: str, *field: str) -> frozenset[UUID]:
    """The same for several."""
    return frozenset(from_global(id_, kind, *field) for id_ in ids)
