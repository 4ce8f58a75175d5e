"""What a webhook is sent: JSON of a ledger entry, with names beside the ids.

Never links or secrets; of an entry's details only what is listed here. Whoever needs more asks the
API, with the ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.persistence.db.canonical_json import canonical
from engine.persistence.store.ledger import LedgerEntry

#: The id of a thing as the API spells it: kind and UUID.
Spelling = Callable[[str, UUID], str]

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
)
#: Kinds that the API finds by their UUID.
_FOUND = frozenset({"Account", "ApiToken", "Keypair", "Release", "Role", "Team", "User", "Webhook"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContext:
    """What entries are told with: names of their account, releases and keypairs."""

    account_id: UUID
    account: str
    recorded_at: datetime
    releases: Mapping[UUID, Mapping[str, Any]]
    keypairs: Mapping[UUID, str]


def of_entry(entry: LedgerEntry, scene: EventContext, spell: Spelling) -> str:
    """The body for one ledger entry, the same for every webhook."""
    event, actor = entry.recorded.event, entry.recorded.actor
    data = {
        "tag": event.tag,
        "position": entry.position,
        "effective_at": entry.recorded.effective_at,
        "recorded_at": scene.recorded_at,
        "account": {"id": spell("Account", scene.account_id), "name": scene.account},
        "actor": {"id": spell("User", actor.user_id), "name": actor.name}
        if actor.user_id
        else None,
        "channel": actor.channel,
        "subject": _subject(event.kind, event.subject_id, spell),
        "release": _release(event.release_id, scene, spell),
        "from": event.from_status,
        "to": event.to_status,
        "reason": event.reason,
        **_details(event.details(), scene, spell),
    }
    return _body(event.tag, entry.recorded.effective_at, data)


def of_test(now: datetime, name: str) -> str:
    """The body that means nothing."""
    return _body("webhook:test", now, {"tag": "webhook:test", "webhook": {"name": name}})


def _body(tag: str, at: datetime, data: dict[str, Any]) -> str:
    # The specification wants types with full stops.
    return canonical({"type": tag.replace(":", "."), "timestamp": at, "data": data})


def _subject(kind: str, subject_id: UUID, spell: Spelling) -> dict[str, Any]:
    return {"kind": kind, "id": spell(kind, subject_id) if kind in _FOUND else None}


def _release(
    release_id: UUID | None, scene: EventContext, spell: Spelling
) -> dict[str, Any] | None:
    if release_id is None:
        return None
    return {"id": spell("Release", release_id), **scene.releases.get(release_id, {})}


def _details(details: dict[str, Any], scene: EventContext, spell: Spelling) -> dict[str, Any]:
    told = {name: details[name] for name in DETAILS if name in details}
    if "changes" in details:
        told["changed"] = sorted(details["changes"])
    keypair_id = details.get("keypair_id")
    if keypair_id is not None:
        alias = scene.keypairs.get(keypair_id)
        told["keypair"] = {"id": spell("Keypair", keypair_id), "alias": alias}
    return {"details": told}
