"""The approver's link: made, found, used and voided (spec section 6, "View request").

The token is HMAC-SHA256(link key, link id and random nonce). It is stored nowhere but in the mail;
the row holds the nonce and the token's hash. So neither the database alone nor the key alone
makes a link that works.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.facts import Release
from engine.persistence.ids import uuid7
from notifications.tables import action_links
from notifications.vocabulary import LinkPurpose

#: Where the page lives, below the public URL.
PATH = "/decide"
LIFETIME = timedelta(days=14)
_NONCE = 16
_SPELLING = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})", re.ASCII)


def token_of(key: bytes, link_id: UUID, nonce: bytes) -> str:
    """The link's secret half, for rendering only."""
    digest = hmac.digest(key, link_id.bytes + nonce, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def hash_of(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("ascii")).digest()


def url_of(public_url: str, link_id: UUID, token: str) -> str:
    """The address in the mail."""
    return f"{public_url.rstrip('/')}{PATH}/{link_id.hex}.{token}"


def find(connection: Connection, key: bytes, spelling: str) -> Row[Any] | None:
    """The link this path names, if its token is the right one; None for anything else."""
    parts = _SPELLING.fullmatch(spelling)
    if parts is None:
        return None
    link_id, token = UUID(parts[1]), parts[2]
    query = sa.select(action_links).where(action_links.c.id == link_id)
    row = connection.execute(query).one_or_none()
    return row if row is not None and is_genuine(key, row, token) else None


def is_genuine(key: bytes, row: Row[Any], token: str) -> bool:
    """The token is the one this key makes for the row, and the one the row was made with."""
    made = hmac.compare_digest(token_of(key, row.id, row.nonce), token)
    return hmac.compare_digest(hash_of(token), row.token_hash) and made


def ensure(
    connection: Connection,
    key: bytes,
    release: Release,
    user_ids: Collection[UUID],
    now: datetime,
    lifetime: timedelta = LIFETIME,
) -> dict[UUID, UUID]:
    """A live link for each approver of the release's current material revision, by user."""
    links = action_links
    mine = (links.c.release_id == release.id, links.c.voided_at.is_(None))
    outlived = (links.c.material_revision != release.material_revision) | (
        links.c.expires_at <= now
    )
    connection.execute(
        links.update().where(*mine, links.c.used_at.is_(None), outlived).values(voided_at=now)
    )
    present = sa.select(links.c.user_id, links.c.id).where(
        *mine, links.c.material_revision == release.material_revision
    )
    found = {row.user_id: row.id for row in connection.execute(present)}
    rows = [
        _row(key, release, user_id, now, lifetime) for user_id in user_ids if user_id not in found
    ]
    if rows:
        connection.execute(links.insert(), rows)
    return found | {row["user_id"]: row["id"] for row in rows}


def void(connection: Connection, now: datetime, **where: UUID) -> None:
    """End the unused links of a release (`release_id`) or of a user (`user_id`)."""
    query = action_links.update().where(
        action_links.c.used_at.is_(None), action_links.c.voided_at.is_(None)
    )
    for name, value in where.items():
        query = query.where(action_links.c[name] == value)
    connection.execute(query.values(voided_at=now))


def use(connection: Connection, link_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Consume the link; of any number of attempts exactly one is told True."""
    links = action_links
    result = connection.execute(
        links.update()
        .where(
            links.c.id == link_id,
            links.c.user_id == user_id,
            links.c.used_at.is_(None),
            links.c.voided_at.is_(None),
            links.c.expires_at > now,
        )
        .values(used_at=now)
    )
    return result.rowcount == 1


def _row(
    key: bytes, release: Release, user_id: UUID, now: datetime, lifetime: timedelta
) -> dict[str, Any]:
    link_id, nonce = uuid7(), os.urandom(_NONCE)
    return {
        "id": link_id,
        "account_id": release.account_id,
        "user_id": user_id,
        "release_id": release.id,
        "purpose": LinkPurpose.DECIDE,
        "revision": release.revision,
        "material_revision": release.material_revision,
        "nonce": nonce,
        "token_hash": hash_of(token_of(key, link_id, nonce)),
        "created_at": now,
        "expires_at": now + lifetime,
    }
