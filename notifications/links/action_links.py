"""The link with which an approver decides from a mail (specification, section 6, "View request").

The token of a link is derived (`derived_tokens`) and stored nowhere but in the mail: the row holds
the nonce and the token's hash. So neither the database alone nor the key alone makes a link that
works.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model import derived_tokens
from engine.model.facts import Release
from engine.persistence.db.bulk import insert_many
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.ids import uuid7
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from notifications.tables import action_links
from notifications.vocabulary import LinkPurpose

#: The path of the decision page, below the public URL.
PATH = "/decide"
#: How long a link works at most; none outlives the window of its release.
LIFETIME = timedelta(days=14)
#: An existing link is sent again if it works for at least so long, or until the window ends.
REUSABLE_FOR = timedelta(days=2)
#: Action links were the first tokens derived from their key, and so have no word of their own.
_TOKEN_PURPOSE = b""

# Statements of the hot path are built once: to build one costs more than to run it.
_L, _R, _U = action_links, t.releases, t.users
_AT: sa.BindParameter[datetime] = sa.bindparam("at")
_FIND = sa.select(_L).where(_L.c.id == sa.bindparam("link"))
_LIVE = (
    sa.select(_L.c.release_id, _L.c.user_id, _L.c.id, _L.c.used_at, _L.c.expires_at, _R.c.ends_at)
    .add_columns((_L.c.material_revision == _R.c.material_revision).label("is_current"))
    .add_columns(_U.c.address_changed_at, _L.c.created_at)
    .join(_R, _R.c.id == _L.c.release_id)
    .join(_U, _U.c.id == _L.c.user_id)
    .where(id_in(_L.c.release_id), _L.c.voided_at.is_(None))
)
_SENT = (
    sa.select(_L, _U.c.address_changed_at)
    .join(_U, _U.c.id == _L.c.user_id)
    .where(_L.c.id == sa.bindparam("link"))
)
_VOID = _L.update().where(_L.c.used_at.is_(None), _L.c.voided_at.is_(None)).values(voided_at=_AT)
_VOID_OF_RELEASES = _VOID.where(id_in(_L.c.release_id))
_VOID_OF_USERS = _VOID.where(id_in(_L.c.user_id))
_VOID_OF_PERSON = _VOID_OF_RELEASES.where(_L.c.user_id == sa.bindparam("user"))
_VOID_THESE = _VOID.where(id_in(_L.c.id))
_USE = (
    _L.update()
    .where(
        _L.c.id == sa.bindparam("link"),
        _L.c.user_id == sa.bindparam("user"),
        _L.c.used_at.is_(None),
        _L.c.voided_at.is_(None),
        _L.c.expires_at > _AT,
    )
    .values(used_at=_AT)
)


def token_of(key: bytes, link_id: UUID, nonce: bytes) -> str:
    """Return the secret half of a link, for rendering only."""
    return derived_tokens.derive_token(key, _TOKEN_PURPOSE, link_id, nonce)


def url_of(public_url: str, link_id: UUID, token: str) -> str:
    """Return the link's address, for its mail."""
    return derived_tokens.link_url(public_url, PATH, link_id, token)


def find(connection: Connection, key: bytes, spelling: str) -> Row[Any] | None:
    """Return the link that a path names; None for no link, or a token that is not genuine."""
    parts = derived_tokens.split_spelling(spelling)
    if parts is None:
        return None
    link_id, token = parts
    row = run_compiled(connection, _FIND, {"link": link_id}).one_or_none()
    return row if row is not None and is_genuine(key, row, token) else None


def is_genuine(key: bytes, row: Row[Any], token: str) -> bool:
    """Tell whether this key derives the token for the row, and the row was stored with it."""
    is_derived = derived_tokens.is_derived_token(token, key, _TOKEN_PURPOSE, row.id, row.nonce)
    return derived_tokens.has_hash(token, row.token_hash) and is_derived


def is_of_former_address(link: Row[Any], user: Row[Any]) -> bool:
    """Whether the link was made, and so perhaps sent, before its user's address changed.

    Such a link proves nothing by itself: somebody else may read the former mailbox by now.
    """
    changed_at = user.address_changed_at
    return changed_at is not None and link.created_at <= changed_at


