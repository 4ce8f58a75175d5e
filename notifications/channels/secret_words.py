"""Removes a person's own link from what a mail server said about their message.

Spam filters name the link that they object to. The server's words are shown to everyone who may see
the delivery, written to the log and sent to the requester; the link is for its reader alone.
"""

from __future__ import annotations

import re

from notifications.channels.base import Undelivered

#: Fewer characters in a row may be a coincidence, and do not help to guess the secret.
_PIECE_CHARACTERS = 8
#: Line breaks, also of quoted-printable, and spaces that a server may have inserted.
_LINE_BREAK = re.compile(r"=?[\r\n]+|\s+")
_REPLY_CODE = re.compile(r"[0-9]{3}(?= )")
WITHHELD = "what the other side said is not kept, for it holds the personal link"


def without_link(error: Undelivered, link: str | None) -> Undelivered:
    """Return the error, or one with the reply code alone if the text has a piece of the secret."""
    if link is None or not _holds_piece(str(error), link.rpartition(".")[2]):
        return error
    code = _REPLY_CODE.match(str(error))
    return type(error)(f"{code[0]} {WITHHELD}" if code else WITHHELD, after=error.retry_after)


def _holds_piece(text: str, secret: str) -> bool:
    joined, secret = _LINE_BREAK.sub("", text).casefold(), secret.casefold()
    last = max(len(secret) - _PIECE_CHARACTERS, 0)
    return any(secret[start : start + _PIECE_CHARACTERS] in joined for start in range(last + 1))
