"""What ledger entries say beyond their common fields, with the ids of the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.graphql.ids import to_global
from api.graphql.strawberry_compat import to_camel_case
from api.graphql.types.enums import DecisionVerdict
from api.graphql.types.error_code import ErrorCode
from api.graphql.types.stored_words import known_word
from engine.model.events import AttemptRefused, DecisionRecorded
from notifications.outbox.trouble import DeliveryTroubleReported

#: The type of the object that an id names, by the field that has the id, or the list of ids.
TYPES_BY_FIELD = {
    "certificate_id": "Certificate",
    "keypair_id": "Keypair",
    "keypair_ids": "Keypair",
    "member_ids": "User",
    "parent_id": "ApiToken",
    "participant_ids": "User",
    "team_id": "Team",
    "user_id": "User",
    "user_ids": "User",
}
#: The kinds of subject, as the ledger calls them, that `node` has no objects of.
NO_NODES = frozenset({"Attempt"})


@strawberry.type(description="A property that an event changed, with its value before and after.")
class FieldChange:
    field: str = strawberry.field(description="The name of the property, as in the schema.")
    before: JSON | None = strawberry.field(
        description="The value before the event, or null if there was none; ids in it are those"
        " that `node` takes."
    )
    after: JSON | None = strawberry.field(
        description="The value after the event, or null if there is none; ids in it are those that"
        " `node` takes."
    )


@strawberry.type(description="What the ledger keeps of an approver's decision.")
class LedgerDecision:
    verdict: DecisionVerdict = strawberry.field(
        description="Whether the approver approved or rejected the release."
    )
    revision: int = strawberry.field(
        description="The revision of the release that the approver had read."
    )
    received: int = strawberry.field(
        description="The number of approvals received by then, with this one."
    )
    required: int = strawberry.field(description="The number of approvals that were needed.")


@strawberry.type(description="What the ledger keeps of an attempt that was refused.")
class RefusedAttempt:
    command: str = strawberry.field(description="The name of the command that was refused.")
    code: ErrorCode = strawberry.field(description="The code of the refusal.")


@strawberry.type(description="How many messages of an account did not arrive on one channel.")
class DeliveryTrouble:
    channel: str = strawberry.field(
        description="The name of the channel, like `email` or `webhook`."
    )
    failing: int = strawberry.field(
        description="The number of messages that could not be sent for a while, that are tried"
        " again and that no earlier report has counted."
    )
    failed: int = strawberry.field(
        description="The number of messages that were given up since the last report."
    )


def subject_id(body: dict[str, Any]) -> strawberry.ID | None:
    """Return the global id of what an entry is about, or of what a refused attempt was about."""
    subject = body["subject"]
    is_attempt = body["tag"] == AttemptRefused.tag
    kind = body["details"]["subject_kind"] if is_attempt else subject["kind"]
    return None if kind in NO_NODES else strawberry.ID(to_global(kind, UUID(subject["id"])))


def changes_in(details: dict[str, Any]) -> list[FieldChange]:
    """Return the changes that an entry's details have, none for most kinds of event."""
    return [
        FieldChange(
            field=to_camel_case(name),
            before=_with_global_ids(name, before),
            after=_with_global_ids(name, after),
        )
        for name, (before, after) in details.get("changes", {}).items()
    ]


def keypair_id(details: dict[str, Any]) -> strawberry.ID | None:
    """Return the global id of the keypair of a signature."""
    id_: strawberry.ID | None = _with_global_ids("keypair_id", details.get("keypair_id"))
    return id_


def _with_global_ids(field: str, value: Any) -> Any:
    kind = TYPES_BY_FIELD.get(field)
    if kind is None or value is None:
        return value
    if isinstance(value, list):
        return [to_global(kind, UUID(id_)) for id_ in value]
    return to_global(kind, UUID(value))


def decision_in(tag: str, details: dict[str, Any]) -> LedgerDecision | None:
    """Return the decision that an entry records; None if its verdict is a newer version's."""
    is_decision = tag == DecisionRecorded.tag
    verdict = known_word(DecisionVerdict, details["verdict"]) if is_decision else None
    if verdict is None:
        return None
    return LedgerDecision(
        verdict=verdict,
        revision=details["revision"],
        received=details["received"],
        required=details["required"],
    )


def attempt_in(tag: str, details: dict[str, Any]) -> RefusedAttempt | None:
    """Return the refused attempt that an entry records; None if its code is a newer version's."""
    code = known_word(ErrorCode, details["code"]) if tag == AttemptRefused.tag else None
    return RefusedAttempt(command=details["command"], code=code) if code is not None else None


def delivery_trouble_in(tag: str, details: dict[str, Any]) -> DeliveryTrouble | None:
    """Return what an entry reports of messages that do not arrive."""
    if tag != DeliveryTroubleReported.tag:
        return None
    return DeliveryTrouble(
        channel=details["channel"], failing=details["failing"], failed=details["failed"]
    )
