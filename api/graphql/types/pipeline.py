"""Trusted issuers, rules about pipelines, and where a pipeline's token comes from."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.enums import Permission
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Node
from api.graphql.types.origin import ClaimCondition, IssuerKind
from api.graphql.types.people import User
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.queries import pipelines
from engine.queries.records import Record


@strawberry.type(
    description="An issuer whose tokens the account trusts, so that pipelines can prove who"
    " they are without a stored secret."
)
class TrustedIssuer(Node):
    source: strawberry.Private[Record]
    name: str = strawberry.field(description="The name of the issuer, unique in the account.")
    kind: IssuerKind = strawberry.field(description="The system that the issuer belongs to.")
    url: str = strawberry.field(
        description="The URL of the issuer, which is the `iss` of its tokens."
    )
    audience: str | None = strawberry.field(
        description="The only `aud` of its tokens, or null if it is the public URL of this service."
    )
    created_at: datetime = strawberry.field(description="The time at which it was first trusted.")
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the issuer now, with the reason why"
        " others would be refused.",
    )

    @classmethod
    def of(cls, row: Record) -> TrustedIssuer:
        """An issuer from its row."""
        return cls(
            id=strawberry.ID(to_global("TrustedIssuer", row.id)),
            source=row,
            name=row.name,
            kind=row.kind,
            url=row.issuer,
            audience=row.audience,
            created_at=row.created_at,
        )


@strawberry.type(
    description="A rule by which a pipeline whose token fulfils all conditions gets a token of"
    " a service user for some minutes."
)
class PipelineRule(Node):
    source: strawberry.Private[Record]
    name: str = strawberry.field(description="The name of the rule, unique in the account.")
    conditions: list[ClaimCondition] = strawberry.field(
        description="The conditions on the token's claims, all of which must hold."
    )
    scopes: list[Permission] = strawberry.field(
        description="The permissions that the pipeline's token is limited to."
    )
    lifetime_seconds: int = strawberry.field(
        description="The number of seconds for which the pipeline's token is valid."
    )
    created_at: datetime = strawberry.field(description="The time at which the rule was created.")
    issuer: TrustedIssuer = strawberry.field(
        default=None, description="The issuer whose tokens the rule is about."
    )
    user: User = strawberry.field(
        default=None, description="The service user that the pipeline acts as."
    )
    keypairs: list[Keypair] = strawberry.field(
        default_factory=list,
        description="The only keypairs that the pipeline's token can be used with.",
    )
    warnings: list[str] = strawberry.field(
        default_factory=list,
        description="What is allowed in the rule although something else would be safer, each"
        " as a sentence that says what to do.",
    )
    available_actions: list[AvailableSubjectAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the rule now, with the reason why"
        " others would be refused.",
    )

    @classmethod
    def of(cls, row: Record) -> PipelineRule:
        """A rule from its row."""
        return cls(
            id=strawberry.ID(to_global("PipelineRule", row.id)),
            source=row,
            name=row.name,
            conditions=ClaimCondition.all_of(pipelines.conditions_of(row)),
            scopes=pipelines.scopes_of(row),
            lifetime_seconds=row.lifetime_seconds,
            created_at=row.created_at,
        )
