"""A release in words that people know: names, not ids. Mails and pages show the same."""

from __future__ import annotations

from typing import Any

from engine.lifecycle import approvals
from engine.model.facts import LABEL_FIELDS, AccountSettings, Release
from notifications.facts.person_names import person
from notifications.facts.release_context import ReleaseContext


def describe(release: Release, around: ReleaseContext) -> dict[str, Any]:
    """What the request says, with every name spelt out."""
    fields, team = release.fields, around.team_of(release)
    return {
        "id": release.id,
        "name": fields.name,
        "version": fields.version,
        "note": fields.note,
        "type": fields.type,
        "category": fields.category,
        "with_default_certificate": fields.with_default_certificate,
        "team": team.name if team else None,
        "keypairs": sorted(around.keypairs[id_] for id_ in fields.keypair_ids),
        "participants": sorted(around.person(id_) for id_ in fields.participant_ids),
        "requested_by": around.person(release.creator_id),
        "requester_active": around.users[release.creator_id].active,
        "starts_at": fields.starts_at,
        "ends_at": fields.ends_at,
        "max_signatures": fields.max_signatures,
        "signatures_used": release.signatures_used,
        "status": release.status,
        "revision": release.revision,
    }


def labels_then(release: Release, around: ReleaseContext, revision: int) -> list[dict[str, Any]]:
    """The labels that were others when this revision was looked at: each with its value then."""
    then = around.fields_at(release, revision)
    changed = then.changed_from(release.fields) & LABEL_FIELDS
    return [{"field": name, "value": getattr(then, name)} for name in sorted(changed)]


def progress(policy: AccountSettings, release: Release, around: ReleaseContext) -> dict[str, Any]:
    """How far its approval has come: what is required, received, and who decided what."""
    rows = around.decisions_of(release)
    verdicts = {row.approver_id: row.verdict for row in rows}
    eligible, authors = around.approvers_of(release), around.authors_of(release)
    entitled = approvals.entitled(policy, eligible, authors)
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
                "labels": labels_then(release, around, row.revision),
            }
            for row in rows
        ],
    }
