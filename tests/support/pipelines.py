"""Trusted issuers and rules about pipelines in a world."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from engine.commands.administration.pipeline_rules import CreatePipelineRule
from engine.commands.administration.trusted_issuers import CreateTrustedIssuer
from engine.model.claims import ClaimCondition
from engine.model.origins import IssuerKind
from engine.model.vocabulary import Permission
from tests.support.world import World

GITHUB = "https://token.actions.githubusercontent.com"
#: Tags of one repository.
CONDITIONS = (
    ClaimCondition("repository_id", equals=("4711",)),
    ClaimCondition("ref", matches=("refs/tags/v*",)),
)


def trust(world: World, who: str = "admin", **more: Any) -> UUID:
    """Trust GitHub Actions, unless another issuer is given; its id."""
    values = {"name": "GitHub", "kind": IssuerKind.GITHUB_ACTIONS, "url": GITHUB} | more
    issuer_id: UUID = world.do(who, CreateTrustedIssuer(**values))
    world.things[values["name"]] = issuer_id
    return issuer_id


def rule_command(world: World, **more: Any) -> CreatePipelineRule:
    """The command to let a pipeline sign with `vault` as the service user `robot`."""
    if "robot" not in world.people:
        world.add_user("robot", "DEVELOPER", service=True)
    if "issuer_id" not in more and "GitHub" not in world.things:
        trust(world)
    values = {
        "issuer_id": world.things.get("GitHub"),
        "name": "Falcon",
        "user_id": world.people["robot"],
        "conditions": CONDITIONS,
        "scopes": frozenset({Permission.SIGN, Permission.VIEW_RELEASES}),
        "keypair_ids": frozenset({world.things["vault"]}),
    }
    return CreatePipelineRule(**values | more)


def make_rule(world: World, who: str = "admin", **more: Any) -> UUID:
    """Make that rule; its id."""
    rule_id: UUID = world.do(who, rule_command(world, **more))
    world.things["rule"] = rule_id
    return rule_id
