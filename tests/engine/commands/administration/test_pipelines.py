"""Trusted issuers and rules about pipelines: who may make them, and what they cannot grant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from engine.commands.administration.pipeline_rules import (
    PIPELINE_SCOPES,
    DeletePipelineRule,
    UpdatePipelineRule,
)
from engine.commands.administration.trusted_issuers import (
    MAX_ISSUERS,
    CreateTrustedIssuer,
    DeleteTrustedIssuer,
    UpdateTrustedIssuer,
)
from engine.commands.administration.users import UpdateUser
from engine.commands.command import Command
from engine.model.claims import ClaimCondition
from engine.model.errors import Code, Refusal
from engine.model.grants import ADMINISTRATION
from engine.model.origins import IssuerKind
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from tests.support.pipelines import CONDITIONS, GITHUB, make_rule, rule_command, trust
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import rows
from tests.support.world import World, make_world

P = Permission


def invalid(world: World, command: Command[Any]) -> Refusal:
    return assert_refused(world, "admin", command, Code.INVALID_INPUT, recorded=False)


def missing(world: World, command: Command[Any]) -> Refusal:
    return assert_refused(world, "admin", command, Code.NOT_FOUND, recorded=False)


def test_an_issuer_is_trusted_renamed_and_deleted(world: World) -> None:
    before = len(world.ledger())
    issuer = trust(world)
    world.do("admin", UpdateTrustedIssuer(issuer_id=issuer, name="GH", audience="countersign"))
    world.do("admin", UpdateTrustedIssuer(issuer_id=issuer, name="GH"))
    (row,) = rows(world, t.trusted_issuers)
    assert (row.name, row.issuer, row.audience) == ("GH", GITHUB, "countersign")
    world.do("admin", DeleteTrustedIssuer(issuer_id=issuer))
    assert rows(world, t.trusted_issuers) == []
    assert tags(world, before) == ["issuer:created", "issuer:updated", "issuer:deleted"]


def test_an_empty_audience_is_the_public_url_again(world: World) -> None:
    issuer = trust(world)
    world.do("admin", UpdateTrustedIssuer(issuer_id=issuer, audience="countersign"))
    world.do("admin", UpdateTrustedIssuer(issuer_id=issuer, audience=""))
    (row,) = rows(world, t.trusted_issuers)
    assert row.audience is None
    changes = details_of(world.ledger()[-1])["changes"]
    assert changes == {"audience": ["countersign", None]}


def test_with_an_issuer_its_rules_are_deleted(world: World) -> None:
    rule = make_rule(world)
    before = len(world.ledger())
    world.do("admin", DeleteTrustedIssuer(issuer_id=world.things["GitHub"]))
    assert tags(world, before) == ["pipeline:deleted", "issuer:deleted"]
    assert rows(world, t.pipeline_rules) == []
    missing(world, DeletePipelineRule(rule_id=rule))


def test_the_ledger_says_what_a_rule_asks_and_grants(world: World) -> None:
    make_rule(world)
    (entry,) = world.ledger(tag="pipeline:created")
    changes = details_of(entry)["changes"]
    assert changes["conditions"] == [
        None,
        "ref is like refs/tags/v*; repository_id is 4711",
    ]
    assert changes["scopes"] == [None, ["SIGN", "VIEW_RELEASES"]]
    assert changes["lifetime_seconds"] == [None, 900]


def test_a_rule_is_changed(world: World) -> None:
    rule = make_rule(world)
    before = len(world.ledger())
    main = (CONDITIONS[0], ClaimCondition("ref", equals=("refs/heads/main",)))
    world.do("admin", UpdatePipelineRule(rule_id=rule, conditions=main, lifetime_seconds=60))
    world.do("admin", UpdatePipelineRule(rule_id=rule, conditions=main[::-1]))
    assert tags(world, before) == ["pipeline:updated"]
    world.do("admin", DeletePipelineRule(rule_id=rule))
    assert tags(world, before) == ["pipeline:updated", "pipeline:deleted"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"conditions": ()}, "conditions"),
        ({"conditions": CONDITIONS[1:]}, "conditions"),
        ({"conditions": (ClaimCondition("sub", matches=("*",)),)}, "conditions"),
        ({"conditions": (ClaimCondition("repository", matches=("*/app",)),)}, "conditions"),
        ({"scopes": frozenset()}, "scopes"),
        *(
            ({"scopes": frozenset({P.SIGN, scope})}, "scopes")
            for scope in sorted(set(P) - PIPELINE_SCOPES)
        ),
        ({"keypair_ids": frozenset()}, "keypair_ids"),
        ({"lifetime_seconds": 59}, "lifetime_seconds"),
        ({"lifetime_seconds": 901}, "lifetime_seconds"),
        ({"name": ""}, "name"),
    ],
)
def test_a_rule_that_grants_too_much_is_refused(
    world: World, changes: dict[str, Any], field: str
) -> None:
    command = rule_command(world, **changes)
    refusal = invalid(world, command)
    assert refusal.field == (field,)
    rule = make_rule(world)
    update = UpdatePipelineRule(rule_id=rule, **changes)
    assert invalid(world, update).field == (field,)


def test_what_a_rule_names_has_to_exist(world: World) -> None:
    for name in ("issuer_id", "user_id"):
        command = replace(rule_command(world), **{name: uuid4()})
        missing(world, command)
    foreign = make_world(world.system.database, account="Other Inc")
    keys = frozenset({foreign.things["vault"]})
    assert_refused(
        world, "admin", rule_command(world, keypair_ids=keys), Code.NOT_FOUND, recorded=False
    )
    other = trust(foreign)
    assert_refused(
        world, "admin", rule_command(world, issuer_id=other), Code.NOT_FOUND, recorded=False
    )


def test_a_pipeline_is_no_person_and_nobody_who_left(world: World) -> None:
    command = rule_command(world, user_id=world.people["dev"])
    invalid(world, command)
    world.do("admin", UpdateUser(user_id=world.people["robot"], active=False))
    invalid(world, rule_command(world))


def test_whoever_makes_a_rule_holds_what_it_grants(world: World) -> None:
    world.add_user("clerk", "ADMIN")
    scopes = frozenset({P.MANAGE_USERS, P.VIEW_RELEASES})
    command = rule_command(world)
    refusal = world.refused("clerk", command, scopes=scopes)
    assert (refusal.code, refusal.field) == (Code.FORBIDDEN, ("scopes",))
    assert_refused(world, "ann", command, Code.FORBIDDEN)
    rule = world.do("admin", command)
    narrower = UpdatePipelineRule(rule_id=rule, name="Renamed")
    assert world.refused("clerk", narrower, scopes=scopes).code is Code.FORBIDDEN


def test_whoever_lets_in_other_tokens_holds_what_the_rules_grant(world: World) -> None:
    make_rule(world)
    scopes = frozenset({P.MANAGE_USERS, P.VIEW_RELEASES})
    issuer = world.things["GitHub"]
    other = UpdateTrustedIssuer(issuer_id=issuer, audience="other")
    refusal = world.refused("admin", other, scopes=scopes)
    assert (refusal.code, refusal.field) == (Code.FORBIDDEN, ("audience",))
    assert "SIGN" in refusal.message
    world.do("admin", UpdateTrustedIssuer(issuer_id=issuer, name="GH"), scopes=scopes)
    world.do("admin", other, scopes=scopes | {P.SIGN, P.APPROVE_RELEASE, *ADMINISTRATION})


def test_an_issuer_is_trusted_once_and_names_are_unique(world: World) -> None:
    trust(world)
    other = CreateTrustedIssuer(name="GITHUB", kind=IssuerKind.OTHER, url="https://ci.example.com")
    assert assert_refused(world, "admin", other, Code.NAME_TAKEN).field == ("name",)
    again = CreateTrustedIssuer(name="Again", kind=IssuerKind.OTHER, url=GITHUB)
    assert assert_refused(world, "admin", again, Code.NAME_TAKEN).field == ("url",)
    make_rule(world)
    taken = rule_command(world, name="FALCON")
    assert assert_refused(world, "admin", taken, Code.NAME_TAKEN).field == ("name",)


def test_an_account_trusts_a_limited_number_of_issuers(world: World) -> None:
    for number in range(MAX_ISSUERS):
        trust(world, name=f"Issuer {number}", url=f"https://ci{number}.example.com")
    command = CreateTrustedIssuer(name="More", kind=IssuerKind.OTHER, url="https://ci.example.com")
    invalid(world, command)


@pytest.mark.parametrize("audience", [" ", "two words", "lines\r\n", "a" * 501, "ümlaut"])
def test_an_audience_is_one_line_of_ascii(world: World, audience: str) -> None:
    issuer = trust(world)
    command = UpdateTrustedIssuer(issuer_id=issuer, audience=audience)
    assert invalid(world, command).field == ("audience",)
