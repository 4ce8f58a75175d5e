"""What a message needs to know of an event, as plain data: taken now, read when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from engine.model.events import Event, Recorded
from engine.model.facts import AccountSettings, Release
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.facts.change_facts import describe_changes
from notifications.facts.description import describe, progress
from notifications.facts.person_names import person
from notifications.facts.release_context import ReleaseContext, names_of, people_by_ids
from notifications.tables import webhooks

#: Of an event's own details, what messages speak of.
TOLD = ("percent", "used", "maximum", "early", "code", "widened", "asks_anew", "material")
#: Why a release was stopped that nobody stopped by itself.
KEYPAIR_DISABLED = "KEYPAIR_DISABLED"
#: What messages call it when the requester of a pending release has been deactivated.
REQUESTER_LEFT = "requester:left"
_NO_EVENT: dict[str, Any] = {
    "from": None,
    "actor": None,
    "channel": None,
    "reason": None,
    "changes": [],
}
#: How the subjects of administration are called.
NAMED: dict[str, tuple[Table, str]] = {
    "Account": (t.accounts, "name"),
    "Role": (t.roles, "name"),
    "Team": (t.teams, "name"),
    "Keypair": (t.keypairs, "alias"),
    "ApiToken": (t.api_tokens, "name"),
    "Webhook": (webhooks, "name"),
}


def facts_of_event(
    uow: UnitOfWork, recorded: Recorded, release: Release, around: ReleaseContext
) -> dict[str, Any]:
    """Of an event of a release: the event, the release and its approval as they stand."""
    return {
        "event": _event(uow.connection, recorded) | _disabled(uow.connection, recorded, release),
        "release": describe(release, around),
        "approval": progress(uow.policy, release, around),
        "self_approval": uow.policy.allow_self_approval,
        "account": uow.policy.account_name,
    }


def facts_of_leaving(uow: UnitOfWork, recorded: Recorded, release: Release) -> dict[str, Any]:
    """For people who take no part in a release any more: no more than how it is called."""
    told = {"tag": recorded.event.tag, "at": recorded.effective_at, "actor": None, "reason": None}
    return {
        "event": told,
        "subject": {"kind": "Release", "name": release.fields.name},
        "account": uow.policy.account_name,
    }


def facts_of_time(
    policy: AccountSettings, release: Release, around: ReleaseContext, now: datetime
) -> dict[str, Any]:
    """Of a release about which nothing happened but time."""
    return {
        "event": {**_NO_EVENT, "tag": "time", "at": now},
        "release": describe(release, around),
        "approval": progress(policy, release, around),
        "self_approval": policy.allow_self_approval,
        "account": policy.account_name,
    }


def facts_of_requester_leaving(
    policy: AccountSettings, release: Release, around: ReleaseContext, now: datetime
) -> dict[str, Any]:
    """Of a pending release whose requester has been deactivated."""
    facts = facts_of_time(policy, release, around, now)
    return facts | {"event": {**_NO_EVENT, "tag": REQUESTER_LEFT, "at": now}}


def facts_of_administration(uow: UnitOfWork, recorded: Recorded) -> dict[str, Any]:
    """Of a change of the account's own things: what was changed, and how it is called."""
    event = recorded.event
    return {
        "event": _event(uow.connection, recorded),
        "subject": {"kind": event.kind, "name": _name(uow, event)},
        "account": uow.policy.account_name,
    }


def _event(connection: Connection, recorded: Recorded) -> dict[str, Any]:
    event, actor = recorded.event, recorded.actor
    details = event.details()
    return {
        "tag": event.tag,
        "at": recorded.effective_at,
        "from": event.from_status,
        "actor": person(actor.name, actor.email) if actor.user_id else None,
        "channel": actor.channel,
        "reason": event.reason if is_told_by_a_person(actor.user_id, details) else None,
        "changes": describe_changes(connection, details.get("changes", {})),
        **{name: details[name] for name in TOLD if name in details},
    }


def is_told_by_a_person(actor_id: Any, details: Mapping[str, Any]) -> bool:
    """Whether an event's reason is somebody's own words; messages say ours in every language."""
    return actor_id is not None and details.get("code") != KEYPAIR_DISABLED


def _disabled(connection: Connection, recorded: Recorded, release: Release) -> dict[str, Any]:
    """The keypairs that a release was stopped for."""
    if recorded.event.details().get("code") != KEYPAIR_DISABLED:
        return {}
    k = t.keypairs
    query = sa.select(k.c.alias).where(id_in(k.c.id), ~k.c.enabled).order_by(k.c.alias)
    asked = {"ids": sorted(release.fields.keypair_ids)}
    return {"disabled": list(connection.execute(query, asked).scalars())}


def _name(uow: UnitOfWork, event: Event) -> str | None:
    if event.kind == "User":
        return people_by_ids(uow.connection, {event.subject_id}).get(event.subject_id)
    if event.kind not in NAMED:
        return None
    table, column = NAMED[event.kind]
    return names_of(uow.connection, table, {event.subject_id}, column).get(event.subject_id)
