"""Fields of users, roles, teams and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.account import Viewer
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import ApiToken, Role, Team, User
from engine.persistence.store import tables as t
from engine.queries import records


@loads(Viewer, "user")
def viewer_user(shelf: EntityCache, viewers: Sequence[Viewer], call: FieldCall) -> Iterable[User]:
    return [viewer.user for viewer in viewers]


@loads(User, "roles")
def user_roles(shelf: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Role]:
    links = records.linked(
        shelf.reading, t.user_roles.c.user_id, t.user_roles.c.role_id, _ids(users)
    )
    roles = shelf.roles(_flat(links))
    for user in users:
        held = (roles[id_] for id_ in links[user.source.id])
        user.roles = sorted(held, key=lambda role: role.name)
    return roles.values()


@loads(User, "permissions")
def user_permissions(shelf: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Any]:
    held = records.permissions_of(shelf.reading, _ids(users))
    for user in users:
        user.permissions = sorted(held[user.source.id])
    return ()


@loads(User, "teams")
def user_teams(shelf: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Team]:
    links = records.linked(
        shelf.reading, t.team_members.c.user_id, t.team_members.c.team_id, _ids(users)
    )
    teams = shelf.teams(_flat(links))
    for user in users:
        user.teams = _by_name(teams[id_] for id_ in links[user.source.id])
    return teams.values()


@loads(Role, "permissions")
def role_permissions(shelf: EntityCache, roles: Sequence[Role], call: FieldCall) -> Iterable[Any]:
    p = t.role_permissions
    links = records.linked(shelf.reading, p.c.role_id, p.c.permission, _ids(roles))
    for role in roles:
        role.permissions = links[role.source.id]  # type: ignore[assignment]
    return ()


@loads(Team, "members")
def team_members(shelf: EntityCache, teams: Sequence[Team], call: FieldCall) -> Iterable[User]:
    links = records.linked(
        shelf.reading, t.team_members.c.team_id, t.team_members.c.user_id, _ids(teams)
    )
    users = shelf.users(_flat(links))
    for team in teams:
        team.members = _by_name(users[id_] for id_ in links[team.source.id])
    return users.values()


@loads(Team, "keypairs")
def team_keypairs(shelf: EntityCache, teams: Sequence[Team], call: FieldCall) -> Iterable[Keypair]:
    links = records.linked(
        shelf.reading, t.team_keypairs.c.team_id, t.team_keypairs.c.keypair_id, _ids(teams)
    )
    keypairs = shelf.keypairs(_flat(links))
    for team in teams:
        granted = (keypairs[id_] for id_ in links[team.source.id])
        team.keypairs = sorted(granted, key=lambda keypair: keypair.alias)
    return keypairs.values()


@loads(ApiToken, "user")
def token_user(shelf: EntityCache, tokens: Sequence[ApiToken], call: FieldCall) -> Iterable[User]:
    users = shelf.users({token.source.user_id for token in tokens})
    for token in tokens:
        token.user = users[token.source.user_id]
    return users.values()


def _ids(owners: Sequence[Any]) -> list[Any]:
    return [owner.source.id for owner in owners]


def _flat(links: dict[Any, list[Any]]) -> set[Any]:
    return {id_ for ids in links.values() for id_ in ids}


def _by_name(found: Iterable[Any]) -> list[Any]:
    return sorted(found, key=lambda thing: (thing.name, thing.id))
