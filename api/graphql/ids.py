"""Opaque ids: a type's name and a UUID, in URL-safe base64."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from uuid import UUID, uuid5

from engine.model.errors import Code, Refusal, not_found

#: The namespace of what malformed ids stand for; the ids of things are no name-based UUIDs.
_NOTHING = UUID("6f2f6b0e-5b1c-4a57-9d55-0f3f7a3f4a10")
#: The names of the types that have ids, as error messages use them.
_TYPE_NAMES = {
    "Account": "an account",
    "ApiToken": "a token",
    "Certificate": "a certificate",
    "Delivery": "a delivery",
    "Identity": "an identity",
    "Keypair": "a keypair",
    "LedgerEntry": "a ledger entry",
    "PipelineRule": "a pipeline rule",
    "Release": "a release",
    "Role": "a role",
    "Session": "a session",
    "Signature": "a signature",
    "Team": "a team",
    "TrustedIssuer": "an issuer",
    "User": "a user",
    "Webhook": "a webhook",
    "WebhookDelivery": "a webhook's delivery",
}


def to_global(kind: str, id_: UUID) -> str:
    """Return the global id of an object, as clients see it."""
    return urlsafe_b64encode(f"{kind}:{id_.hex}".encode()).decode().rstrip("=")


def parse(id_: str) -> tuple[str, UUID] | None:
    """Return the type's name and the UUID of a global id, or None if it is malformed."""
    try:
        padded = id_ + "=" * (-len(id_) % 4)
        kind, _, text = urlsafe_b64decode(padded.encode("ascii")).decode("ascii").partition(":")
        return (kind, UUID(hex=text)) if len(text) == 32 else None
    except ValueError:
        return None


def from_global(id_: str, kind: str, *field: str) -> UUID:
    """Return the UUID of a global id of this type; refuses any other id as NOT_FOUND."""
    parsed = parse(id_)
    if parsed is not None and parsed[0] == kind:
        return parsed[1]
    field = field or ("id",)
    # The id itself says so: whether there is such a thing is not looked up.
    if parsed is not None and parsed[0] in _TYPE_NAMES:
        message = f"This is the id of {_TYPE_NAMES[parsed[0]]}, not of {_TYPE_NAMES[kind]}."
        raise Refusal(Code.NOT_FOUND, message, *field)
    raise not_found(_TYPE_NAMES[kind].partition(" ")[2], *field)


def from_any_global(id_: str, *field: str) -> UUID:
    """Return the UUID of the global id of anything; refuses what is no such id as NOT_FOUND."""
    parsed = parse(id_)
    if parsed is None or parsed[0] not in _TYPE_NAMES:
        raise not_found("object", *field)
    return parsed[1]


def local_id(id_: str) -> UUID:
    """Return the UUID of a global id; that of a malformed one belongs to nothing.

    Whoever looks things up by it refuses what does not exist, together with all other faults.
    """
    parsed = parse(id_)
    return parsed[1] if parsed is not None else uuid5(_NOTHING, id_)


def local_ids(ids: Iterable[str]) -> frozenset[UUID]:
    """Return the UUIDs of several global ids, as `local_id` does."""
    return frozenset(map(local_id, ids))


def from_globals(ids: Iterable[str], kind: str, *field: str) -> frozenset[UUID]:
    """Return the UUIDs of several global ids of one type; refuses any other id as NOT_FOUND."""
    return frozenset(from_global(id_, kind, *field) for id_ in ids)
