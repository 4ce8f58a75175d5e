"""Where a pipeline's token comes from: the kinds of issuers, and what their claims mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from engine.model.claims import Claims, Conditions
from engine.model.errors import Code, Refusal


class IssuerKind(StrEnum):
    """Which system an issuer belongs to, and so what its claims are called."""

    GITHUB_ACTIONS = "GITHUB_ACTIONS"
    GITLAB_CI = "GITLAB_CI"
    BUILDKITE = "BUILDKITE"
    KUBERNETES = "KUBERNETES"
    OTHER = "OTHER"


#: Claims of which at least one says whose pipeline it is, so that a rule without any of them would
#: let in strangers: everybody has pipelines at a public issuer.
IDENTITY_CLAIMS: Mapping[IssuerKind, tuple[str, ...]] = {
    IssuerKind.GITHUB_ACTIONS: ("repository_id", "repository", "sub"),
    IssuerKind.GITLAB_CI: ("project_id", "project_path", "sub"),
    IssuerKind.BUILDKITE: ("pipeline_id", "sub"),
    IssuerKind.KUBERNETES: ("kubernetes.io/serviceaccount/uid", "sub"),
    IssuerKind.OTHER: ("sub", "repository_id", "project_id"),
}

#: Names that somebody else can have one day, and the ids that stay.
IDS_OF_NAMES: Mapping[IssuerKind, Mapping[str, str]] = {
    IssuerKind.GITHUB_ACTIONS: {
        "repository": "repository_id",
        "repository_owner": "repository_owner_id",
        "sub": "repository_id",
    },
    IssuerKind.GITLAB_CI: {
        "project_path": "project_id",
        "namespace_path": "namespace_id",
        "sub": "project_id",
    },
    IssuerKind.BUILDKITE: {
        "organization_slug": "organization_id",
        "pipeline_slug": "pipeline_id",
        "sub": "pipeline_id",
    },
    IssuerKind.KUBERNETES: {
        "kubernetes.io/serviceaccount/name": "kubernetes.io/serviceaccount/uid",
        "sub": "kubernetes.io/serviceaccount/uid",
    },
    IssuerKind.OTHER: {},
}

#: Claims that limit which run of a pipeline it is: without any, every branch and merge request.
_RUN_CLAIMS: Mapping[IssuerKind, frozenset[str]] = {
    IssuerKind.GITHUB_ACTIONS: frozenset({"ref", "environment", "sub", "job_workflow_ref"}),
    IssuerKind.GITLAB_CI: frozenset({"ref", "ref_path", "environment", "sub", "ref_protected"}),
    IssuerKind.BUILDKITE: frozenset({"build_branch", "build_tag", "sub"}),
    IssuerKind.KUBERNETES: frozenset({"sub", "kubernetes.io/serviceaccount/uid"}),
    IssuerKind.OTHER: frozenset(),
}

#: Claims that a branch and a tag can have in common, and the claims that tell these two apart.
_BRANCH_OR_TAG: Mapping[IssuerKind, Mapping[str, frozenset[str]]] = {
    IssuerKind.GITLAB_CI: {"ref": frozenset({"ref_path", "ref_type", "sub"})},
}

#: For each fact, the claims that say it, the best one first.
_FACT_CLAIMS: Mapping[IssuerKind, Mapping[str, tuple[str, ...]]] = {
    IssuerKind.GITHUB_ACTIONS: {
        "repository": ("repository",),
        "repository_id": ("repository_id",),
        "ref": ("ref",),
        "commit": ("sha",),
        "workflow": ("job_workflow_ref", "workflow_ref", "workflow"),
        "run": ("run_id",),
    },
    IssuerKind.GITLAB_CI: {
        "repository": ("project_path",),
        "repository_id": ("project_id",),
        "ref": ("ref_path", "ref"),
        "commit": ("sha",),
        "workflow": ("ci_config_ref_uri",),
        "run": ("pipeline_id",),
    },
    IssuerKind.BUILDKITE: {
        "repository": ("pipeline_slug",),
        "repository_id": ("pipeline_id",),
        "ref": ("build_tag", "build_branch"),
        "commit": ("build_commit",),
        "workflow": ("step_key",),
        "run": ("build_id", "build_number"),
    },
    IssuerKind.KUBERNETES: {
        "repository": ("kubernetes.io/namespace",),
        "repository_id": ("kubernetes.io/serviceaccount/uid",),
        "workflow": ("kubernetes.io/serviceaccount/name",),
        "run": ("kubernetes.io/pod/name",),
    },
    IssuerKind.OTHER: {
        "repository": ("repository",),
        "repository_id": ("repository_id",),
        "ref": ("ref",),
        "commit": ("sha", "commit"),
        "workflow": ("workflow",),
        "run": ("run_id",),
    },
}

#: Claims that are no facts about a pipeline: times, the token's own id, and people's addresses.
_NOT_KEPT = frozenset({"aud", "exp", "nbf", "iat", "jti", "email", "user_email"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a pipeline's verified token says of where it comes from, by the same names for all."""

    kind: IssuerKind
    issuer: str
    repository: str | None = None
    repository_id: str | None = None
    ref: str | None = None
    commit: str | None = None
    workflow: str | None = None
    run: str | None = None

    @classmethod
    def of(cls, kind: IssuerKind, issuer: str, claims: Claims) -> Origin:
        """The facts that the claims of an issuer of this kind have."""
        facts = {
            fact: next((claims[name] for name in names if claims.get(name)), None)
            for fact, names in _FACT_CLAIMS[kind].items()
        }
        return cls(kind=kind, issuer=issuer, **facts)

    def to_json(self) -> dict[str, str]:
        """Return it as it is stored: without what is not known."""
        values = {name: getattr(self, name) for name in Origin.__slots__}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, str]) -> Origin:
        """The origin that was stored."""
        values: dict[str, Any] = {**stored, "kind": IssuerKind(stored["kind"])}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineCredential:
    """What a token that was exchanged for a pipeline's own is limited to, and what proved it."""

    rule_id: UUID
    #: The only keypairs that it reaches.
    keypair_ids: frozenset[UUID]
    origin: Origin
    #: The verified claims that conditions can be about.
    claims: Claims

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "rule_id": str(self.rule_id),
            "keypair_ids": sorted(map(str, self.keypair_ids)),
            "origin": self.origin.to_json(),
            "claims": dict(self.claims),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> PipelineCredential:
        """What was stored."""
        return cls(
            rule_id=UUID(stored["rule_id"]),
            keypair_ids=frozenset(map(UUID, stored["keypair_ids"])),
            origin=Origin.from_json(stored["origin"]),
            claims=stored["claims"],
        )


