"""Rows in, facts out: what commands look at before they decide."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select

from engine.errors import not_found
from engine.facts import Actor, Fields, Keypair, Policy, Release, Team, Vote
from engine.persistence import tables as t
from engine.principal import Principal
from engine.vocabulary import Permission, ReleaseType


def load_policy(connection: Connection, account_id: UUID) -> Policy:
    """The account's settings."""
    row = connection.execute(sa.select(t.accounts).where(t.accounts.c.id == account_id)).one()
    return Policy(
        account_id=row.id,
        account_name=row.name,
        signing_frozen=row.signing_frozen,
        teams_enabled=row.teams_enabled,
        reapprove_on_edit=row.reapprove_on_edit,
        allow_self_approval=row.allow_self_approval,
        required_approvals=row.required_approvals,
        enabled_release_types=frozenset(map(ReleaseType, row.enabled_release_types.split())),
        quota_on_online=row.quota_on_online,
        restrict_signing_to_releases=row.restrict_signing_to_releases,
    )


def load_actor(connection: Connection, principal: Principal) -> Actor:
    """Who acts, with the permissions held now, narrowed by the credential's scopes."""
    actor = load_actors(connection, [principal]).get(principal)
    if actor is None:
        raise not_found("user")
    return actor


def load_actors(
    connection: Connection, principals: Collection[Principal]
) -> dict[Principal, Actor]:
    """The same for several callers, in three statements; who is not there is left out."""
    ids = {principal.user_id for principal in principals}
    u = t.users
    users = {
        (row.account_id, row.id): row
        for row in connection.execute(sa.select(u).where(u.c.id.in_(sorted(ids))))
    }
    active = {row.id for row in users.values() if row.active}
    held = load_permissions_of(connection, active)
    teams = _grouped(connection, t.team_members.c.user_id, t.team_members.c.team_id, ids)
    found = {}
    for principal in principals:
        user = users.get((principal.account_id, principal.user_id))
        if user is not None:
            found[principal] = _actor(user, principal, held, teams)
    return found


def _actor(
    user: Row[Any],
    principal: Principal,
    held: dict[UUID, frozenset[Permission]],
    teams: dict[UUID, frozenset[UUID]],
) -> Actor:
    permissions = held.get(user.id, frozenset[Permission]())
    scopes = principal.scopes
    return Actor(
        user_id=user.id,
        name=user.name,
        email=user.email,
        active=user.active,
        service=user.service,
        permissions=permissions if scopes is None else permissions & scopes,
        scopes=scopes,
        team_ids=teams.get(user.id, frozenset()),
        channel=principal.channel,
    )


def load_permissions(connection: Connection, user_id: UUID) -> frozenset[Permission]:
    """What the user's roles grant."""
    return load_permissions_of(connection, [user_id]).get(user_id, frozenset())


def load_permissions_of(
    connection: Connection, user_ids: Collection[UUID]
) -> dict[UUID, frozenset[Permission]]:
    """What each user's roles grant; users without any are left out."""
    if not user_ids:
        return {}
    ur, rp = t.user_roles, t.role_permissions
    query = (
        sa.select(ur.c.user_id, rp.c.permission)
        .join(rp, rp.c.role_id == ur.c.role_id)
        .where(ur.c.user_id.in_(sorted(user_ids)))
    )
    return _gather(connection.execute(query))


def permitted_users(permission: Permission) -> Select[UUID]:
    """Active users, people and services, whose roles grant a permission."""
    return (
        sa.select(t.users.c.id)
        .distinct()
        .join(t.user_roles, t.user_roles.c.user_id == t.users.c.id)
        .join(t.role_permissions, t.role_permissions.c.role_id == t.user_roles.c.role_id)
        .where(t.role_permissions.c.permission == permission, t.users.c.active)
    )


