"""Describes a release with names instead of ids, for mails and pages alike."""

from __future__ import annotations

from typing import Any

from engine.lifecycle import approvals
from engine.model.facts import LABEL_FIELDS, AccountSettings, Release
from engine.model.origins import Origin
from notifications.facts.person_names import person
from notifications.facts.release_context import ReleaseContext


def describe(release: Release, context: ReleaseContext) -> dict[str, Any]:
    """Return the release's fields, with the names of people, keypairs and team."""
    fields, team = release.fields, context.team_of(release)
    return {
        "id": release.id,
        "name": fields.name,
        "version": fields.version,
        "note": fields.note,
        "type": fields.type,
        "category": fields.category,
        "with_default_certificate": fields.with_default_certificate,
        "team": team.name if team else None,
        "keypairs": sorted(context.keypairs[id_] for id_ in fields.keypair_ids),
        "participants": sorted(context.person(id_) for id_ in fields.participant_ids),
        "requested_by": context.person(release.creator_id),
        "requester_active": context.users[release.creator_id].active,
        "starts_at": fields.starts_at,
        "ends_at": fields.ends_at,
        "max_signatures": fields.max_signatures,
        "origin_condition": list(map(str, fields.origin_condition)),
        "requested_from": _place(release.requested_from),
        "signatures_used": release.signatures_used,
        "status": release.status,
        "revision": release.revision,
    }


def _place(origin: Origin | None) -> str | None:
    """Return the repository and the ref of a pipeline, as far as they are known."""
    if origin is None:
        return None
    return " ".join(part for part in (origin.repository, origin.ref, origin.run) if part)


def labels_at(release: Release, context: ReleaseContext, revision: int) -> list[dict[str, Any]]:
    """Return the labels that have changed since a revision, with their values at that revision."""
    earlier_fields = context.fields_at(release, revision)
    changed = earlier_fields.changed_from(release.fields) & LABEL_FIELDS
    return [{"field": name, "value": getattr(earlier_fields, name)} for name in sorted(changed)]


def progress(
    settings: AccountSettings, release: Release, context: ReleaseContext
) -> dict[str, Any]:
    """Return how far the approval has come: what is required and received, and each decision."""
    rows = context.decisions_of(release)
    verdicts = {row.approver_id: row.verdict for row in rows}
    eligible, authors = context.approvers_of(release), context.authors_of(release)
    entitled = approvals.entitled(settings, eligible, authors)
    counted = approvals.progress(release, verdicts, entitled)
    return {
        "required": counted.required,
        "received": counted.received,
        "remaining": counted.remaining,
        "can_be_met": approvals.can_be_met(release, entitled),
        "decisions": [
            {
                "name": person(row.name, row.email),
                "verdict": row.verdict,
                "comment": row.comment,
                "channel": row.channel,
                "at": row.decided_at,
                "labels": labels_at(release, context, row.revision),
            }
            for row in rows
        ],
    }