def was_sent_to_former_address(connection: Connection, link_id: UUID) -> bool:
    """Whether `is_of_former_address` is true of a link and its user as they are stored."""
    row = run_compiled(connection, _SENT, {"link": link_id}).one()
    return is_of_former_address(row, row)


def ensure(
    connection: Connection,
    key: bytes,
    requests: Sequence[tuple[Release, Collection[UUID]]],
    now: datetime,
    lifetime: timedelta,
    new_releases: Collection[UUID] = (),
) -> dict[tuple[UUID, UUID], UUID]:
    """Give each approver a live link to the current material revision of their release.

    Args:
        connection: Of the transaction.
        key: The key that tokens are derived from.
        requests: Releases as they are stored, each with its approvers.
        now: The instant of the request.
        lifetime: How long a new link works.
        new_releases: Releases that have no links yet.

    Returns:
        The ids of the links by release and user, whether they are new or were there before.
    """
    releases = {
        (release.id, user_id): release for release, approvers in requests for user_id in approvers
    }
    if not releases:
        return {}
    holders = {holder for holder in releases if holder[0] not in new_releases}
    reusable = _reusable(connection, holders, now) if holders else {}
    rows = {
        holder: _row(key, release, holder[1], now + lifetime)
        for holder, release in releases.items()
        if holder not in reusable
    }
    if rows:
        shared = {"purpose": LinkPurpose.DECIDE, "created_at": now}
        insert_many(connection, action_links, shared, list(rows.values()))
    return reusable | {holder: row["id"] for holder, row in rows.items()}


def _reusable(
    connection: Connection, holders: Collection[tuple[UUID, UUID]], now: datetime
) -> dict[tuple[UUID, UUID], UUID]:
    """Return their links that are current and last long enough; void the other unused ones."""
    release_ids = sorted({release_id for release_id, _ in holders})
    reusable, outdated = {}, []
    for row in run_compiled(connection, _LIVE, {"ids": release_ids}).all():
        holder = row.release_id, row.user_id
        if holder not in holders:
            continue
        lasts = row.expires_at >= min(row.ends_at, now + REUSABLE_FOR)
        is_reusable = row.is_current and lasts and not is_of_former_address(row, row)
        if row.used_at is None and not is_reusable:
            outdated.append(row.id)
        elif row.is_current:
            reusable[holder] = row.id
    if outdated:
        run_compiled(connection, _VOID_THESE, {"ids": outdated, "at": now})
    return reusable


def void_of_releases(connection: Connection, ids: Collection[UUID], now: datetime) -> None:
    """Void the unused links of these releases."""
    if ids:
        run_compiled(connection, _VOID_OF_RELEASES, {"ids": sorted(ids), "at": now})


def void_of_users(connection: Connection, ids: Collection[UUID], now: datetime) -> None:
    """Void the unused links of these people."""
    if ids:
        run_compiled(connection, _VOID_OF_USERS, {"ids": sorted(ids), "at": now})


def void_of_person(connection: Connection, release_id: UUID, user_id: UUID, now: datetime) -> None:
    """Void the unused links of a release that one person has."""
    run_compiled(connection, _VOID_OF_PERSON, {"ids": [release_id], "user": user_id, "at": now})


def use(connection: Connection, link_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Mark a live link as used; of any number of attempts exactly one returns True."""
    result = connection.execute(_USE, {"link": link_id, "user": user_id, "at": now})
    return result.rowcount == 1


def _row(key: bytes, release: Release, user_id: UUID, until: datetime) -> dict[str, Any]:
    link_id, nonce = uuid7(), derived_tokens.new_nonce()
    return {
        "id": link_id,
        "account_id": release.account_id,
        "user_id": user_id,
        "release_id": release.id,
        "revision": release.revision,
        "material_revision": release.material_revision,
        "nonce": nonce,
        "token_hash": derived_tokens.hash_token(token_of(key, link_id, nonce)),
        "expires_at": min(until, release.fields.ends_at),
    }
