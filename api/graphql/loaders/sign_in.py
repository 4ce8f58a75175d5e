"""How users sign in, or are to: one's own, or with MANAGE_USERS anybody's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.people import PendingEmail, User
from api.graphql.types.sign_in import Identity, Session
from engine.queries import credentials


@loads(User, "sessions")
def user_sessions(shelf: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Session]:
    rows = credentials.sessions_of(shelf.reading, [user.source.id for user in users])
    found = shelf.shelve(Session, rows)
    owned = _by_owner(found)
    for user in users:
        user.sessions = owned[user.source.id]
    return found


@loads(User, "identities")
def user_identities(
    shelf: EntityCache, users: Sequence[User], call: FieldCall
) -> Iterable[Identity]:
    rows = credentials.identities_of(shelf.reading, [user.source.id for user in users])
    found = shelf.shelve(Identity, rows)
    owned = _by_owner(found)
    for user in users:
        user.identities = owned[user.source.id]
    return found


@loads(User, "pendingEmail")
def user_pending_email(shelf: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Any]:
    rows = credentials.pending_addresses_of(shelf.reading, [user.source.id for user in users])
    pending = {row.user_id: PendingEmail.of(row) for row in rows}
    for user in users:
        user.pending_email = pending.get(user.source.id)
    return ()


@loads(Session, "user")
def session_user(
    shelf: EntityCache, sessions: Sequence[Session], call: FieldCall
) -> Iterable[User]:
    return _users(shelf, sessions)


@loads(Identity, "user")
def identity_user(
    shelf: EntityCache, identities: Sequence[Identity], call: FieldCall
) -> Iterable[User]:
    return _users(shelf, identities)


def _by_owner(found: Iterable[Any]) -> dict[UUID, list[Any]]:
    owned: dict[UUID, list[Any]] = defaultdict(list)
    for one in found:
        owned[one.source.user_id].append(one)
    return owned


def _users(shelf: EntityCache, owned: Sequence[Any]) -> Iterable[User]:
    users = shelf.users({one.source.user_id for one in owned})
    for one in owned:
        one.user = users[one.source.user_id]
    return users.values()
