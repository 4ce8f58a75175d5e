"""The cursor of a subscription: a position in the account's ledger, and the hash of its entry.

The hash of the entry tells the account and the ledger's whole past: so a cursor of another account,
or of what a restored backup no longer has, is not mistaken for a place to go on from.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from engine.model.errors import Code, Refusal
from engine.queries import ledger_slices
from engine.queries.context import QueryContext

#: Bytes of the hash: enough that no other entry has them by chance.
_HASH_PREFIX_BYTES = 8


def cursor_of(position: int, hash_: bytes) -> str:
    """Return the cursor of a ledger entry, which is opaque to clients."""
    return urlsafe_b64encode(position.to_bytes(8, "big") + hash_[:_HASH_PREFIX_BYTES]).decode()


def newest_cursor(reading: QueryContext) -> str:
    """Return the cursor of the newest entry, after which nothing has happened yet."""
    head = ledger_slices.head(reading)
    return cursor_of(head.count, head.hash)


def position_of(reading: QueryContext, cursor: str) -> int:
    """Return the position of a cursor; refuses one that is not from this account's ledger."""
    try:
        decoded = urlsafe_b64decode(cursor.encode("ascii"))
    except ValueError:
        decoded = b""
    if len(decoded) != 8 + _HASH_PREFIX_BYTES:
        raise _refused("This cursor is malformed. Use one that an event gave you.")
    position = int.from_bytes(decoded[:8], "big")
    hash_at_position = ledger_slices.hash_at(reading, position)
    if hash_at_position is None or hash_at_position[:_HASH_PREFIX_BYTES] != decoded[8:]:
        raise _refused(
            "This cursor is not from the ledger of this account as it is now: it is another"
            " account's, or a backup was restored meanwhile. Follow without `after`, and read the"
            " releases anew."
        )
    return position


def _refused(message: str) -> Refusal:
    return Refusal(Code.INVALID_INPUT, message, "after")
