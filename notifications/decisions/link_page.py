"""Reads what the page behind a link shows; opening it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.lifecycle import machine
from engine.lifecycle.schedule import as_of
from engine.model.facts import AccountSettings, Actor, Release
from engine.model.principal import Principal
from engine.model.visibility import sees
from engine.model.vocabulary import Channel, Status, Trigger
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.release_facts import assemble
from notifications.facts.change_facts import describe_changes
from notifications.facts.description import describe, progress
from notifications.facts.message_data import has_own_reason
from notifications.facts.person_names import person
from notifications.facts.release_context import ReleaseContext, load_release_context
from notifications.links import action_links
from notifications.outbox.differences import SeenRevisions, changes_since, seen_by
from notifications.vocabulary import Reference


class LinkState(StrEnum):
    """Whether a link can still decide, and if not, what happened instead."""

    #: It can.
    OPEN = "OPEN"
    #: Its approver has decided, with it or otherwise.
    DECIDED = "DECIDED"
    #: The request was changed in what approvers agree to.
    CHANGED = "CHANGED"
    #: Others approved it.
    APPROVED = "APPROVED"
    #: It became a release that needs no approval.
    NOT_NEEDED = "NOT_NEEDED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    #: The window ended before it was approved.
    EXPIRED = "EXPIRED"
    STOPPED = "STOPPED"
    #: The link's own time is over.
    LAPSED = "LAPSED"
    #: Its holder is no approver any more; the page shows no more than that.
    VOID = "VOID"


_ENDINGS = {
    "REJECTED": LinkState.REJECTED,
    "WITHDRAWN": LinkState.WITHDRAWN,
    "APPROVAL_NOT_OBTAINED": LinkState.EXPIRED,
}
#: Where it matters what its approver has not seen yet.
COMPARED = frozenset({LinkState.OPEN, LinkState.CHANGED, LinkState.DECIDED})
#: What ends a release that cannot be rejected any more.
INSTEAD_OF_REJECTING = (Trigger.WITHDRAW, Trigger.STOP)
#: The ledger's tags that say who brought it about, and when.
_TAGS = {
    LinkState.APPROVED: "release:approved",
    LinkState.REJECTED: "release:rejected",
    LinkState.WITHDRAWN: "release:withdrawn",
    LinkState.STOPPED: "release:stopped",
    LinkState.NOT_NEEDED: "release:revised",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPage:
    """A link with what its page shows."""

    link: Row[Any]
    standing: LinkState
    #: The instant as of which all of this is true.
    now: datetime
    #: What it would be, had its approver not decided.
    otherwise: LinkState = LinkState.VOID
    #: The approver whose link it is.
    user: Row[Any]
    account: str
    #: The release as of now and its approval; None where the page must not show them.
    request: dict[str, Any] | None = None
    approval: dict[str, Any] | None = None
    #: The approver's own decision, with the labels as they were when it was made.
    own: dict[str, Any] | None = None
    #: What differs from the revision that the approver knows; None where nothing was edited since.
    compared_with: Reference | None = None
    changes: Sequence[dict[str, Any]] = ()
    #: What can be done instead by its approver who wanted to reject it: withdraw, stop.
    left_to_do: frozenset[Trigger] = frozenset()
    #: Who brought about what the standing says, when and why.
    cause: dict[str, Any] | None = None
    #: Nobody approves what they asked for or edited themselves; they may still reject it.
    is_own_request: bool = False
    #: They asked for it themselves.
    is_requester: bool = False
    #: To decide, the approver must also be signed in.
    wants_session: bool = False
    #: That is because their address was changed after the link was made.
    is_of_former_address: bool = False


def open_link(connection: Connection, key: bytes, spelling: str, now: datetime) -> LinkPage | None:
    """The page of the link that this path names; None where there is no such link."""
    link = action_links.find(connection, key, spelling)
    if link is None:
        return None
    user = connection.execute(sa.select(t.users).where(t.users.c.id == link.user_id)).one()
    settings = loading.load_settings(connection, link.account_id)
    stored = loading.load_releases(connection, [link.release_id])[link.release_id]
    release = as_of(stored, now)
    shown: dict[str, Any] = {"link": link, "user": user, "account": settings.account_name}
    shown["now"] = now
    is_of_former_address = action_links.is_of_former_address(link, user)
    around = load_release_context(connection, [release])
    own = _own_decision(release, around, user.id)
    eligible = user.id in around.approvers_of(release)
    actor = loading.load_actor(connection, _approver(release, user.id))
    # Who decided and has left the team since sees no more of it here than anywhere else.
    if not sees(settings, actor, release) or not user.active or not (eligible or own):
        return LinkPage(standing=LinkState.VOID, **shown)
    otherwise = _standing(link, release, now)
    standing = LinkState.DECIDED if own else otherwise
    return LinkPage(
        standing=standing,
        otherwise=otherwise,
        request=describe(release, around),
        approval=progress(settings, release, around),
        own=own,
        **_differences(connection, link, release, standing),
        left_to_do=_left_to_do(connection, settings, release, actor, now),
        cause=_cause(connection, release, standing),
        is_own_request=user.id in around.authors_of(release) and not settings.allow_self_approval,
        is_requester=user.id == release.creator_id,
        wants_session=settings.signed_in_approvals or is_of_former_address,
        is_of_former_address=is_of_former_address,
        **shown,
    )


def _standing(link: Row[Any], release: Release, now: datetime) -> LinkState:
    if release.status is Status.PENDING:
        if link.material_revision != release.material_revision:
            return LinkState.CHANGED
        lapsed = link.voided_at is not None or link.expires_at <= now
        return LinkState.LAPSED if lapsed else LinkState.OPEN
    if release.end_code in _ENDINGS:
        return _ENDINGS[release.end_code]
    if release.status is Status.FAILED:
        return LinkState.STOPPED
    return LinkState.APPROVED if release.required_approvals else LinkState.NOT_NEEDED


def _approver(release: Release, user_id: UUID) -> Principal:
    return Principal(account_id=release.account_id, user_id=user_id, channel=Channel.EMAIL)


def _left_to_do(
    connection: Connection, settings: AccountSettings, release: Release, actor: Actor, now: datetime
) -> frozenset[Trigger]:
    """Return what the actor can do instead of rejecting, by the same rules as the commands."""
    facts = assemble(connection, now, settings, actor, [release])[release.id]
    # Only whether it is possible counts, so that any reason will do.
    with_reason = replace(facts, reason="any")
    return frozenset(
        trigger
        for trigger in INSTEAD_OF_REJECTING
        if machine.refusal_of(trigger, with_reason) is None
    )


def _own_decision(release: Release, around: ReleaseContext, user_id: UUID) -> dict[str, Any] | None:
    """Return the approver's own decision with the release's name then; None without one."""
    for row in around.standing_decisions_of(release):
        if row.approver_id == user_id:
            name = around.fields_at(release, row.revision).name
            decision = {"verdict": row.verdict, "comment": row.comment, "at": row.decided_at}
            return decision | {"release_name": name}
    return None


def _differences(
    connection: Connection, link: Row[Any], release: Release, standing: LinkState
) -> dict[str, Any]:
    """Return the changes that the reader has not seen yet."""
    if release.revision == 1 or standing not in COMPARED:
        return {}
    seen = seen_by(connection, [release]).get((release.id, link.user_id), SeenRevisions())
    if standing is LinkState.OPEN:
        revision, reference = seen.known_at_link(link.revision)
    else:
        revision, reference = seen.decided_or(link.revision)
    if revision == release.revision:
        return {}
    edits = loading.load_edits(connection, [release.id])[release.id]
    changes = describe_changes(connection, changes_since(edits, revision))
    return {"compared_with": reference, "changes": changes}


def _cause(connection: Connection, release: Release, standing: LinkState) -> dict[str, Any] | None:
    if standing is LinkState.EXPIRED:
        return {"actor": None, "at": release.fields.ends_at, "reason": None}
    if standing is LinkState.CHANGED:
        return _last_edit(connection, release)
    return _last_entry(connection, release, _TAGS[standing]) if standing in _TAGS else None


def _last_edit(connection: Connection, release: Release) -> dict[str, Any] | None:
    """The edit that made the current material revision; a later one of labels is none."""
    e = t.release_edits
    query = (
        sa.select(t.users.c.name, t.users.c.email, e.c.edited_at)
        .join(t.users, t.users.c.id == e.c.editor_id)
        .where(e.c.release_id == release.id, e.c.revision == release.material_revision)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return {"actor": person(row.name, row.email), "at": row.edited_at, "reason": None}


def _last_entry(connection: Connection, release: Release, tag: str) -> dict[str, Any] | None:
    e = t.ledger_entries
    query = sa.select(e.c.body, e.c.effective_at).where(
        e.c.release_id == release.id, e.c.tag == tag
    )
    rows = connection.execute(query.order_by(e.c.position.desc())).all()
    bodies = ((json.loads(row.body), row.effective_at) for row in rows)
    entry = next((entry for entry in bodies if _is_transition(entry[0])), None)
    if entry is None:
        return None
    body, at = entry
    actor, details = body["actor"], body["details"]
    name = person(actor["name"], actor["email"]) if actor["id"] else None
    reason = body["reason"] if has_own_reason(actor["id"], details) else None
    code = details.get("code")
    return {"actor": name, "at": at, "reason": reason, "code": code}


def _is_transition(body: dict[str, Any]) -> bool:
    """Whether a ledger entry changed the release's status, as most edits do not."""
    return bool(body["from"] != body["to"])