def load_approvers(
    connection: Connection, account_id: UUID, team_id: UUID | None
) -> frozenset[UUID]:
    """Eligible approvers: of the team, or of the account with Teams off (spec section 3)."""
    return load_approvers_of(connection, account_id, [team_id])[team_id]


def load_approvers_of(
    connection: Connection, account_id: UUID, team_ids: Collection[UUID | None]
) -> dict[UUID | None, frozenset[UUID]]:
    """The same for several teams at once; None stands for the whole account."""
    eligible = permitted_users(Permission.APPROVE_RELEASE).where(
        t.users.c.account_id == account_id, ~t.users.c.service
    )
    found: dict[UUID | None, frozenset[UUID]] = {team_id: frozenset() for team_id in team_ids}
    if None in found:
        found[None] = frozenset(connection.execute(eligible).scalars().all())
    teams = sorted(team_id for team_id in found if team_id is not None)
    if teams:
        m = t.team_members
        members = sa.select(m.c.team_id, m.c.user_id).where(
            m.c.team_id.in_(teams), m.c.user_id.in_(eligible.scalar_subquery())
        )
        found.update(item for item in _gather(connection.execute(members)).items())
    return found


def load_teams(
    connection: Connection, account_id: UUID, team_ids: Collection[UUID]
) -> dict[UUID, Team]:
    """Teams of the account, with their members."""
    if not team_ids:
        return {}
    members = _grouped(connection, t.team_members.c.team_id, t.team_members.c.user_id, team_ids)
    rows = connection.execute(
        sa.select(t.teams).where(
            t.teams.c.id.in_(sorted(team_ids)), t.teams.c.account_id == account_id
        )
    )
    return {
        row.id: Team(
            id=row.id,
            name=row.name,
            required_approvals=row.required_approvals,
            member_ids=members.get(row.id, frozenset()),
        )
        for row in rows
    }


def load_team(
    connection: Connection, account_id: UUID, team_id: UUID, field: str = "team_id"
) -> Team:
    """One team of the account; refuses NOT_FOUND otherwise."""
    team = load_teams(connection, account_id, [team_id]).get(team_id)
    if team is None:
        raise not_found("team", field)
    return team


def column_set(connection: Connection, column: Any, **where: UUID) -> frozenset[UUID]:
    """One column of the rows in which others have these values."""
    query = sa.select(column)
    for name, value in where.items():
        query = query.where(column.table.c[name] == value)
    return frozenset(connection.execute(query).scalars().all())


def load_keypairs(
    connection: Connection, account_id: UUID, ids: Collection[UUID]
) -> tuple[Keypair, ...]:
    """Keypairs of the account, by id; refuses NOT_FOUND when one is not there."""
    k = t.keypairs
    rows = connection.execute(
        sa.select(k, t.release_keypairs.c.release_id.label("held_by"))
        .outerjoin(
            t.release_keypairs,
            sa.and_(t.release_keypairs.c.keypair_id == k.c.id, t.release_keypairs.c.held),
        )
        .where(k.c.id.in_(sorted(ids)), k.c.account_id == account_id)
        .order_by(k.c.id)
    ).all()
    if len(rows) != len(set(ids)):
        raise not_found("keypair", "keypair_ids")
    users = _grouped(connection, t.keypair_users.c.keypair_id, t.keypair_users.c.user_id, ids)
    teams = _grouped(connection, t.team_keypairs.c.keypair_id, t.team_keypairs.c.team_id, ids)
    return tuple(_keypair(row, users, teams) for row in rows)


def _keypair(
    row: Row[Any], users: dict[UUID, frozenset[UUID]], teams: dict[UUID, frozenset[UUID]]
) -> Keypair:
    return Keypair(
        id=row.id,
        alias=row.alias,
        category=row.category,
        type=row.type,
        access=row.access,
        enabled=row.enabled,
        has_default_certificate=row.has_default_certificate,
        user_ids=users.get(row.id, frozenset()),
        team_ids=teams.get(row.id, frozenset()),
        held_by=row.held_by,
    )


