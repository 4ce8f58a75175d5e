"""The facts of messages about events: collected with the event, rendered when the mail is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Table

from engine.model.events import Event, QuotaReached, Recorded
from engine.model.facts import AccountSettings, Release
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.facts.change_facts import describe_changes
from notifications.facts.description import describe, progress
from notifications.facts.last_artifacts import last_artifacts
from notifications.facts.person_names import person
from notifications.facts.release_context import ReleaseContext, names_of, people_by_ids
from notifications.tables import webhooks

#: The details of events that messages mention.
EVENT_DETAILS = ("percent", "used", "maximum", "early", "code", "widened", "asks_anew", "material")
#: The code of a release that was stopped because a keypair of it was disabled.
KEYPAIR_DISABLED = "KEYPAIR_DISABLED"
#: The tag in messages about a pending release whose requester has been deactivated.
REQUESTER_LEFT = "requester:left"
_NO_EVENT: dict[str, Any] = {
    "from": None,
    "actor": None,
    "channel": None,
    "reason": None,
    "changes": [],
}
#: The table and column with the name of each kind of subject.
NAME_COLUMNS: dict[str, tuple[Table, str]] = {
    "Account": (t.accounts, "name"),
    "Role": (t.roles, "name"),
    "Team": (t.teams, "name"),
    "Keypair": (t.keypairs, "alias"),
    "ApiToken": (t.api_tokens, "name"),
    "Webhook": (webhooks, "name"),
}


def facts_of_event(
    uow: UnitOfWork, recorded: Recorded, release: Release, context: ReleaseContext
) -> dict[str, Any]:
    """Return the facts of an event of a release: event, release and approval as they now are."""
    return {
        "event": _event(uow.connection, recorded)
        | _disabled_keypairs(uow.connection, recorded, release)
        | _artifacts(uow.connection, recorded, release),
        "release": describe(release, context),
        "approval": progress(uow.settings, release, context),
        "self_approval": uow.settings.allow_self_approval,
        "account": uow.settings.account_name,
    }


def facts_of_leaving(uow: UnitOfWork, recorded: Recorded, release: Release) -> dict[str, Any]:
    """Return the facts for people who no longer take part in a release: little but its name."""
    event = {"tag": recorded.event.tag, "at": recorded.effective_at, "actor": None, "reason": None}
    return {
        "event": event,
        "subject": {"kind": "Release", "name": release.fields.name},
        "account": uow.settings.account_name,
    }


def facts_of_time(
    settings: AccountSettings, release: Release, context: ReleaseContext, now: datetime
) -> dict[str, Any]:
    """Return the facts of a message that time causes and no event, such as a reminder."""
    return {
        "event": {**_NO_EVENT, "tag": "time", "at": now},
        "release": describe(release, context),
        "approval": progress(settings, release, context),
        "self_approval": settings.allow_self_approval,
        "account": settings.account_name,
    }


def facts_of_requester_leaving(
    settings: AccountSettings, release: Release, context: ReleaseContext, now: datetime
) -> dict[str, Any]:
    """Return the facts of a pending release whose requester has been deactivated."""
    facts = facts_of_time(settings, release, context, now)
    return facts | {"event": {**_NO_EVENT, "tag": REQUESTER_LEFT, "at": now}}


def facts_of_expiry(
    settings: AccountSettings, certificate: Row[Any], days_left: int, now: datetime
) -> dict[str, Any]:
    """Return the facts of a message that a certificate of a keypair expires soon."""
    return {
        "event": {**_NO_EVENT, "tag": "time", "at": now},
        "subject": {"kind": "Keypair", "name": certificate.alias},
        "certificate": {
            "kind": certificate.kind,
            "subject": certificate.subject,
            "expires_at": certificate.expires_at,
            "is_default": certificate.is_default,
        },
        "days_left": days_left,
        "account": settings.account_name,
    }


def facts_of_administration(uow: UnitOfWork, recorded: Recorded) -> dict[str, Any]:
    """Return the facts of a change in the account's administration: event, subject and its name."""
    event = recorded.event
    return {
        "event": _event(uow.connection, recorded),
        "subject": {"kind": event.kind, "name": _name(uow, event)},
        "account": uow.settings.account_name,
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
        "reason": event.reason if has_own_reason(actor.user_id, details) else None,
        "changes": describe_changes(connection, details.get("changes", {})),
        **{name: details[name] for name in EVENT_DETAILS if name in details},
    }


def has_own_reason(actor_id: Any, details: Mapping[str, Any]) -> bool:
    """Tell whether a person wrote an event's reason; the service's own reasons are translated."""
    return actor_id is not None and details.get("code") != KEYPAIR_DISABLED


def _disabled_keypairs(
    connection: Connection, recorded: Recorded, release: Release
) -> dict[str, Any]:
    """Return the disabled keypairs because of which a release was stopped."""
    if recorded.event.details().get("code") != KEYPAIR_DISABLED:
        return {}
    k = t.keypairs
    query = sa.select(k.c.alias).where(id_in(k.c.id), ~k.c.enabled).order_by(k.c.alias)
    ids = {"ids": sorted(release.fields.keypair_ids)}
    return {"disabled": list(connection.execute(query, ids).scalars())}


def _artifacts(connection: Connection, recorded: Recorded, release: Release) -> dict[str, Any]:
    """Return what the last signatures were for, with a share of the maximum that was reached."""
    if recorded.event.tag != QuotaReached.tag:
        return {}
    return last_artifacts(connection, release.id)


def _name(uow: UnitOfWork, event: Event) -> str | None:
    if event.kind == "User":
        return people_by_ids(uow.connection, {event.subject_id}).get(event.subject_id)
    if event.kind not in NAME_COLUMNS:
        return None
    table, column = NAME_COLUMNS[event.kind]
    return names_of(uow.connection, table, {event.subject_id}, column).get(event.subject_id)
