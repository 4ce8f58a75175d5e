"""Trusted issuers, rules about pipelines, and where a pipeline's token comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.graphql.ids import to_global
from api.graphql.types.enum_descriptions import describe_enum
from api.graphql.types.enums import Permission
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Node
from api.graphql.types.people import User
from engine.model import claims, origins
from engine.queries import pipelines
from engine.queries.records import Record

IssuerKind = origins.IssuerKind
describe_enum(
    IssuerKind,
    "IssuerKind",
    "The system that an issuer belongs to, which decides what its claims are called.",
    {
        "GITHUB_ACTIONS": "The issuer is that of GitHub Actions, in the cloud or self-hosted.",
        "GITLAB_CI": "The issuer is a GitLab instance, whose jobs have ID tokens.",
        "BUILDKITE": "The issuer is that of Buildkite's agents.",
        "KUBERNETES": "The issuer is a Kubernetes cluster, for its service accounts.",
        "OTHER": "The issuer is any other one of OpenID Connect.",
    },
)


@strawberry.type(
    description="The values that one claim of a pipeline's token may have; one of them is enough."
)
class ClaimCondition:
    claim: str = strawberry.field(
        description="The name of the claim; members of nested claims are joined by `/`, like"
        " `kubernetes.io/namespace`."
    )
    equals: list[str] = strawberry.field(description="The exact values that the claim may have.")
    matches: list[str] = strawberry.field(
        description="The patterns that the claim may match as a whole, in which `*` stands"
        " for any characters except `/`."
    )

    @classmethod
    def all_of(cls, conditions: claims.Conditions) -> list[ClaimCondition]:
        """The conditions as the schema has them."""
        return [
            cls(claim=c.claim, equals=list(c.equals), matches=list(c.matches)) for c in conditions
        ]


@strawberry.input(
    description="The values that one claim of a pipeline's token may have; one of them is enough."
)
class ClaimConditionInput:
    claim: str = strawberry.field(
        description="The name of the claim; members of nested claims are joined by `/`, like"
        " `kubernetes.io/namespace`."
    )
    equals: list[str] | None = strawberry.field(
        default=None,
        description="The exact values that the claim may have. Ids are safer than names,"
        " which somebody else can have one day.",
    )
    matches: list[str] | None = strawberry.field(
        default=None,
        description="The patterns that the claim may match as a whole, in which `*` stands"
        " for any characters except `/`. Claims that say whose pipeline it is take none, or"
        " only behind their owner.",
    )

    def to_condition(self) -> claims.ClaimCondition:
        """Return the engine's form of the condition."""
        return claims.ClaimCondition(
            self.claim, tuple(self.equals or ()), tuple(self.matches or ())
        )


def to_conditions(inputs: Sequence[ClaimConditionInput]) -> tuple[claims.ClaimCondition, ...]:
    """Return the engine's form of conditions."""
    return tuple(item.to_condition() for item in inputs)


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
