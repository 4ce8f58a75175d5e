"""Releases as stored, and how far their round of approval has come."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.claims import Conditions, conditions_from_json
from engine.model.facts import Release, ReleaseFields, Vote
from engine.model.origins import Origin
from engine.persistence.db.aggregates import aggregate_set, fetch_grouped
from engine.persistence.db.compiled import fetch_compiled, run_compiled
from engine.persistence.db.sql import id_in
from engine.persistence.db.types import uuid_of
from engine.persistence.store import tables as t

_R, _K, _P = t.releases, t.release_keypairs, t.release_participants
_RELEASES: sa.Select[Any] = sa.select(
    *(column for column in _R.c if column is not _R.c.search_text),
    aggregate_set(_K.c.keypair_id, uuid_of, _K.c.release_id == _R.c.id).label("keypair_ids"),
    aggregate_set(_P.c.user_id, uuid_of, _P.c.release_id == _R.c.id).label("participant_ids"),
).where(id_in(_R.c.id))
_VOTES = (
    sa.select(
        t.decisions.c.release_id,
        t.decisions.c.approver_id,
        t.decisions.c.verdict,
        t.decisions.c.material_revision,
    )
    .join(t.releases, t.releases.c.id == t.decisions.c.release_id)
    .where(
        id_in(t.decisions.c.release_id),
        t.decisions.c.material_revision == t.releases.c.material_revision,
    )
    .order_by(t.decisions.c.id)
)
_EDITORS = (
    sa.select(t.release_edits.c.release_id, t.release_edits.c.editor_id)
    .join(t.releases, t.releases.c.id == t.release_edits.c.release_id)
    .where(
        id_in(t.release_edits.c.release_id),
        t.release_edits.c.material,
        t.release_edits.c.revision >= t.releases.c.round_revision,
    )
)
#: One at most: the name is unique among those that hold it.
_NAMED = sa.select(_R.c.id).where(
    _R.c.account_id == sa.bindparam("account"),
    _R.c.name_key == sa.bindparam("name"),
    _R.c.name_held,
)


def load_releases(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Release]:
    """Return releases with their keypairs and participants, by id, in one statement."""
    if not ids:
        return {}
    rows = fetch_compiled(connection, _RELEASES, {"ids": sorted(ids)})
    return {row.id: _release(row) for row in rows}


def _release(row: Any) -> Release:
    fields = ReleaseFields(
        name=row.name,
        version=row.version,
        note=row.note,
        category=row.category,
        type=row.type,
        team_id=row.team_id,
        participant_ids=row.participant_ids,
        with_default_certificate=row.with_default_certificate,
        keypair_ids=row.keypair_ids,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        max_signatures=row.max_signatures,
        origin_condition=_origin_condition(row.origin_condition),
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
        requested_from=load_origin(row.requested_from),
    )


def load_origin(stored: str | None) -> Origin | None:
    """Return where a pipeline runs, from the text that is stored of it."""
    return None if stored is None else Origin.from_json(orjson.loads(stored))


def _origin_condition(stored: str | None) -> Conditions:
    return () if stored is None else conditions_from_json(orjson.loads(stored))


def load_votes(
    connection: Connection, releases: Collection[Release]
) -> dict[UUID, tuple[Vote, ...]]:
    """The decisions on the current material revision of each release."""
    rows = run_compiled(
        connection, _VOTES, {"ids": sorted(release.id for release in releases)}
    ).all()
    votes: dict[UUID, tuple[Vote, ...]] = {}
    for release_id, approver_id, verdict, revision in rows:
        vote = Vote(approver_id=approver_id, verdict=verdict, material_revision=revision)
        votes[release_id] = (*votes.get(release_id, ()), vote)
    return votes


def load_editors(
    connection: Connection, releases: Collection[Release]
) -> dict[UUID, frozenset[UUID]]:
    """Return who made a material edit of each release since its round began."""
    return fetch_grouped(connection, _EDITORS, (release.id for release in releases))


def name_is_taken(
    connection: Connection, account_id: UUID, name_key: str, other_than: UUID | None
) -> bool:
    """Return whether another release of the account holds a name."""
    parameters = {"account": account_id, "name": name_key}
    release_ids = run_compiled(connection, _NAMED, parameters).scalars().all()
    return any(release_id != other_than for release_id in release_ids)
