"""The link to sign in with: asked for, found, and used up once, in the browser that asked.

As with action links the token is HMAC-SHA256(link key, id and nonce), made when the mail is written
and stored nowhere. So is the code, which the link shows in any other browser. Neither the database
nor the key alone makes one that works, and both are worth nothing without the asking browser.
"""

from __future__ import annotations

import hashlib
import hmac
import os
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

#: The purpose of the key that the links are made with.
PURPOSE = "sign-in-links"
#: Where the pages live, below the public URL.
PATH = "/sign-in"
LIFETIME = timedelta(minutes=15)
#: Codes one may type for one mail; 40 random bits are not guessed in so many.
TRIES = 5
#: Of one browser, the sign-ins that a typed code may belong to: the newest.
_NEWEST = 3
#: What a hurried reader takes for a letter of ours; base32 has no 0, 1, 8 and 9.
_MISREAD = str.maketrans("018", "OIB")


def hash_of(secret: str) -> bytes:
    """What is stored of the asking browser's secret."""
    return hashlib.sha256(secret.encode()).digest()


def ask(connection: Connection, address: str, browser: str, now: datetime) -> UUID:
    """Queue a mail to this address, whoever has it; the asking browser alone can use its link."""
    sign_in_id = uuid7()
    connection.execute(
        t.sign_ins.insert().values(
            id=sign_in_id,
            address=normalize(address),
            browser_hash=hash_of(browser),
            nonce=os.urandom(derived_tokens.NONCE_BYTES),
            created_at=now,
            expires_at=now + LIFETIME,
            due_at=now,
            mail_attempts=0,
            code_attempts=0,
        )
    )
    return sign_in_id


def url_of(key: bytes, public_url: str, row: Row[Any]) -> str:
    """The address in the mail."""
    return f"{public_url.rstrip('/')}{PATH}/{derived_tokens.spell(row.id, _token(key, row))}"


def code_of(key: bytes, row: Row[Any]) -> str:
    """The short code, as shown: `ABCD-EFGH`."""
    digest = derived_tokens.derive_digest(key, b"code", row.id, row.nonce)
    letters = b32encode(digest[:5]).decode("ascii")
    return f"{letters[:4]}-{letters[4:]}"


def find(connection: Connection, key: bytes, spelling: str, now: datetime) -> Row[Any] | None:
    """The live sign-in that this path names, if its token is the right one."""
    parts = derived_tokens.split_spelling(spelling)
    if parts is None:
        return None
    query = sa.select(t.sign_ins).where(t.sign_ins.c.id == parts[0], *_is_live(now))
    row = connection.execute(query).one_or_none()
    if row is None or not hmac.compare_digest(_token(key, row), parts[1]):
        return None
    return row


def is_asking(row: Row[Any], browser: str) -> bool:
    """The browser with this secret is the one that asked."""
    return hmac.compare_digest(row.browser_hash, hash_of(browser))


def use(connection: Connection, sign_in_id: UUID, browser: str, now: datetime) -> bool:
    """Use it up; of any number of attempts exactly one is told True."""
    s = t.sign_ins
    mine = (s.c.id == sign_in_id, s.c.browser_hash == hash_of(browser), *_is_live(now))
    used = connection.execute(s.update().where(*mine).values(used_at=now, due_at=None))
    return used.rowcount == 1


def use_code(
    connection: Connection, key: bytes, browser: str, code: str, now: datetime
) -> Row[Any] | None:
    """Use up the sign-in of this browser that the code belongs to, and answer it.

    A wrong code counts against each sign-in it was tried on.
    """
    s = t.sign_ins
    tried = (s.c.browser_hash == hash_of(browser), s.c.code_attempts < TRIES, *_is_live(now))
    newest = sa.select(s).where(*tried).order_by(s.c.created_at.desc(), s.c.id.desc())
    rows = connection.execute(newest.limit(_NEWEST).with_for_update()).all()
    typed = re.sub(r"[\s-]", "", code).upper().translate(_MISREAD).encode()
    for row in rows:
        made = code_of(key, row).replace("-", "").encode()
        if hmac.compare_digest(made, typed) and use(connection, row.id, browser, now):
            return row
    counted = s.update().where(id_in(s.c.id)).values(code_attempts=s.c.code_attempts + 1)
    connection.execute(counted, {"ids": [row.id for row in rows]})
    return None


def forget(connection: Connection, before: datetime) -> None:
    """Delete what was asked for before then: nobody's address stays here for long."""
    connection.execute(t.sign_ins.delete().where(t.sign_ins.c.created_at < before))


def _token(key: bytes, row: Row[Any]) -> str:
    return derived_tokens.derive_token(key, b"link", row.id, row.nonce)


def _is_live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return t.sign_ins.c.used_at.is_(None), t.sign_ins.c.expires_at > now
