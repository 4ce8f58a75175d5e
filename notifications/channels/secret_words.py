"""Keeps a person's own link out of what a mail server said about their message.

Filters of spam name the address that they dislike. What a server says is shown to whoever may look
at the delivery, written to the log and told to the requester; the link is its reader's alone.
"""

from __future__ import annotations

import re

from notifications.channels.base import Undelivered

#: So many characters in a row of the secret are no coincidence, and the rest cannot be guessed.
_PIECE = 8
#: A server may break the line, in plain text or in quoted-printable, and change letter case.
_BREAK = re.compile(r"=?[\r\n]+|\s+")
_CODE = re.compile(r"[0-9]{3}(?= )")
WITHHELD = "what the other side said is not kept, for it holds the personal link"


def without_link(error: Undelivered, link: str | None) -> Undelivered:
    """The error; of words with a piece of the link's secret nothing but the number before them."""
    if link is None or not _holds_piece(str(error), link.rpartition(".")[2]):
        return error
    code = _CODE.match(str(error))
    return type(error)(f"{code[0]} {WITHHELD}" if code else WITHHELD, after=error.after)


def _holds_piece(words: str, secret: str) -> bool:
    said, secret = _BREAK.sub("", words).casefold(), secret.casefold()
    last = max(len(secret) - _PIECE, 0)
    return any(secret[start : start + _PIECE] in said for start in range(last + 1))