def _grouped(
    connection: Connection, by: Any, column: Any, ids: Iterable[UUID]
) -> dict[UUID, frozenset[UUID]]:
    return _gather(connection.execute(sa.select(by, column).where(by.in_(sorted(ids)))))


def _gather(pairs: Iterable[Any]) -> dict[UUID, frozenset[Any]]:
    groups: dict[UUID, set[Any]] = {}
    for key, value in pairs:
        groups.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in groups.items()}


def load_releases(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Release]:
    """Releases by id, with their keypairs and participants; three statements for any number."""
    if not ids:
        return {}
    keypairs = _grouped(
        connection, t.release_keypairs.c.release_id, t.release_keypairs.c.keypair_id, ids
    )
    people = _grouped(
        connection, t.release_participants.c.release_id, t.release_participants.c.user_id, ids
    )
    rows = connection.execute(sa.select(t.releases).where(t.releases.c.id.in_(sorted(ids))))
    return {row.id: _release(row, keypairs, people) for row in rows}


def _release(
    row: Row[Any], keypairs: dict[UUID, frozenset[UUID]], people: dict[UUID, frozenset[UUID]]
) -> Release:
    fields = Fields(
        name=row.name,
        version=row.version,
        note=row.note,
        category=row.category,
        type=row.type,
        team_id=row.team_id,
        participant_ids=people.get(row.id, frozenset()),
        with_default_certificate=row.with_default_certificate,
        keypair_ids=keypairs.get(row.id, frozenset()),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        max_signatures=row.max_signatures,
    )
    return Release(
        id=row.id,
        account_id=row.account_id,
        fields=fields,
        status=row.status,
        status_since=row.status_since,
        creator_id=row.creator_id,
        created_at=row.created_at,
        revision=row.revision,
        material_revision=row.material_revision,
        required_approvals=row.required_approvals,
        round_revision=row.round_revision,
        signatures_used=row.signatures_used,
        signatures_reserved=row.signatures_reserved,
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        end_code=row.end_code,
        end_reason=row.end_reason,
    )


def load_votes(
    connection: Connection, releases: Collection[Release]
) -> dict[UUID, tuple[Vote, ...]]:
    """The decisions on the current material revision of each release."""
    d, r = t.decisions, t.releases
    rows = connection.execute(
        sa.select(d.c.release_id, d.c.approver_id, d.c.verdict, d.c.material_revision)
        .join(r, r.c.id == d.c.release_id)
        .where(
            d.c.release_id.in_(sorted(release.id for release in releases)),
            d.c.material_revision == r.c.material_revision,
        )
        .order_by(d.c.id)
    )
    votes: dict[UUID, tuple[Vote, ...]] = {}
    for release_id, approver_id, verdict, revision in rows:
        vote = Vote(approver_id=approver_id, verdict=verdict, material_revision=revision)
        votes[release_id] = (*votes.get(release_id, ()), vote)
    return votes


def load_editors(
    connection: Connection, releases: Collection[Release]
) -> dict[UUID, frozenset[UUID]]:
    """Who made a material edit of each release since its round began."""
    e, r = t.release_edits, t.releases
    return _gather(
        connection.execute(
            sa.select(e.c.release_id, e.c.editor_id)
            .join(r, r.c.id == e.c.release_id)
            .where(
                e.c.release_id.in_(sorted(release.id for release in releases)),
                e.c.material,
                e.c.revision >= r.c.round_revision,
            )
        )
    )


def name_is_taken(
    connection: Connection, account_id: UUID, name_key: str, other_than: UUID | None
) -> bool:
    """Another release of the account holds the name."""
    r = t.releases
    query = sa.select(r.c.id).where(
        r.c.account_id == account_id, r.c.name_key == name_key, r.c.name_held
    )
    if other_than is not None:
        query = query.where(r.c.id != other_than)
    return connection.execute(query.limit(1)).first() is not None
