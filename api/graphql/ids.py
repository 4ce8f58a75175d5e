"""Opaque ids: a type's name and a UUID, in URL-safe base64."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from uuid import UUID

from engine.model.errors import Code, Refusal, not_found

#: What people call the types that have ids.
_CALLED = {
    "Account": "an account",
    "ApiToken": "a token",
    "Delivery": "a delivery",
    "Identity": "an identity",
    "Keypair": "a keypair",
    "LedgerEntry": "a ledger entry",
    "Release": "a release",
    "Role": "a role",
    "Session": "a session",
    "Signature": "a signature",
    "Team": "a team",
    "User": "a user",
    "Webhook": "a webhook",
    "WebhookDelivery": "a webhook's delivery",
}


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
    if found is not None and found[0] == kind:
        return found[1]
    field = field or ("id",)
    # The id itself says so: whether there is such a thing is not looked up.
    if found is not None and found[0] in _CALLED:
        message = f"This is the id of {_CALLED[found[0]]}, not of {_CALLED[kind]}."
        raise Refusal(Code.NOT_FOUND, message, *field)
    raise not_found(_CALLED[kind].partition(" ")[2], *field)


def from_globals(ids: Iterable[str], kind: str, *field: str) -> frozenset[UUID]:
    """The same for several."""
    return frozenset(from_global(id_, kind, *field) for id_ in ids)
