"""The decisions on releases, and how far their approval has come."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.lifecycle import approvals
from engine.lifecycle.approvals import Resolution
from engine.lifecycle.release_changes import fields_at
from engine.model.facts import Facts, Release, ReleaseFields
from engine.model.vocabulary import Status
from engine.persistence.db.compiled import fetch_compiled
from engine.persistence.db.sql import id_in
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext

_D = t.decisions
_DECISIONS = sa.select(_D).where(id_in(_D.c.release_id)).order_by(_D.c.id)


def of_releases(context: QueryContext, releases: Collection[Release]) -> dict[UUID, list[Row[Any]]]:
    """The decisions that count for each release: of the last material revision decided on."""
    by_release: dict[UUID, list[Row[Any]]] = {release.id: [] for release in releases}
    for row in fetch_compiled(context.connection, _DECISIONS, {"ids": sorted(by_release)}):
        by_release[row.release_id].append(row)
    return {release.id: _counting(release, by_release[release.id]) for release in releases}


def _counting(release: Release, rows: list[Row[Any]]) -> list[Row[Any]]:
    # Pending: what was decided on an older revision is void. Later: what it was approved by.
    if release.status is Status.PENDING or not rows:
        latest = release.material_revision
    else:
        latest = max(row.material_revision for row in rows)
    return [row for row in rows if row.material_revision == latest]


def fields_looked_at(
    context: QueryContext,
    releases: Collection[Release],
    decisions: Mapping[UUID, Collection[Row[Any]]],
) -> dict[UUID, ReleaseFields]:
    """The release's fields as each decision's approver saw them, by the decision's id."""
    edited = [
        release.id
        for release in releases
        if any(row.revision < release.revision for row in decisions[release.id])
    ]
    edits = loading.load_edits(context.connection, edited)
    return {
        row.id: fields_at(release.fields, edits.get(release.id, ()), row.revision)
        for release in releases
        for row in decisions[release.id]
    }


def can_be_met(facts: Facts) -> bool:
    """Whether enough users could still approve the release of these facts."""
    return approvals.can_be_met(facts.subject, approvals.counting(facts))


def progress(facts: Facts, decisions: list[Row[Any]]) -> Resolution:
    """How far the approval of the release of these facts has come."""
    verdicts = {row.approver_id: row.verdict for row in decisions}
    return approvals.progress(facts.subject, verdicts, approvals.counting(facts))
