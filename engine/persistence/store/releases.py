"""Writes releases: the only place where a release's status is written."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.lifecycle.schedule import EndReason, apply_transition
from engine.model.claims import conditions_to_json
from engine.model.events import SignatureDropped
from engine.model.facts import CLOCK, FIELD_NAMES, Release, ReleaseFields
from engine.model.text import name_key, search_text
from engine.model.vocabulary import Channel, SignatureState, Status, Verdict
from engine.persistence.db.bulk import insert_many, insert_one, update_many
from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.ids import uuid7
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

#: Fields that are rows of their own rather than columns.
_SETS = {"keypair_ids", "participant_ids"}
#: Columns that a transition can change.
_TRANSITION_COLUMNS = (
    "id",
    "status",
    "status_since",
    "opened_at",
    "ended_at",
    "end_code",
    "end_reason",
    "signatures_reserved",
)
#: Columns that an edit can change, besides the fields.
_EDIT_COLUMNS = ("id", "revision", "material_revision", "required_approvals", "round_revision")

# Statements of the hot path are built once: to build one costs more than to run it.
_R, _H, _P = t.releases, t.release_keypairs, t.release_participants
_D, _S = t.decisions, t.signatures
_END_HOLDS = _H.update().where(id_in(_H.c.release_id), _H.c.held).values(held=False)
_DISCARD = (
    _S.update()
    .where(_S.c.release_id == sa.bindparam("release"), t.IS_RESERVED)
    .values(state=SignatureState.DISCARDED, settled_at=sa.bindparam("at"))
    .returning(_S.c.id, _S.c.keypair_id)
)
_OF_RELEASE: sa.BindParameter[UUID] = sa.bindparam("release")
_DROP_KEYPAIRS = _H.delete().where(_H.c.release_id == _OF_RELEASE, id_in(_H.c.keypair_id))
_DROP_PARTICIPANTS = _P.delete().where(_P.c.release_id == _OF_RELEASE, id_in(_P.c.user_id))
_APPROVALS = (
    sa.select(sa.func.count())
    .where(
        _D.c.release_id == _R.c.id,
        _D.c.material_revision == _R.c.material_revision,
        _D.c.verdict == Verdict.APPROVE,
    )
    .scalar_subquery()
)
_WITH_ENOUGH_VOTES = sa.select(_R.c.id).where(
    id_in(_R.c.id),
    _R.c.status == Status.PENDING,
    _R.c.required_approvals <= _APPROVALS,
)


def insert_release(connection: Connection, release: Release) -> None:
    """Insert a new release, its participants, and its keypairs, which it holds from now on."""
    origin = release.requested_from
    values = {
        "account_id": release.account_id,
        "name_held": True,
        "status": release.status,
        "status_since": release.status_since,
        "creator_id": release.creator_id,
        "created_at": release.created_at,
        "signatures_used": 0,
        "signatures_reserved": 0,
        "requested_from": _as_json(origin.to_json() if origin is not None else None),
    }
    insert_one(connection, _R, values | _edit_values(release))
    _insert_keypairs(connection, release.id, release.fields.keypair_ids)
    _insert_participants(connection, release.id, release.fields.participant_ids)


def insert_decision(
    connection: Connection,
    release: Release,
    approver_id: UUID,
    verdict: Verdict,
    *,
    revision: int,
    comment: str | None,
    channel: Channel,
    at: datetime,
) -> None:
    """Insert a verdict on a release; `revision` is the one that the approver saw."""
    row = {
        "id": uuid7(),
        "release_id": release.id,
        "approver_id": approver_id,
        "verdict": verdict,
        "material_revision": release.material_revision,
        "revision": revision,
        "comment": comment,
        "channel": channel,
        "decided_at": at,
    }
    insert_one(connection, _D, row)


def update_release(
    connection: Connection,
    before: Release,
    after: Release,
    *,
    editor_id: UUID | None,
    material: bool,
    at: datetime,
) -> None:
    """Write an edit: fields and revisions, the links that differ, and who made it."""
    update_many(connection, _R, {}, [_edit_values(after)])
    old, new = before.fields, after.fields
    _delete_links(connection, _DROP_KEYPAIRS, after.id, old.keypair_ids - new.keypair_ids)
    _insert_keypairs(connection, after.id, new.keypair_ids - old.keypair_ids)
    _delete_links(
        connection, _DROP_PARTICIPANTS, after.id, old.participant_ids - new.participant_ids
    )
    _insert_participants(connection, after.id, new.participant_ids - old.participant_ids)
    edit = {
        "release_id": after.id,
        "revision": after.revision,
        "editor_id": editor_id,
        "material": material,
        "edited_at": at,
    }
    insert_one(connection, t.release_edits, edit)


def write_transition(
    uow: UnitOfWork, release: Release, target: Status, ending: EndReason | None = None
) -> Release:
    """Write a status that the state machine decided; returns the release with it."""
    after = apply_transition(release, target, uow.now, ending)
    write_transitions(uow, [(release, after)])
    return after


def write_transitions(uow: UnitOfWork, transitions: Sequence[tuple[Release, Release]]) -> None:
    """Write releases as they are after their transitions, given with the release before.

    A release that ends gives its keypairs back, and its name if it never opened.
    """
    ended = [after.id for _, after in transitions if after.status.is_final]
    if ended:
        run_compiled(uow.connection, _END_HOLDS, {"ids": ended})
    for before, after in transitions:
        if before.signatures_reserved != after.signatures_reserved:
            _discard(uow, after)
    if transitions:
        update_many(uow.connection, _R, {}, [_transition_values(after) for _, after in transitions])


def _discard(uow: UnitOfWork, release: Release) -> None:
    """Discard reserved signatures, whether or not their signer still makes them."""
    parameters = {"release": release.id, "at": release.ended_at}
    for row in run_compiled(uow.connection, _DISCARD, parameters).all():
        event = SignatureDropped(
            subject_id=row.id,
            release_id=release.id,
            keypair_id=row.keypair_id,
            state=SignatureState.DISCARDED,
        )
        uow.record(event, actor=CLOCK)


def _transition_values(after: Release) -> dict[str, Any]:
    holds_name = not after.status.is_final or after.opened_at is not None
    return {name: getattr(after, name) for name in _TRANSITION_COLUMNS} | {"name_held": holds_name}


def _edit_values(after: Release) -> dict[str, Any]:
    return {name: getattr(after, name) for name in _EDIT_COLUMNS} | _columns(after.fields)


def _columns(fields: ReleaseFields) -> dict[str, Any]:
    values = {name: getattr(fields, name) for name in FIELD_NAMES if name not in _SETS}
    searched = search_text(fields.version, fields.note)
    values["origin_condition"] = _as_json(conditions_to_json(fields.origin_condition))
    return values | {"name_key": name_key(fields.name), "search_text": searched}


def _as_json(value: Mapping[str, Any] | None) -> str | None:
    """Return what is stored of an object; nothing of an empty one."""
    return canonical(value) if value else None


def _insert_keypairs(
    connection: Connection, release_id: UUID, keypair_ids: Collection[UUID]
) -> None:
    # In id order, so that two requests for the same keypairs wait for each other, not in a ring.
    rows = [{"keypair_id": keypair_id} for keypair_id in sorted(keypair_ids)]
    if rows:
        insert_many(connection, _H, {"release_id": release_id, "held": True}, rows)


def _insert_participants(
    connection: Connection, release_id: UUID, user_ids: Collection[UUID]
) -> None:
    rows = [{"user_id": user_id} for user_id in sorted(user_ids)]
    if rows:
        insert_many(connection, _P, {"release_id": release_id}, rows)


def _delete_links(
    connection: Connection, statement: sa.Delete, release_id: UUID, ids: Collection[UUID]
) -> None:
    if ids:
        run_compiled(connection, statement, {"release": release_id, "ids": sorted(ids)})


def find_with_enough_votes(connection: Connection, ids: Collection[UUID]) -> Sequence[UUID]:
    """Return those of the releases that await approval and have enough votes.

    Not all of the votes need to count: few releases are, and the rules tell about those.
    """
    if not ids:
        return []
    return run_compiled(connection, _WITH_ENOUGH_VOTES, {"ids": sorted(ids)}).scalars().all()
