"""The body of a webhook request: a ledger entry as JSON, with names beside the ids.

It never holds links or secrets, and of an entry's details only those listed here. A receiver that
needs more queries the API with the ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.persistence.db.canonical_json import canonical
from engine.persistence.store.ledger import LedgerEntry

#: Returns the API's id of a kind and UUID.
EncodeId = Callable[[str, UUID], str]

DETAILS = (
    "verdict",
    "revision",
    "received",
    "required",
    "material",
    "asks_anew",
    "widened",
    "early",
    "code",
    "percent",
    "used",
    "maximum",
    "digest",
    "digest_algorithm",
    "state",
    "method",
    "command",
    "channel",
    "failing",
    "failed",
)
#: The kinds that have an id in the API.
_ADDRESSABLE_KINDS = frozenset(
    {"Account", "ApiToken", "Keypair", "Release", "Role", "Team", "User", "Webhook"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContext:
    """The names of account, releases and keypairs that the bodies of entries hold."""

    account_id: UUID
    account: str
    recorded_at: datetime
    releases: Mapping[UUID, Mapping[str, Any]]
    keypairs: Mapping[UUID, str]


def of_entry(entry: LedgerEntry, context: EventContext, encode_id: EncodeId) -> str:
    """Return the body for a ledger entry, which is the same for every webhook."""
    event, actor = entry.recorded.event, entry.recorded.actor
    data = {
        "tag": event.tag,
        "position": entry.position,
        "effective_at": entry.recorded.effective_at,
        "recorded_at": context.recorded_at,
        "account": {"id": encode_id("Account", context.account_id), "name": context.account},
        "actor": {"id": encode_id("User", actor.user_id), "name": actor.name}
        if actor.user_id
        else None,
        "channel": actor.channel,
        "subject": _subject(event.kind, event.subject_id, encode_id),
        "release": _release(event.release_id, context, encode_id),
        "from": event.from_status,
        "to": event.to_status,
        "reason": event.reason,
        **_details(event.details(), context, encode_id),
    }
    return _body(event.tag, entry.recorded.effective_at, data)


def of_test(now: datetime, name: str) -> str:
    """Return the body of a test event."""
    return _body("webhook:test", now, {"tag": "webhook:test", "webhook": {"name": name}})


def _body(tag: str, at: datetime, data: dict[str, Any]) -> str:
    # The specification wants types with full stops.
    return canonical({"type": tag.replace(":", "."), "timestamp": at, "data": data})


def _subject(kind: str, subject_id: UUID, encode_id: EncodeId) -> dict[str, Any]:
    return {"kind": kind, "id": encode_id(kind, subject_id) if kind in _ADDRESSABLE_KINDS else None}


def _release(
    release_id: UUID | None, context: EventContext, encode_id: EncodeId
) -> dict[str, Any] | None:
    if release_id is None:
        return None
    return {"id": encode_id("Release", release_id), **context.releases.get(release_id, {})}


def _details(details: dict[str, Any], context: EventContext, encode_id: EncodeId) -> dict[str, Any]:
    values = {name: details[name] for name in DETAILS if name in details}
    if "changes" in details:
        values["changed"] = sorted(details["changes"])
    keypair_id = details.get("keypair_id")
    if keypair_id is not None:
        alias = context.keypairs.get(keypair_id)
        values["keypair"] = {"id": encode_id("Keypair", keypair_id), "alias": alias}
    return {"details": values}
