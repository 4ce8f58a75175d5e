"""Where in an account's ledger somebody stands who follows it: a position and what was there.

The hash of the entry tells the account and the ledger's whole past: so a cursor of another account,
or of what a restored backup no longer has, is not mistaken for a place to go on from.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from engine.model.errors import Code, Refusal
from engine.queries import ledger_slices
from engine.queries.context import QueryContext

#: Bytes of the hash: enough that no other entry has them by chance.
_PART = 8


def cursor_of(position: int, hash_: bytes) -> str:
    """Opaque to clients."""
    return urlsafe_b64encode(position.to_bytes(8, "big") + hash_[:_PART]).decode()


def position_of(reading: QueryContext, cursor: str) -> int:
    """Where to go on; refuses a cursor that this account's ledger did not give."""
    try:
        told = urlsafe_b64decode(cursor.encode("ascii"))
    except ValueError:
        told = b""
    if len(told) != 8 + _PART:
        raise _refused("This cursor is malformed. Use one that an event gave you.")
    position = int.from_bytes(told[:8], "big")
    found = ledger_slices.hash_at(reading, position)
    if found is None or found[:_PART] != told[8:]:
        raise _refused(
            "This cursor is not from the ledger of this account as it is now: it is another"
            " account's, or a backup was restored meanwhile. Follow without `after`, and read the"
            " releases anew."
        )
    return position


def _refused(message: str) -> Refusal:
    return Refusal(Code.INVALID_INPUT, message, "after")
