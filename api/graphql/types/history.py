"""Signatures with their factors, and ledger entries."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.graphql.ids import to_global
from api.graphql.scalars import Base64, BigInt, parse_base64
from api.graphql.types import ledger_details
from api.graphql.types.enums import Channel, CredentialKind, DigestAlgorithm, ReleaseStatus
from api.graphql.types.error_code import ErrorCode
from api.graphql.types.event_tag import EventTag, event_of
from api.graphql.types.factor_name import FactorName, condition_of
from api.graphql.types.keypair import Keypair
from api.graphql.types.ledger_details import FieldChange, LedgerDecision, RefusedAttempt
from api.graphql.types.node import Node
from api.graphql.types.origin import Origin
from api.graphql.types.people import User
from engine.model import signing_factors
from engine.queries.credentials import stored_origin
from engine.queries.records import Record
from engine.signing.request import Signed

if TYPE_CHECKING:
    from api.graphql.types.release import Release


@strawberry.type(description="One condition of a signature, with the result of its evaluation.")
class Factor:
    name: str = strawberry.field(description="The stable name of the condition.")
    condition: FactorName | None = strawberry.field(
        description="The condition, or null for one that this version does not know, since a newer"
        " one evaluated it."
    )
    passed: bool = strawberry.field(
        description="Whether the condition was met at the time of evaluation."
    )
    detail: str = strawberry.field(description="One sentence that explains the result to people.")
    code: ErrorCode = strawberry.field(
        description="The error code of a refusal if this condition is not met."
    )

    @classmethod
    def of(cls, factor: signing_factors.Factor) -> Factor:
        """A factor just evaluated."""
        return cls(
            name=factor.name,
            condition=condition_of(factor.name),
            passed=factor.passed,
            detail=factor.detail,
            code=factor.code,
        )


def stored_factors(text: str) -> list[Factor]:
    """Factors as a signature's row keeps them."""
    return [
        Factor(
            name=stored["name"],
            condition=condition_of(stored["name"]),
            passed=stored["passed"],
            detail=stored["detail"],
            code=ErrorCode(stored["code"]),
        )
        for stored in json.loads(text)
    ]


@strawberry.type(
    description="Tells whether a signature would be made, and because of which conditions."
)
class SignExplanation:
    allowed: bool = strawberry.field(description="Whether `sign` would make the signature.")
    factors: list[Factor] = strawberry.field(
        description="Every condition of the signature, in the order of evaluation."
    )
    associated_release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(
            default=None,
            description="The release that the signature would be associated with, if any.",
        )
    )
    release_id: strawberry.Private[UUID | None] = None


@strawberry.type(
    description="The file or other thing that a signature is for, as its caller stated it."
)
class Artifact:
    name: str = strawberry.field(description="The name of the artifact, such as a file name.")
    size: BigInt | None = strawberry.field(description="The size of the artifact in bytes.")
    digest: Base64 | None = strawberry.field(
        description="The digest of the artifact itself, if its caller stated one."
    )
    digest_algorithm: DigestAlgorithm | None = strawberry.field(
        description="The hash function that computed the artifact's digest."
    )


@strawberry.type(description="One name and text of the context in which something was built.")
class ContextEntry:
    name: str = strawberry.field(description="What the text says, such as `commit`.")
    value: str = strawberry.field(description="The text that goes with the name.")


@strawberry.type(description="A signature that was made with a keypair.")
class Signature(Node):
    source: strawberry.Private[Record | Signed]
    digest: Base64 = strawberry.field(
        description="The digest that was signed, or the digest of the content that was signed."
    )
    digest_algorithm: DigestAlgorithm = strawberry.field(
        description="The hash function that computed the digest."
    )
    value: Base64 | None = strawberry.field(description="The bytes of the signature itself.")
    created_at: datetime = strawberry.field(
        description="The time at which the conditions were evaluated and the signature was"
        " reserved."
    )
    channel: Channel = strawberry.field(
        description="The interface through which the signature was requested."
    )
    signer: User = strawberry.field(
        default=None, description="The user who requested the signature."
    )
    keypair: Keypair = strawberry.field(
        default=None, description="The keypair that made the signature."
    )
    release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(
            default=None,
            description="The release that the signature counts toward, or null if there is none.",
        )
    )

    @strawberry.field(
        description="The artifact that the signature is for, or null if its caller stated none."
    )
    def artifact(self) -> Artifact | None:
        row = self.source
        if row.artifact_name is None:
            return None
        return Artifact(
            name=row.artifact_name,
            size=BigInt(row.artifact_size) if row.artifact_size is not None else None,
            digest=Base64(row.artifact_digest) if row.artifact_digest is not None else None,
            digest_algorithm=row.artifact_digest_algorithm,
        )

    @strawberry.field(
        description="The names and texts that its caller stated about the build, sorted by name."
    )
    def context(self) -> list[ContextEntry]:
        stored = json.loads(self.source.context or "{}")
        return [ContextEntry(name=name, value=value) for name, value in sorted(stored.items())]

    @strawberry.field(
        description="Where the pipeline runs that signed, or null if no pipeline did."
    )
    def origin(self) -> Origin | None:
        return Origin.of(stored_origin(self.source.origin))

    @strawberry.field(
        description="The conditions of the signature, as they were evaluated when it was made."
    )
    def factors(self) -> list[Factor]:
        return stored_factors(self.source.factors)

    @classmethod
    def of(cls, row: Record | Signed) -> Signature:
        """A signature from its row."""
        return cls(
            id=strawberry.ID(to_global("Signature", row.id)),
            source=row,
            digest=Base64(row.digest),
            digest_algorithm=row.digest_algorithm,
            value=Base64(row.value) if row.value is not None else None,
            created_at=row.reserved_at,
            channel=row.channel,
        )


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
        """As an entry's body has it; entries of the first format have none."""
        if stored is None:
            return None
        kind = CredentialKind(stored["kind"])
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
    channel: Channel = strawberry.field(description="The interface through which the request came.")
    credential: Credential | None = strawberry.field(
        description="The credential that was used, or null in old entries that did not"
        " record it yet."
    )
    from_status: ReleaseStatus | None = strawberry.field(
        description="The status of the release before the event, if it changed."
    )
    to_status: ReleaseStatus | None = strawberry.field(
        description="The status of the release after the event, if it changed."
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
        description="The decision that the entry records, or null if it records something else."
    )
    def decision(self) -> LedgerDecision | None:
        return ledger_details.decision_in(self.tag, self.body["details"])

    @strawberry.field(
        description="The refused attempt that the entry records, or null if it records something"
        " else."
    )
    def attempt(self) -> RefusedAttempt | None:
        return ledger_details.attempt_in(self.tag, self.body["details"])

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
            channel=Channel(body["channel"]),
            credential=Credential.of(body.get("credential")),
            from_status=ReleaseStatus(body["from"]) if body["from"] else None,
            to_status=ReleaseStatus(body["to"]) if body["to"] else None,
            reason=body["reason"],
            subject_id=ledger_details.subject_id(body),
            keypair_id=ledger_details.keypair_id(body["details"]),
            details=body["details"],
            hash=row.hash.hex(),
            previous_hash=parse_base64(body["previous"]).hex(),
        )
