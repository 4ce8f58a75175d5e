"""A release in words that people know: names, not ids. Mails and pages show the same."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine import approvals
from engine.facts import Release
from engine.persistence import loading
from engine.persistence import tables as t


def describe(connection: Connection, release: Release) -> dict[str, Any]:
    """What the request says, with every name spelt out."""
    fields = release.fields
    people = names_of(connection, t.users, {release.creator_id, *fields.participant_ids})
    return {
        "id": release.id,
        "name": fields.name,
        "version": fields.version,
        "note": fields.note,
        "type": fields.type,
        "category": fields.category,
        "with_default_certificate": fields.with_default_certificate,
        "team": _team_name(connection, fields.team_id),
        "keypairs": sorted(names_of(connection, t.keypairs, fields.keypair_ids, "alias").values()),
        "participants": sorted(people[user_id] for user_id in fields.participant_ids),
        "requested_by": people[release.creator_id],
        "starts_at": fields.starts_at,
        "ends_at": fields.ends_at,
        "max_signatures": fields.max_signatures,
        "signatures_used": release.signatures_used,
        "status": release.status,
        "revision": release.revision,
    }


def progress(connection: Connection, release: Release) -> dict[str, Any]:
    """How far its approval has come: what is required, received, and who decided what."""
    votes = loading.load_votes(connection, [release]).get(release.id, ())
    eligible = loading.load_approvers(connection, release.account_id, release.fields.team_id)
    counted = approvals.resolve(
        release.required_approvals, votes, eligible, release.material_revision
    )
    return {
        "required": counted.required,
        "received": counted.received,
        "remaining": counted.remaining,
        "decisions": _decisions(connection, release),
    }


def names_of(
    connection: Connection, table: sa.Table, ids: set[UUID] | frozenset[UUID], column: str = "name"
) -> dict[UUID, str]:
    """What these rows are called, by id."""
    if not ids:
        return {}
    query = sa.select(table.c.id, table.c[column]).where(table.c.id.in_(sorted(ids)))
    return {found[0]: found[1] for found in connection.execute(query)}


def _team_name(connection: Connection, team_id: UUID | None) -> str | None:
    return names_of(connection, t.teams, {team_id})[team_id] if team_id else None


def _decisions(connection: Connection, release: Release) -> list[dict[str, Any]]:
    d = t.decisions
    rows = connection.execute(
        sa.select(t.users.c.name, d.c.verdict, d.c.comment, d.c.channel, d.c.decided_at)
        .join(t.users, t.users.c.id == d.c.approver_id)
        .where(d.c.release_id == release.id, d.c.material_revision == release.material_revision)
        .order_by(d.c.decided_at, d.c.id)
    )
    return [
        {"name": name, "verdict": verdict, "comment": comment, "channel": channel, "at": at}
        for name, verdict, comment, channel, at in rows
    ]