def claims_to_keep(claims: Claims) -> dict[str, str]:
    """Return the claims that are facts about the pipeline."""
    return {name: value for name, value in claims.items() if name not in _NOT_KEPT}


def check_identity(kind: IssuerKind, conditions: Conditions, field: str) -> Refusal | None:
    """Return the refusal of a rule that does not say whose pipeline it is for."""
    names = IDENTITY_CLAIMS[kind]
    if any(condition.claim in names for condition in conditions):
        return None
    message = f"The rule does not say whose pipeline it is for. Add one of {', '.join(names)}."
    return Refusal(Code.INVALID_INPUT, message, field)


def warnings_of(kind: IssuerKind, conditions: Conditions) -> list[str]:
    """Return what is allowed in a rule although something else would be safer."""
    claims = {condition.claim for condition in conditions}
    warnings = [
        f"The claim {name} is a name, which somebody else can have one day. Add {id_}."
        for name, id_ in IDS_OF_NAMES[kind].items()
        if name in claims and id_ not in claims
    ]
    warnings += [
        f"The claim {name} is the name of a branch or of a tag. Add one of"
        f" {', '.join(sorted(apart - {'sub'}))}."
        for name, apart in _BRANCH_OR_TAG.get(kind, {}).items()
        if name in claims and not claims & apart
    ]
    runs = _RUN_CLAIMS[kind]
    if runs and not claims & runs:
        warnings.append(
            "The rule holds for every branch and every merge request. Add one of"
            f" {', '.join(sorted(runs - {'sub'}))}."
        )
    return warnings
