"""Loaders for how users sign in: one's own, or with MANAGE_USERS anybody's."""

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
def user_sessions(cache: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Session]:
    rows = credentials.sessions_of(cache.reading, [user.source.id for user in users])
    sessions = cache.put_records(Session, rows)
    owned = _by_owner(sessions)
    for user in users:
        user.sessions = owned[user.source.id]
    return sessions


@loads(User, "identities")
def user_identities(
    cache: EntityCache, users: Sequence[User], call: FieldCall
) -> Iterable[Identity]:
    rows = credentials.identities_of(cache.reading, [user.source.id for user in users])
    identities = cache.put_records(Identity, rows)
    owned = _by_owner(identities)
    for user in users:
        user.identities = owned[user.source.id]
    return identities


@loads(User, "pendingEmail")
def user_pending_email(cache: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Any]:
    rows = credentials.pending_addresses_of(cache.reading, [user.source.id for user in users])
    pending = {row.user_id: PendingEmail.of(row) for row in rows}
    for user in users:
        user.pending_email = pending.get(user.source.id)
    return ()


@loads(Session, "user")
def session_user(
    cache: EntityCache, sessions: Sequence[Session], call: FieldCall
) -> Iterable[User]:
    return _users(cache, sessions)


@loads(Identity, "user")
def identity_user(
    cache: EntityCache, identities: Sequence[Identity], call: FieldCall
) -> Iterable[User]:
    return _users(cache, identities)


def _by_owner(credentials_: Iterable[Any]) -> dict[UUID, list[Any]]:
    owned: dict[UUID, list[Any]] = defaultdict(list)
    for credential in credentials_:
        owned[credential.source.user_id].append(credential)
    return owned


def _users(cache: EntityCache, owned: Sequence[Any]) -> Iterable[User]:
    users = cache.users({credential.source.user_id for credential in owned})
    for credential in owned:
        credential.user = users[credential.source.user_id]
    return users.values()
