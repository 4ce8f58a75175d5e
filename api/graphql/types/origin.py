"""Where the token of a pipeline comes from, by the same names for all systems."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from api.graphql.types.enum_descriptions import describe_enum
from engine.model import claims, origins

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
    description="Where a pipeline's verified token comes from, by the same names for all systems."
)
class Origin:
    kind: IssuerKind = strawberry.field(description="The system that the pipeline runs in.")
    issuer: str = strawberry.field(description="The URL of the issuer that signed the token.")
    repository: str | None = strawberry.field(
        description="The name of the repository, project or pipeline; for Kubernetes, of the"
        " namespace."
    )
    repository_id: str | None = strawberry.field(
        description="The id of the repository, project or pipeline; for Kubernetes, of the service"
        " account."
    )
    ref: str | None = strawberry.field(description="The branch or tag that the pipeline runs for.")
    commit: str | None = strawberry.field(description="The commit that the pipeline runs for.")
    workflow: str | None = strawberry.field(
        description="The workflow, configuration, step or service account that runs."
    )
    run: str | None = strawberry.field(
        description="The id of the run, pipeline or build; for Kubernetes, the name of the pod."
    )

    @classmethod
    def of(cls, origin: origins.Origin | None) -> Origin | None:
        """The origin as the schema has it; None for what is no pipeline's."""
        if origin is None:
            return None
        return cls(
            kind=origin.kind,
            issuer=origin.issuer,
            repository=origin.repository,
            repository_id=origin.repository_id,
            ref=origin.ref,
            commit=origin.commit,
            workflow=origin.workflow,
            run=origin.run,
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


@strawberry.input(description="A claim of a pipeline's token, and its value.")
class ClaimInput:
    name: str = strawberry.field(
        description="The name of the claim, as a condition on it has it, like `repository_id`."
    )
    value: str = strawberry.field(description="The value of the claim, as a text.")
