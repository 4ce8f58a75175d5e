"""A release signs for the pipelines that it names, which approvers see, and for nobody else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from api.graphql.ids import local_id
from engine.commands.administration.pipeline_rules import UpdatePipelineRule
from engine.commands.maintenance.advance_due import advance_due
from engine.model.claims import ClaimCondition
from engine.model.vocabulary import Permission, ReleaseType, Status
from notifications.tables import deliveries
from tests.api.web.oauth.pipeline_site import PipelineSite, open_site
from tests.api.web.sign_in.loopback_issuer import Issuer, Loopback
from tests.support.api import serving
from tests.support.notices import with_outbox
from tests.support.refusals import details_of
from tests.support.releases import rows
from tests.support.world import DIGEST, World

CONDITION = [
    {"claim": "repository_id", "equals": ["4711"]},
    {"claim": "ref", "matches": ["refs/tags/v*"]},
]
RELEASE = "release { id revision status originCondition { claim equals matches } }"
EXPLAIN = """query ($i: ExplainSignInput!) { explainSign(input: $i) {
  allowed factors { name passed code detail } } }"""


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    loopback = Loopback()
    with serving(loopback.app) as loopback.address:
        yield loopback


@pytest.fixture
def issuer(loopback: Loopback) -> Issuer:
    return loopback.fresh()


@pytest.fixture
def site(world: World, issuer: Issuer) -> Iterator[PipelineSite]:
    """Pipelines of one repository, whatever their ref, act as a member of the team."""
    with open_site(with_outbox(world), issuer) as opened:
        world = opened.world
        world.set_team("blue", members=["ann", "bob", "dev", "robot"])
        scopes = {Permission.SIGN, Permission.VIEW_RELEASES, Permission.REQUEST_RELEASE}
        wider = UpdatePipelineRule(
            rule_id=opened.rule_id,
            conditions=(ClaimCondition("repository_id", ("4711",)),),
            scopes=frozenset(scopes),
        )
        world.do("admin", wider)
        yield opened


def as_pipeline(site: PipelineSite, **claims: Any) -> str:
    """Somebody of the API: the pipeline with a token of these claims."""
    claims = {"jti": json.dumps(claims, sort_keys=True)} | claims
    answer = site.exchange(site.token(**claims))
    assert answer.status_code == 200, answer.text
    name = f"pipeline {claims['jti']}"
    site.api.tokens[name] = answer.json()["access_token"]
    return name


def request(site: PipelineSite, who: str = "dev", **more: Any) -> Any:
    now = site.world.clock.instant
    input_ = {
        "name": "Falcon",
        "type": "OFFLINE",
        "teamId": site.api.id("Team", "blue"),
        "keypairIds": [site.api.id("Keypair", "vault")],
        "startsAt": now.isoformat(),
        "endsAt": now.replace(hour=20).isoformat(),
        "maxSignatures": 5,
        "originCondition": CONDITION,
    }
    return site.api.try_(who, "createRelease", input_ | more, RELEASE)


def opened(site: PipelineSite) -> Any:
    release = request(site)["release"]
    for name in ("ann", "bob"):
        approve = {"id": release["id"], "revision": release["revision"]}
        site.api.change(name, "approveRelease", approve, "release { id }")
    return release


def sign(site: PipelineSite, who: str) -> Any:
    input_ = {"keypairId": site.api.id("Keypair", "vault"), "digest": b64encode(DIGEST).decode()}
    what = "signature { id release { id } origin { repository ref commit run } }"
    return site.api.try_(who, "sign", input_, f"{what} factors {{ name passed detail }}")


def failed(answer: Any) -> list[tuple[str, str]]:
    return [(f["name"], f["detail"]) for f in answer["factors"] if not f["passed"]]


def test_the_right_repository_and_tag_sign_and_nobody_else(site: PipelineSite) -> None:
    release = opened(site)

    signed = sign(site, as_pipeline(site))
    assert signed["errors"] == []
    assert signed["signature"]["release"] == {"id": release["id"]}
    assert signed["signature"]["origin"] == {
        "repository": "octo-org/octo-repo",
        "ref": "refs/tags/v1.4.0",
        "commit": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "run": "1234567890",
    }
    (entry,) = site.world.ledger(tag="signature:made")
    assert details_of(entry)["origin"]["repository_id"] == "4711"

    branch = sign(site, as_pipeline(site, ref="refs/heads/main"))
    assert branch["errors"][0]["code"] == "ORIGIN_MISMATCH"
    assert "claim ref is refs/heads/main" in branch["errors"][0]["message"]
    assert [name for name, _ in failed(branch)] == ["origin"]
    missing = sign(site, as_pipeline(site, ref=None))
    assert "claim ref is missing" in missing["errors"][0]["message"]
    person = sign(site, "dev")
    assert person["errors"][0]["code"] == "ORIGIN_MISMATCH"
    assert "repository_id is 4711" in person["errors"][0]["message"]
    (row,) = rows(site.world, site_releases())
    assert (row.signatures_used, row.signatures_reserved) == (1, 0)


def test_a_condition_can_name_the_issuer_that_is_meant(site: PipelineSite) -> None:
    # Another issuer that the account trusts may say of its pipelines what it likes.
    release = opened(site)
    for url, codes in (("https://ci.example.com", ["ORIGIN_MISMATCH"]), (site.issuer.address, [])):
        condition = [*CONDITION, {"claim": "iss", "equals": [url]}]
        edit = {"id": release["id"], "revision": release["revision"], "originCondition": condition}
        release = site.api.change("ann", "updateRelease", edit, RELEASE)["release"]
        signed = sign(site, as_pipeline(site, run_id=url))
        assert [error["code"] for error in signed["errors"]] == codes


def site_releases() -> Any:
    from engine.persistence.store import tables as t

    return t.releases


def test_one_can_ask_before_whether_a_pipeline_would_sign(site: PipelineSite) -> None:
    opened(site)
    keypair = site.api.id("Keypair", "vault")
    name = as_pipeline(site, ref="refs/heads/main")
    own = site.api.ask(name, EXPLAIN, i={"keypairId": keypair})["explainSign"]
    assert own["allowed"] is False
    ((factor, detail),) = failed(own)
    assert factor == "origin"
    assert "claim ref is refs/heads/main" in detail
    for ref, allowed in (("refs/tags/v1", True), ("refs/tags/x", False)):
        claims = [{"name": "repository_id", "value": "4711"}, {"name": "ref", "value": ref}]
        question = {"keypairId": keypair, "claims": claims}
        assert site.api.ask(name, EXPLAIN, i=question)["explainSign"]["allowed"] is allowed
        assert site.api.ask("dev", EXPLAIN, i=question)["explainSign"]["factors"][0]["passed"]


def test_approvers_see_the_condition(site: PipelineSite) -> None:
    request(site)
    messages = [json.loads(row.facts) for row in rows(site.world, deliveries)]
    shown = [m["release"]["origin_condition"] for m in messages if "release" in m]
    assert shown
    for conditions in shown:
        assert conditions == ["ref is like refs/tags/v*", "repository_id is 4711"]


def test_another_condition_has_to_be_approved_again(site: PipelineSite) -> None:
    release = opened(site)
    node = "query ($id: ID!) { node(id: $id) { ... on Release { status revision } } }"
    now = site.api.ask("dev", node, id=release["id"])["node"]
    assert now["status"] == "IN_PROGRESS"
    edit = {"id": release["id"], "revision": now["revision"], "originCondition": []}
    refused = site.api.try_("dev", "updateRelease", edit, RELEASE)
    assert refused["errors"][0]["code"] == "FIELD_LOCKED"

    start = site.world.clock.instant.replace(hour=15).isoformat()
    keys = [site.api.id("Keypair", "spare")]
    later = request(site, name="Later", keypairIds=keys, startsAt=start)["release"]
    for name in ("ann", "bob"):
        approve = {"id": later["id"], "revision": later["revision"]}
        site.api.change(name, "approveRelease", approve, "release { id }")
    edit = {"id": later["id"], "revision": later["revision"], "originCondition": CONDITION[:1]}
    edited = site.api.change("dev", "updateRelease", edit, RELEASE)["release"]
    assert edited["status"] == "PENDING"
    assert edited["originCondition"] == [
        {"claim": "repository_id", "equals": ["4711"], "matches": []}
    ]
    (entry,) = site.world.ledger(tag="release:revised")
    assert details_of(entry)["changes"]["origin_condition"][1] == [
        {"claim": "repository_id", "equals": ["4711"], "matches": []}
    ]


def test_the_same_condition_in_another_order_is_no_edit(site: PipelineSite) -> None:
    release = request(site)["release"]
    edit = {"id": release["id"], "revision": 1, "originCondition": CONDITION[::-1]}
    assert site.api.change("dev", "updateRelease", edit, RELEASE)["release"]["revision"] == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"claim": "ref", "matches": ["*"]},
        {"claim": "repository", "matches": ["*/app"]},
        {"claim": "ref"},
    ],
)
def test_a_condition_that_everybody_fulfils_is_refused(
    site: PipelineSite, condition: dict[str, Any]
) -> None:
    refused = request(site, originCondition=[condition])
    assert refused["errors"][0]["code"] == "INVALID_INPUT"
    assert refused["errors"][0]["field"] == ["originCondition", "0"]


def test_a_release_names_the_pipeline_that_requested_it(site: PipelineSite) -> None:
    release = request(site, as_pipeline(site))["release"]
    query = """query ($id: ID!) { node(id: $id) { ... on Release {
      requestedFrom { kind repository ref } } } }"""
    assert site.api.ask("dev", query, id=release["id"])["node"]["requestedFrom"] == {
        "kind": "GITHUB_ACTIONS",
        "repository": "octo-org/octo-repo",
        "ref": "refs/tags/v1.4.0",
    }
    keys = [site.api.id("Keypair", "spare")]
    refused = request(site, as_pipeline(site, run_id="2"), name="Other", keypairIds=keys)
    assert refused["errors"][0]["code"] == "KEYPAIR_NOT_ALLOWED"


def test_a_pipeline_loosens_no_condition_of_its_own_release(site: PipelineSite) -> None:
    world = site.world
    world.add_keypair("online", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "online"])
    rule = UpdatePipelineRule(rule_id=site.rule_id, keypair_ids=frozenset({world.things["online"]}))
    world.do("admin", rule)
    pipeline = as_pipeline(site)
    keys = [site.api.id("Keypair", "online")]
    release = request(site, pipeline, type="ONLINE", keypairIds=keys)["release"]
    advance_due(world.system)

    def edit(who: str, condition: list[dict[str, Any]]) -> Any:
        now = world.release(local_id(release["id"]))
        assert now.status is Status.IN_PROGRESS
        change = {"id": release["id"], "revision": now.revision, "originCondition": condition}
        return site.api.try_(who, "updateRelease", change, RELEASE)

    refused = edit(pipeline, CONDITION[:1])
    assert [(e["code"], e["field"]) for e in refused["errors"]] == [
        ("FORBIDDEN", ["originCondition"])
    ]
    stricter = [*CONDITION, {"claim": "environment", "equals": ["production"]}]
    assert edit(pipeline, stricter)["errors"] == []
