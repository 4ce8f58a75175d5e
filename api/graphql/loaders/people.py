"""Loaders for the fields of users, roles, teams and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.api_token import ApiToken
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Role, Team, User
from engine.queries import records, request_form
from engine.queries.links import Link, linked


@loads(User, "roles")
def user_roles(cache: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Role]:
    links = linked(cache.reading, Link.ROLES_OF_USER, _ids(users))
    roles = cache.roles(_flat(links))
    for user in users:
        held = (roles[id_] for id_ in links[user.source.id])
        user.roles = sorted(held, key=lambda role: role.name)
    return roles.values()


@loads(User, "permissions")
def user_permissions(cache: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Any]:
    held = records.permissions_of(cache.reading, _ids(users))
    for user in users:
        user.permissions = sorted(held[user.source.id])
    return ()


@loads(User, "teams")
def user_teams(cache: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Team]:
    links = linked(cache.reading, Link.TEAMS_OF_USER, _ids(users))
    teams = cache.teams(_flat(links))
    for user in users:
        user.teams = _by_name(teams[id_] for id_ in links[user.source.id])
    return teams.values()


@loads(Role, "permissions")
def role_permissions(cache: EntityCache, roles: Sequence[Role], call: FieldCall) -> Iterable[Any]:
    links = linked(cache.reading, Link.PERMISSIONS_OF_ROLE, _ids(roles))
    for role in roles:
        role.permissions = links[role.source.id]
    return ()


@loads(Team, "members")
def team_members(cache: EntityCache, teams: Sequence[Team], call: FieldCall) -> Iterable[User]:
    links = linked(cache.reading, Link.MEMBERS_OF_TEAM, _ids(teams))
    users = cache.users(_flat(links))
    for team in teams:
        team.members = _by_name(users[id_] for id_ in links[team.source.id])
    return users.values()


@loads(Team, "keypairs")
def team_keypairs(cache: EntityCache, teams: Sequence[Team], call: FieldCall) -> Iterable[Keypair]:
    links = linked(cache.reading, Link.KEYPAIRS_OF_TEAM, _ids(teams))
    keypairs = cache.keypairs(_flat(links))
    for team in teams:
        granted = (keypairs[id_] for id_ in links[team.source.id])
        team.keypairs = sorted(granted, key=lambda keypair: keypair.alias)
    return keypairs.values()


@loads(Team, "usableKeypairs")
def usable_keypairs(
    cache: EntityCache, teams: Sequence[Team], call: FieldCall
) -> Iterable[Keypair]:
    usable = request_form.usable_keypairs(cache.reading, [team.source for team in teams])
    keypairs = cache.keypairs(_flat(usable))
    for team in teams:
        choice = (keypairs[id_] for id_ in usable[team.source.id])
        team.usable_keypairs = sorted(choice, key=lambda keypair: keypair.alias)
    return keypairs.values()


@loads(ApiToken, "user")
def token_user(cache: EntityCache, tokens: Sequence[ApiToken], call: FieldCall) -> Iterable[User]:
    users = cache.users({token.source.user_id for token in tokens})
    for token in tokens:
        token.user = users[token.source.user_id]
    return users.values()


def _ids(owners: Sequence[Any]) -> list[Any]:
    return [owner.source.id for owner in owners]


def _flat(links: dict[Any, list[Any]]) -> set[Any]:
    return {id_ for ids in links.values() for id_ in ids}


def _by_name(entities: Iterable[Any]) -> list[Any]:
    return sorted(entities, key=lambda entity: (entity.name, entity.id))
