"""The approver's link: made, found, used and voided (spec section 6, "View request").

The token is HMAC-SHA256(link key, link id and random nonce). It is stored nowhere but in the mail;
the row holds the nonce and the token's hash. So neither the database alone nor the key alone
makes a link that works.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model import derived_tokens
from engine.model.facts import Release
from engine.persistence.db.bulk import insert_many
from engine.persistence.db.ids import uuid7
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from notifications.tables import action_links
from notifications.vocabulary import LinkPurpose

#: Where the page lives, below the public URL.
PATH = "/decide"
#: At most; no link outlives the window of its release.
LIFETIME = timedelta(days=14)
#: Whoever is asked gets a link that works for at least so long, or as long as the window.
LASTING = timedelta(days=2)

# Statements of the hot path are built once: to build one costs more than to run it.
_L, _R = action_links, t.releases
_AT: sa.BindParameter[datetime] = sa.bindparam("at")
_FIND = sa.select(_L).where(_L.c.id == sa.bindparam("link"))
_LIVE = (
    sa.select(_L.c.release_id, _L.c.user_id, _L.c.id, _L.c.used_at, _L.c.expires_at, _R.c.ends_at)
    .add_columns((_L.c.material_revision == _R.c.material_revision).label("is_current"))
    .join(_R, _R.c.id == _L.c.release_id)
    .where(id_in(_L.c.release_id), _L.c.voided_at.is_(None))
)
_VOID = _L.update().where(_L.c.used_at.is_(None), _L.c.voided_at.is_(None)).values(voided_at=_AT)
_VOID_OF_RELEASES = _VOID.where(id_in(_L.c.release_id))
_VOID_OF_USERS = _VOID.where(id_in(_L.c.user_id))
_VOID_OF_ONE = _VOID_OF_RELEASES.where(_L.c.user_id == sa.bindparam("whose"))
_VOID_THESE = _VOID.where(id_in(_L.c.id))
_USE = (
    _L.update()
    .where(
        _L.c.id == sa.bindparam("link"),
        _L.c.user_id == sa.bindparam("whose"),
        _L.c.used_at.is_(None),
        _L.c.voided_at.is_(None),
        _L.c.expires_at > _AT,
    )
    .values(used_at=_AT)
)


def token_of(key: bytes, link_id: UUID, nonce: bytes) -> str:
    """The link's secret half, for rendering only."""
    return derived_tokens.derive_token(key, b"", link_id, nonce)


def hash_of(token: str) -> bytes:
    """What is stored of a token."""
    return derived_tokens.hash_token(token)


def url_of(public_url: str, link_id: UUID, token: str) -> str:
    """The address in the mail."""
    return f"{public_url.rstrip('/')}{PATH}/{derived_tokens.spell(link_id, token)}"


def find(connection: Connection, key: bytes, spelling: str) -> Row[Any] | None:
    """The link this path names, if its token is the right one; None for anything else."""
    parts = derived_tokens.split_spelling(spelling)
    if parts is None:
        return None
    link_id, token = parts
    row = connection.execute(_FIND, {"link": link_id}).one_or_none()
    return row if row is not None and is_genuine(key, row, token) else None


def is_genuine(key: bytes, row: Row[Any], token: str) -> bool:
    """The token is the one this key makes for the row, and the one the row was made with."""
    made = hmac.compare_digest(token_of(key, row.id, row.nonce), token)
    return hmac.compare_digest(hash_of(token), row.token_hash) and made


def ensure(
    connection: Connection,
    key: bytes,
    asked: Sequence[tuple[Release, Collection[UUID]]],
    now: datetime,
    lifetime: timedelta,
) -> dict[tuple[UUID, UUID], UUID]:
    """A live link for each approver of a release's current material revision: by release and user.

    The releases are as they are stored.
    """
    releases = {(release.id, user_id): release for release, people in asked for user_id in people}
    if not releases:
        return {}
    found = _lasting(connection, releases.keys(), now)
    rows = {
        whose: _row(key, release, whose[1], now + lifetime)
        for whose, release in releases.items()
        if whose not in found
    }
    if rows:
        shared = {"purpose": LinkPurpose.DECIDE, "created_at": now}
        insert_many(connection, action_links, shared, list(rows.values()))
    return found | {whose: row["id"] for whose, row in rows.items()}


def _lasting(
    connection: Connection, asked: Collection[tuple[UUID, UUID]], now: datetime
) -> dict[tuple[UUID, UUID], UUID]:
    """Those of their links that will do, by release and user; others that are unused end."""
    found, outlived = {}, []
    for row in connection.execute(
        _LIVE, {"ids": sorted({release_id for release_id, _ in asked})}
    ).all():
        whose = row.release_id, row.user_id
        lasts = row.expires_at >= min(row.ends_at, now + LASTING)
        if whose not in asked:
            continue
        if row.used_at is None and not (row.is_current and lasts):
            outlived.append(row.id)
        elif row.is_current:
            found[whose] = row.id
    if outlived:
        connection.execute(_VOID_THESE, {"ids": outlived, "at": now})
    return found


def void_of_releases(connection: Connection, ids: Collection[UUID], now: datetime) -> None:
    """End the unused links of these releases."""
    if ids:
        connection.execute(_VOID_OF_RELEASES, {"ids": sorted(ids), "at": now})


def void_of_users(connection: Connection, ids: Collection[UUID], now: datetime) -> None:
    """End the unused links of these people."""
    if ids:
        connection.execute(_VOID_OF_USERS, {"ids": sorted(ids), "at": now})


def void_of(connection: Connection, release_id: UUID, user_id: UUID, now: datetime) -> None:
    """End the unused links of a release that one person has."""
    asked = {"ids": [release_id], "whose": user_id, "at": now}
    connection.execute(_VOID_OF_ONE, asked)


def use(connection: Connection, link_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Consume the link; of any number of attempts exactly one is told True."""
    result = connection.execute(_USE, {"link": link_id, "whose": user_id, "at": now})
    return result.rowcount == 1


def _row(key: bytes, release: Release, user_id: UUID, until: datetime) -> dict[str, Any]:
    link_id, nonce = uuid7(), os.urandom(derived_tokens.NONCE_BYTES)
    return {
        "id": link_id,
        "account_id": release.account_id,
        "user_id": user_id,
        "release_id": release.id,
        "revision": release.revision,
        "material_revision": release.material_revision,
        "nonce": nonce,
        "token_hash": hash_of(token_of(key, link_id, nonce)),
        "expires_at": min(until, release.fields.ends_at),
    }
