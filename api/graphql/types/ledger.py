"""Entries of the ledger, and the credentials that they name."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.graphql.ids import to_global
from api.graphql.scalars import parse_base64
from api.graphql.types import ledger_details
from api.graphql.types.enums import Channel, CredentialKind, ReleaseStatus
from api.graphql.types.event_tag import EventTag, event_of
from api.graphql.types.ledger_details import (
    DeliveryTrouble,
    FieldChange,
    LedgerDecision,
    RefusedAttempt,
)
from api.graphql.types.node import Node
from api.graphql.types.people import User
from api.graphql.types.stored_words import known_word
from engine.queries.records import Record

if TYPE_CHECKING:
    from api.graphql.types.release import Release


#: Types by whose ids credentials are named; a mail's link is of no type that can be asked for.
_CREDENTIALS = {
    CredentialKind.TOKEN: "ApiToken",
    CredentialKind.SESSION: "Session",
    CredentialKind.LINK: "ActionLink",
    CredentialKind.PIPELINE_RULE: "PipelineRule",
}


@strawberry.type(description="The credential with which an action was performed.")
class Credential:
    kind: CredentialKind = strawberry.field(
        description="The kind of credential, such as an API token or a browser session."
    )
    id: strawberry.ID | None = strawberry.field(
        description="The id of the token, session or mailed link, or null for other kinds"
        " of credential. A mailed link cannot be fetched by its id, which only"
        " distinguishes one link from another."
    )

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> Credential | None:
        """As an entry's body has it; entries of the first format have none.

        None also for a kind that only a newer version knows, which wrote the entry.
        """
        kind = known_word(CredentialKind, stored["kind"]) if stored is not None else None
        if stored is None or kind is None:
            return None
        named = stored["id"] is not None and kind in _CREDENTIALS
        id_ = to_global(_CREDENTIALS[kind], UUID(stored["id"])) if named else None
        return cls(kind=kind, id=strawberry.ID(id_) if id_ is not None else None)


@strawberry.type(
    description="An entry of the account's ledger, which is linked to the previous"
    " entry by its hash."
)
class LedgerEntry(Node):
    source: strawberry.Private[Record]
    body: strawberry.Private[dict[str, Any]]
    position: int = strawberry.field(
        description="The position of the entry in the account's ledger, counted from 1"
        " without gaps."
    )
    tag: str = strawberry.field(
        description="The tag of the event that the entry records, like `release:approved`."
    )
    event: EventTag | None = strawberry.field(
        description="The tag as a value of an enum, or null for one that this version does not"
        " know, since a newer one wrote the entry."
    )
    effective_at: datetime = strawberry.field(
        description="The time at which the event counts as having happened, such as the"
        " planned end of a window."
    )
    recorded_at: datetime = strawberry.field(description="The time at which the entry was written.")
    actor_name: str = strawberry.field(
        description="The name, at that time, of the user or program that caused the event."
    )
    channel: Channel | None = strawberry.field(
        description="The interface through which the request came, or null for one that this"
        " version does not know."
    )
    credential: Credential | None = strawberry.field(
        description="The credential that was used, or null in old entries that did not"
        " record it yet and for kinds that this version does not know."
    )
    from_status: ReleaseStatus | None = strawberry.field(
        description="The status of the release before the event, if it changed and this version"
        " knows it."
    )
    to_status: ReleaseStatus | None = strawberry.field(
        description="The status of the release after the event, if it changed and this version"
        " knows it."
    )
    reason: str | None = strawberry.field(
        description="The reason that was given, if there was one."
    )
    subject_id: strawberry.ID | None = strawberry.field(
        description="The id of what the entry is about, such as a team, as `node` takes it; `node`"
        " answers null for what the caller may not see and what was deleted."
    )
    keypair_id: strawberry.ID | None = strawberry.field(
        description="The id of the keypair of the signature that the entry is about, as `node`"
        " takes it, or null if it is about something else."
    )
    details: JSON = strawberry.field(
        description="Further data of the event as the ledger stores and hashes it, with the ids of"
        " the database; its fields depend on the tag."
    )
    hash: str = strawberry.field(
        description="The SHA-256 hash of the entry's canonical JSON, in hexadecimal digits."
    )
    previous_hash: str = strawberry.field(
        description="The hash of the previous entry, in hexadecimal digits."
    )
    actor: User | None = strawberry.field(
        default=None,
        description="The user who caused the event, or null if time or an operator did.",
    )
    release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(default=None, description="The release that the event is about, if any.")
    )

    @strawberry.field(
        description="The properties that the event changed, if it is of a kind that changes some."
    )
    def changes(self) -> list[FieldChange]:
        return ledger_details.changes_in(self.body["details"])

    @strawberry.field(
        description="The decision that the entry records, or null if it records something else, or"
        " a verdict that this version does not know."
    )
    def decision(self) -> LedgerDecision | None:
        return ledger_details.decision_in(self.tag, self.body["details"])

    @strawberry.field(
        description="The refused attempt that the entry records, or null if it records something"
        " else, or was refused with a code that this version does not know."
    )
    def attempt(self) -> RefusedAttempt | None:
        return ledger_details.attempt_in(self.tag, self.body["details"])

    @strawberry.field(
        description="The messages that the entry reports as not arriving, or null if it records"
        " something else."
    )
    def delivery_trouble(self) -> DeliveryTrouble | None:
        return ledger_details.delivery_trouble_in(self.tag, self.body["details"])

    @classmethod
    def of(cls, row: Record) -> LedgerEntry:
        """An entry from its row."""
        body = json.loads(row.body)
        return cls(
            id=strawberry.ID(to_global("LedgerEntry", UUID(int=row.position))),
            source=row,
            body=body,
            position=row.position,
            tag=row.tag,
            event=event_of(row.tag),
            effective_at=row.effective_at,
            recorded_at=row.recorded_at,
            actor_name=body["actor"]["name"],
            channel=known_word(Channel, body["channel"]),
            credential=Credential.of(body.get("credential")),
            from_status=known_word(ReleaseStatus, body["from"]),
            to_status=known_word(ReleaseStatus, body["to"]),
            reason=body["reason"],
            subject_id=ledger_details.subject_id(body),
            keypair_id=ledger_details.keypair_id(body["details"]),
            details=body["details"],
            hash=row.hash.hex(),
            previous_hash=parse_base64(body["previous"]).hex(),
        )
