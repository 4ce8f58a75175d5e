"""Signatures with their factors, and ledger entries."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import Row
from strawberry.scalars import JSON

from api.graphql.ids import to_global
from api.graphql.scalars import Base64, parse_base64
from api.graphql.types.enums import (
    Channel,
    CredentialKind,
    DigestAlgorithm,
    ErrorCode,
    ReleaseStatus,
)
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Node
from api.graphql.types.people import User
from engine.model import signing_factors
from engine.signing.request import Signed

if TYPE_CHECKING:
    from api.graphql.types.release import Release


@strawberry.type(description="One condition of a signature, as evaluated.")
class Factor:
    name: str = strawberry.field(description="Stable name of the condition.")
    passed: bool = strawberry.field(description="It held at that instant.")
    detail: str = strawberry.field(description="One sentence for people.")
    code: ErrorCode = strawberry.field(description="What a refusal for its sake is called.")

    @classmethod
    def of(cls, factor: signing_factors.Factor) -> Factor:
        """A factor just evaluated."""
        return cls(name=factor.name, passed=factor.passed, detail=factor.detail, code=factor.code)


def stored_factors(text: str) -> list[Factor]:
    """Factors as a signature's row keeps them."""
    return [
        Factor(
            name=told["name"],
            passed=told["passed"],
            detail=told["detail"],
            code=ErrorCode(told["code"]),
        )
        for told in json.loads(text)
    ]


@strawberry.type(description="Would a signature be made, and why.")
class SignExplanation:
    allowed: bool = strawberry.field(description="`sign` would make a signature.")
    factors: list[Factor] = strawberry.field(description="Every condition, in order.")
    associated_release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(default=None, description="The release it would count toward.")
    )
    release_id: strawberry.Private[UUID | None] = None


@strawberry.type(description="A signature that was made.")
class Signature(Node):
    source: strawberry.Private[Row[Any] | Signed]
    digest: Base64 = strawberry.field(description="What was signed, or the content's digest.")
    digest_algorithm: DigestAlgorithm = strawberry.field(description="How it was made.")
    value: Base64 | None = strawberry.field(description="The signature itself.")
    created_at: datetime = strawberry.field(description="The instant that decided.")
    channel: Channel = strawberry.field(description="Through which face it was asked for.")
    signer: User = strawberry.field(default=None, description="Who signed.")
    keypair: Keypair = strawberry.field(default=None, description="With which keypair.")
    release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(default=None, description="The release it counts toward, if any.")
    )

    @strawberry.field(description="The conditions as they were evaluated.")
    def factors(self) -> list[Factor]:
        return stored_factors(self.source.factors)

    @classmethod
    def of(cls, row: Row[Any] | Signed) -> Signature:
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
}


@strawberry.type(description="With which credential something was done.")
class Credential:
    kind: CredentialKind = strawberry.field(description="What kind of credential it was.")
    id: strawberry.ID | None = strawberry.field(
        description="Which token, session or mailed link it was; null for the other kinds. A mailed"
        " link's id only tells one from another."
    )

    @classmethod
    def of(cls, told: dict[str, Any] | None) -> Credential | None:
        """As an entry's body has it; entries of the first format have none."""
        if told is None:
            return None
        kind = CredentialKind(told["kind"])
        named = told["id"] is not None and kind in _CREDENTIALS
        id_ = to_global(_CREDENTIALS[kind], UUID(told["id"])) if named else None
        return cls(kind=kind, id=strawberry.ID(id_) if id_ is not None else None)


@strawberry.type(description="One entry of the account's ledger, chained to the one before.")
class LedgerEntry(Node):
    source: strawberry.Private[Row[Any]]
    body: strawberry.Private[dict[str, Any]]
    position: int = strawberry.field(description="Gapless in the account, from 1.")
    tag: str = strawberry.field(description="What happened, like `release:approved`.")
    effective_at: datetime = strawberry.field(description="The nominal instant.")
    recorded_at: datetime = strawberry.field(description="When it was written down.")
    actor_name: str = strawberry.field(description="Who did it, as named at the time.")
    channel: Channel = strawberry.field(description="Through which face.")
    credential: Credential | None = strawberry.field(
        description="With which token, session or mailed link it was done; null in entries from"
        " before this was written down."
    )
    from_status: ReleaseStatus | None = strawberry.field(description="The status before.")
    to_status: ReleaseStatus | None = strawberry.field(description="The status after.")
    reason: str | None = strawberry.field(description="Why, if it was said.")
    details: JSON = strawberry.field(description="What else the event says.")
    hash: str = strawberry.field(description="SHA-256 of the entry's canonical JSON, in hex.")
    previous_hash: str = strawberry.field(description="The hash it is chained to, in hex.")
    actor: User | None = strawberry.field(
        default=None, description="Who did it; null for time and operators."
    )
    release: Annotated[Release, strawberry.lazy("api.graphql.types.release")] | None = (
        strawberry.field(default=None, description="The release concerned.")
    )

    @classmethod
    def of(cls, row: Row[Any]) -> LedgerEntry:
        """An entry from its row."""
        body = json.loads(row.body)
        return cls(
            id=strawberry.ID(to_global("LedgerEntry", UUID(int=row.position))),
            source=row,
            body=body,
            position=row.position,
            tag=row.tag,
            effective_at=row.effective_at,
            recorded_at=row.recorded_at,
            actor_name=body["actor"]["name"],
            channel=Channel(body["channel"]),
            credential=Credential.of(body.get("credential")),
            from_status=ReleaseStatus(body["from"]) if body["from"] else None,
            to_status=ReleaseStatus(body["to"]) if body["to"] else None,
            reason=body["reason"],
            details=body["details"],
            hash=row.hash.hex(),
            previous_hash=parse_base64(body["previous"]).hex(),
        )
