"""Sign-in links: requested by a browser, and used once in that same browser.

The token of a link is derived when its mail is written and stored nowhere (`derived_tokens`). So is
the code, which the link's page shows when it is opened in any other browser. Neither the database
nor the key alone makes a link that works, and neither works without the requesting browser.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from engine.model import derived_tokens
from engine.model.text import normalize
from engine.persistence.db.ids import uuid7
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t

#: The purpose of the key that the tokens and codes are derived from.
PURPOSE = "sign-in-links"
#: Where the pages live, below the public URL.
PATH = "/sign-in"
LIFETIME = timedelta(minutes=15)
_TOKEN_PURPOSE = b"link"
_CODE_PURPOSE = b"code"
#: Codes that can be tried for one mail: too few to guess 40 random bits.
CODE_ATTEMPTS = 5
#: How many of a browser's newest sign-ins a typed code is compared with.
_SIGN_INS_PER_CODE = 3
#: Digits that are typed in place of similar letters; base32 has no 0, 1, 8 and 9.
_MISREAD_DIGITS = str.maketrans("018", "OIB")


def hash_browser_secret(secret: str) -> bytes:
    """Return what is stored of the secret that the requesting browser holds in a cookie."""
    return hashlib.sha256(secret.encode()).digest()


def request(connection: Connection, address: str, browser: str, now: datetime) -> UUID:
    """Queue a mail to an address, whether or not any user has it.

    Args:
        connection: Of the transaction.
        address: Where the mail goes.
        browser: The secret of the requesting browser, which alone can use the link.
        now: The instant of the request.

    Returns:
        The id of the sign-in.
    """
    sign_in_id = uuid7()
    connection.execute(
        t.sign_ins.insert().values(
            id=sign_in_id,
            address=normalize(address),
            browser_hash=hash_browser_secret(browser),
            nonce=derived_tokens.new_nonce(),
            created_at=now,
            expires_at=now + LIFETIME,
            due_at=now,
            mail_attempts=0,
            code_attempts=0,
        )
    )
    return sign_in_id


def url_of(key: bytes, public_url: str, row: Row[Any]) -> str:
    """Return the link's address, for its mail."""
    token = derived_tokens.derive_token(key, _TOKEN_PURPOSE, row.id, row.nonce)
    return derived_tokens.link_url(public_url, PATH, row.id, token)


def code_of(key: bytes, row: Row[Any]) -> str:
    """Return the short code as it is shown: `ABCD-EFGH`."""
    digest = derived_tokens.derive_digest(key, _CODE_PURPOSE, row.id, row.nonce)
    letters = b32encode(digest[:5]).decode("ascii")
    return f"{letters[:4]}-{letters[4:]}"


def find(connection: Connection, key: bytes, spelling: str, now: datetime) -> Row[Any] | None:
    """Return the live sign-in that a link's path names; None if it is not live or not genuine."""
    parts = derived_tokens.split_spelling(spelling)
    if parts is None:
        return None
    sign_in_id, token = parts
    query = sa.select(t.sign_ins).where(t.sign_ins.c.id == sign_in_id, *_is_live(now))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    is_derived = derived_tokens.is_derived_token(token, key, _TOKEN_PURPOSE, row.id, row.nonce)
    return row if is_derived else None


def is_requesting_browser(row: Row[Any], browser: str) -> bool:
    """Tell whether the browser with this secret requested the sign-in."""
    return hmac.compare_digest(row.browser_hash, hash_browser_secret(browser))


def use(connection: Connection, sign_in_id: UUID, browser: str, now: datetime) -> bool:
    """Mark a live sign-in as used; of any number of attempts exactly one returns True."""
    s = t.sign_ins
    is_own = (
        s.c.id == sign_in_id,
        s.c.browser_hash == hash_browser_secret(browser),
        *_is_live(now),
    )
    used = connection.execute(s.update().where(*is_own).values(used_at=now, due_at=None))
    return used.rowcount == 1


def use_code(
    connection: Connection, key: bytes, browser: str, code: str, now: datetime
) -> Row[Any] | None:
    """Use the sign-in of this browser that a typed code belongs to, and return it.

    A wrong code counts as an attempt on each sign-in that it was compared with. None if no sign-in
    matches.
    """
    s = t.sign_ins
    is_of_browser = s.c.browser_hash == hash_browser_secret(browser)
    can_be_tried = (is_of_browser, s.c.code_attempts < CODE_ATTEMPTS, *_is_live(now))
    newest = sa.select(s).where(*can_be_tried).order_by(s.c.created_at.desc(), s.c.id.desc())
    rows = connection.execute(newest.limit(_SIGN_INS_PER_CODE).with_for_update()).all()
    typed = re.sub(r"[\s-]", "", code).upper().translate(_MISREAD_DIGITS).encode()
    for row in rows:
        expected = code_of(key, row).replace("-", "").encode()
        if hmac.compare_digest(expected, typed) and use(connection, row.id, browser, now):
            return row
    count_attempt = s.update().where(id_in(s.c.id)).values(code_attempts=s.c.code_attempts + 1)
    connection.execute(count_attempt, {"ids": [row.id for row in rows]})
    return None


def delete_requested_before(connection: Connection, instant: datetime) -> None:
    """Delete the sign-ins requested before an instant, so that no address is kept for long."""
    connection.execute(t.sign_ins.delete().where(t.sign_ins.c.created_at < instant))


def _is_live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return t.sign_ins.c.used_at.is_(None), t.sign_ins.c.expires_at > now
