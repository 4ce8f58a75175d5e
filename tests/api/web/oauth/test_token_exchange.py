"""Pipelines exchange their own tokens, once each, for short-lived ones of a service user."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from api.web.oauth.subject_token import MAX_TOKEN_CHARACTERS
from api.web.oauth.token_endpoint import PATH
from engine.commands.administration.pipeline_rules import DeletePipelineRule, UpdatePipelineRule
from engine.commands.administration.trusted_issuers import (
    DeleteTrustedIssuer,
    UpdateTrustedIssuer,
)
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import RevokeApiToken
from engine.model.claims import ClaimCondition
from engine.model.origins import IssuerKind
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from engine.persistence.store.credentials.pipeline_tokens import delete_expired
from tests.api.web.oauth.pipeline_site import ACCESS_TOKEN, PipelineSite, endpoint_of, open_site
from tests.api.web.sign_in.loopback_issuer import EC, OTHER_RSA, RSA, Issuer, Loopback, public
from tests.support.api import serving
from tests.support.claim_sets import SYSTEMS
from tests.support.databases import Templates
from tests.support.pipelines import trust
from tests.support.refusals import details_of, tags
from tests.support.releases import rows
from tests.support.world import World

ME = "{ viewer { user { id } permissions } }"


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
    with open_site(world, issuer) as opened:
        yield opened


def me(site: PipelineSite, secret: str) -> dict[str, Any]:
    site.api.tokens["pipeline"] = secret
    return site.api.post("pipeline", ME)


@pytest.mark.parametrize("kind", SYSTEMS)
def test_each_system_proves_itself(world: World, issuer: Issuer, kind: IssuerKind) -> None:
    with open_site(world, issuer, kind) as site:
        before = len(world.ledger())
        answer = site.exchange(site.token())

        assert answer.status_code == 200, answer.text
        body = answer.json()
        secret = body.pop("access_token")
        assert body == {
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 900,
            "scope": "SIGN VIEW_RELEASES",
        }
        viewer = me(site, secret)["data"]["viewer"]
        assert viewer["user"]["id"] == site.api.id("User", "robot")
        assert viewer["permissions"] == ["SIGN", "VIEW_RELEASES"]
        assert tags(world, before) == ["token:issued"]
        details = details_of(world.ledger()[-1])
        assert details["origin"] == {
            "kind": kind,
            "issuer": issuer.address,
            **SYSTEMS[kind][2],
        }
        assert not {"jti", "aud", "exp", "user_email"} & details["claims"].keys()
        assert secret not in json.dumps(details)


def test_a_token_ends_by_itself_and_is_listed_and_revocable(site: PipelineSite) -> None:
    secret = site.exchange(site.token()).json()["access_token"]
    listed = site.api.ask(
        "admin", "{ apiTokens { edges { node { name expiresAt origin { repository run } } } } }"
    )
    names = {edge["node"]["name"]: edge["node"] for edge in listed["apiTokens"]["edges"]}
    assert names["Falcon"]["origin"] == {"repository": "octo-org/octo-repo", "run": "1234567890"}
    assert "data" in me(site, secret)
    site.world.clock.pass_(minutes=15)
    assert me(site, secret)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

    secret = site.exchange(site.token(jti="2")).json()["access_token"]
    (row,) = rows(site.world, t.api_tokens, rule_id=site.rule_id)[-1:]
    newest = max(rows(site.world, t.api_tokens, rule_id=site.rule_id), key=lambda r: r.id)
    site.world.do("admin", RevokeApiToken(token_id=newest.id))
    assert row is not None
    assert me(site, secret)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


ENDINGS = ["rule deleted", "issuer deleted", "other audience", "rule changed", "user gone"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_token_ends_with_what_it_was_issued_by(site: PipelineSite, ending: str) -> None:
    world, secret = site.world, site.exchange(site.token()).json()["access_token"]
    before = len(world.ledger())
    commands = {
        "rule deleted": DeletePipelineRule(rule_id=site.rule_id),
        "issuer deleted": DeleteTrustedIssuer(issuer_id=world.things["CI"]),
        "other audience": UpdateTrustedIssuer(issuer_id=world.things["CI"], audience="release"),
        "rule changed": UpdatePipelineRule(
            rule_id=site.rule_id, keypair_ids=frozenset({world.things["spare"]})
        ),
        "user gone": UpdateUser(user_id=world.people["robot"], active=False),
    }
    world.do("admin", commands[ending])
    assert me(site, secret)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    ended = [] if ending == "user gone" else ["token:ended"]
    assert [tag for tag in tags(world, before) if tag.startswith("token:")] == ended


def test_another_name_of_the_rule_ends_no_token(site: PipelineSite) -> None:
    secret = site.exchange(site.token()).json()["access_token"]
    issuer_id = site.world.things["CI"]
    site.world.do("admin", UpdateTrustedIssuer(issuer_id=issuer_id, name="Renamed"))
    site.world.do("admin", UpdatePipelineRule(rule_id=site.rule_id, name="Renamed"))
    assert "data" in me(site, secret)


def test_a_token_is_exchanged_once(site: PipelineSite) -> None:
    token, world = site.token(), site.world
    assert site.exchange(token).status_code == 200
    before = len(world.ledger())
    answer = site.exchange(token)
    assert (answer.status_code, answer.json()["code"]) == (400, "TOKEN_USED")
    assert tags(world, before) == ["attempt:refused"]
    # The same id in a token that was signed anew, and the same token at another process.
    assert site.exchange(site.token(run_id="2")).json()["code"] == "TOKEN_USED"
    app = Starlette(routes=[Route(PATH, endpoint_of(site.runtime).answer, methods=["POST"])])
    with TestClient(app) as site.client:
        assert site.exchange(token).json()["code"] == "TOKEN_USED"
    assert len(rows(world, t.api_tokens, rule_id=site.rule_id)) == 1


def test_a_token_without_an_id_is_exchanged_once(site: PipelineSite) -> None:
    token = site.token(jti=None)
    assert site.exchange(token).status_code == 200
    assert site.exchange(token).json()["code"] == "TOKEN_USED"
    assert site.exchange(site.token(jti=None, run_id="2")).status_code == 200


def test_of_many_at_once_one_gets_a_token(site: PipelineSite) -> None:
    token = site.token()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: site.exchange(token), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert len(rows(site.world, t.api_tokens, rule_id=site.rule_id)) == 1


def test_what_was_used_is_forgotten_once_it_has_expired(site: PipelineSite) -> None:
    world, token = site.world, site.token()
    site.exchange(token)

    def delete(minutes: int, kept: int) -> int:
        now = world.clock.instant
        world.clock.pass_(minutes=minutes)
        with world.system.database.writing() as connection:
            count = delete_expired(connection, world.clock.instant, now, 100)
            connection.commit()
        return count

    assert delete(5, 0) == 0
    assert site.exchange(token).json()["code"] in {"TOKEN_USED", "TOKEN_EXPIRED"}
    assert delete(5, 0) == 1
    assert site.exchange(token).json()["code"] == "TOKEN_EXPIRED"
    world.clock.pass_(minutes=10)
    assert delete(1, 0) == 1
    assert rows(world, t.api_tokens, rule_id=site.rule_id) == []


def test_fewer_scopes_can_be_asked_for_and_no_others(site: PipelineSite) -> None:
    answer = site.exchange(site.token(), scope="VIEW_RELEASES").json()
    assert answer["scope"] == "VIEW_RELEASES"
    for scope in ("MANAGE_USERS", "SIGN MANAGE_USERS", "nonsense"):
        refused = site.exchange(site.token(jti=scope), scope=scope)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_an_audience_of_the_issuers_own_is_the_only_one(site: PipelineSite) -> None:
    issuer_id = site.world.things["CI"]
    site.world.do("admin", UpdateTrustedIssuer(issuer_id=issuer_id, audience="countersign"))
    assert site.exchange(site.token()).json()["code"] == "TOKEN_AUDIENCE_MISMATCH"
    assert site.exchange(site.token(aud="countersign")).status_code == 200


def test_a_list_of_one_audience_is_that_audience(site: PipelineSite) -> None:
    # As Kubernetes has it.
    assert site.exchange(site.token(aud=["https://countersign.example.com"])).status_code == 200


def test_a_new_key_of_the_issuer_is_fetched_once(site: PipelineSite) -> None:
    assert site.exchange(site.token()).status_code == 200
    site.issuer.key, site.issuer.algorithm = EC, "ES256"
    site.issuer.metadata = {"id_token_signing_alg_values_supported": ["RS256", "ES256"]}
    assert site.exchange(site.token(jti="2")).status_code == 200
    fetched = len(site.issuer.paths)
    site.issuer.header = {"kid": "unknown"}
    for number in range(3, 6):
        token = site.token(jti=str(number))
        assert site.exchange(token).json()["code"] == "TOKEN_SIGNATURE_INVALID"
    assert len(site.issuer.paths) == fetched


def test_issuers_at_private_addresses_need_the_operators_leave(
    world: World, issuer: Issuer
) -> None:
    with open_site(world, issuer, allow_private=False) as site:
        assert site.exchange(site.token()).json()["code"] == "ISSUER_UNAVAILABLE"
        assert issuer.paths == []
        input_ = {"name": "Near", "kind": "OTHER", "url": "https://ci.internal"}
        for url in ("http://ci.example.com", "https://10.0.0.1", "https://localhost"):
            refused = site.api.try_("admin", "createTrustedIssuer", input_ | {"url": url})
            assert refused["errors"][0]["code"] == "INVALID_INPUT"
            assert "COUNTERSIGN_ISSUER_ALLOW_PRIVATE" in refused["errors"][0]["message"]


def test_a_pipeline_signs_with_the_keypairs_of_its_rule_only(site: PipelineSite) -> None:
    world = site.world
    world.set_team("blue", members=["ann", "bob", "dev", "robot"])
    secret = site.exchange(site.token()).json()["access_token"]
    site.api.tokens["pipeline"] = secret
    query = (
        "query ($id: ID!) { explainSign(input: { keypairId: $id }) { factors { name passed } } }"
    )
    passed = {}
    for alias in ("vault", "spare"):
        answer = site.api.ask("pipeline", query, id=site.api.id("Keypair", alias))
        factors = {f["name"]: f["passed"] for f in answer["explainSign"]["factors"]}
        passed[alias] = factors["credential_covers_keypair"]
    assert passed == {"vault": True, "spare": False}


@pytest.mark.parametrize("name", ["client_id", "subject_token", "subject_token_type"])
def test_a_parameter_that_is_missing_is_named(site: PipelineSite, name: str) -> None:
    answer = site.exchange(site.token(), **{name: ""})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert name in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "nonsense"}, 401, "invalid_client"),
        ({"client_id": "UGlwZWxpbmVSdWxlOjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"}, 401,
         "invalid_client"),
        ({"subject_token_type": ACCESS_TOKEN}, 400, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"}, 400, "invalid_request"),
        ({"actor_token": "x"}, 400, "invalid_request"),
        ({"resource": "https://elsewhere.example.com"}, 400, "invalid_target"),
        ({"audience": "elsewhere"}, 400, "invalid_target"),
    ],
)  # fmt: skip
def test_what_is_no_exchange_is_refused(
    site: PipelineSite, form: dict[str, str], status: int, error: str
) -> None:
    answer = site.exchange(site.token(), **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert rows(site.world, t.used_pipeline_tokens) == []


def test_rules_of_other_accounts_know_nothing_of_this_issuer(
    site: PipelineSite, templates: Templates
) -> None:
    from tests.support.pipelines import make_rule
    from tests.support.world import make_world

    other = make_world(site.world.system.database, account="Other Inc")
    trust(other)
    foreign = make_rule(other, name="Theirs")
    from api.graphql.ids import to_global

    answer = site.exchange(site.token(), client_id=to_global("PipelineRule", foreign))
    assert answer.json()["code"] == "TOKEN_ISSUER_MISMATCH"


# --- bad tokens --------------------------------------------------------------------------


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(site: PipelineSite, header: dict[str, Any], payload: bytes, key: Any = RSA) -> str:
    """A token with exactly this header and payload, by the right key unless another is given."""
    text = f"{_b64(json.dumps(header).encode())}.{_b64(payload)}"
    algorithm = JWSRegistry.algorithms[str(header["alg"])]
    return f"{text}.{_b64(algorithm.sign(text.encode(), key))}"


def with_header(**header: Any) -> Any:
    def make(site: PipelineSite) -> str:
        site.issuer.header = header
        return site.token()

    return make


def with_claims(**claims: Any) -> Any:
    return lambda site: site.token(**claims)


def later(name: str, offset: float) -> Any:
    def make(site: PipelineSite) -> str:
        return site.token(**{name: int(site.world.clock.instant.timestamp()) + offset})

    return make


def by_hs256(site: PipelineSite) -> str:
    # The library that verifies refuses to make such a token, so it is made by hand.
    header = _b64(json.dumps({"alg": "HS256", "kid": "rsa"}).encode())
    text = f"{header}.{_b64(json.dumps(site.claims()).encode())}"
    return f"{text}.{_b64(hmac.digest(RSA.as_pem(private=False), text.encode(), 'sha256'))}"


def unsigned(site: PipelineSite) -> str:
    header = _b64(json.dumps({"alg": "none", "kid": "rsa"}).encode())
    return f"{header}.{_b64(json.dumps(site.claims()).encode())}.AA"


def with_key_in_header(**more: Any) -> Any:
    def make(site: PipelineSite) -> str:
        header = {"alg": "RS256", "kid": "rsa", "typ": "JWT"} | more
        return signed(site, header, json.dumps(site.claims()).encode(), OTHER_RSA)

    return make


def twice(text: str) -> Any:
    """The claims with one more member in front, as a text."""

    def make(site: PipelineSite) -> str:
        payload = "{" + text + "," + json.dumps(site.claims())[1:]
        return signed(site, {"alg": "RS256", "kid": "rsa", "typ": "JWT"}, payload.encode())

    return make


def nested(site: PipelineSite) -> str:
    header = {"alg": "RS256", "kid": "rsa", "typ": "JWT", "cty": "JWT"}
    return signed(site, header, site.token().encode())


def raw_payload(payload: bytes) -> Any:
    return lambda site: signed(site, {"alg": "RS256", "kid": "rsa", "typ": "JWT"}, payload)


def forged(site: PipelineSite) -> str:
    return site.issuer.signed(OTHER_RSA) if site.token() else ""


def tampered(site: PipelineSite) -> str:
    header, _, signature = site.token(repository_id="1").split(".")
    return f"{header}.{_b64(json.dumps(site.claims()).encode())}.{signature}"


def cut(site: PipelineSite) -> str:
    return site.token().rpartition(".")[0] + "."


def duplicate_header(site: PipelineSite) -> str:
    text = b'{"alg":"none","alg":"RS256","kid":"rsa"}'
    body = f"{_b64(text)}.{_b64(json.dumps(site.claims()).encode())}"
    algorithm = JWSRegistry.algorithms["RS256"]
    return f"{body}.{_b64(algorithm.sign(body.encode(), RSA))}"


ADDRESS = "https://evil.example.com/keys"
BAD_TOKENS: dict[str, tuple[Any, str]] = {
    "other audience": (with_claims(aud="https://other.example.com"), "TOKEN_AUDIENCE_MISMATCH"),
    "default audience of GitHub": (
        with_claims(aud="https://github.com/octo-org"),
        "TOKEN_AUDIENCE_MISMATCH",
    ),
    "audience with a slash more": (
        with_claims(aud="https://countersign.example.com/"),
        "TOKEN_AUDIENCE_MISMATCH",
    ),
    "no audience": (with_claims(aud=None), "TOKEN_AUDIENCE_MISMATCH"),
    "several audiences": (
        with_claims(aud=["https://countersign.example.com", "https://other.example.com"]),
        "TOKEN_SEVERAL_AUDIENCES",
    ),
    "an empty list of audiences": (with_claims(aud=[]), "TOKEN_SEVERAL_AUDIENCES"),
    "expired": (later("exp", -61), "TOKEN_EXPIRED"),
    "issued in the future": (later("iat", 61), "TOKEN_NOT_YET_VALID"),
    "not yet valid": (later("nbf", 61), "TOKEN_NOT_YET_VALID"),
    "lasts for more than a day": (later("exp", 86_401), "TOKEN_LIFETIME_TOO_LONG"),
    "expiry as text": (with_claims(exp="1907000000"), "TOKEN_CLAIM_INVALID"),
    "expiry as a truth value": (with_claims(exp=True), "TOKEN_CLAIM_INVALID"),
    "expiry far away": (with_claims(exp=10**30), "TOKEN_CLAIM_INVALID"),
    "no expiry": (with_claims(exp=None), "TOKEN_CLAIM_INVALID"),
    "no time of issue": (with_claims(iat=None), "TOKEN_CLAIM_INVALID"),
    "time of issue as text": (with_claims(iat="1906000000"), "TOKEN_CLAIM_INVALID"),
    "start as a list": (with_claims(nbf=[1]), "TOKEN_CLAIM_INVALID"),
    "no subject": (with_claims(sub=None), "TOKEN_CLAIM_INVALID"),
    "subject as a list": (with_claims(sub=["repo:octo-org/octo-repo"]), "TOKEN_CLAIM_INVALID"),
    "id as a number": (with_claims(jti=7), "TOKEN_CLAIM_INVALID"),
    "empty id": (with_claims(jti=""), "TOKEN_CLAIM_INVALID"),
    "other repository": (with_claims(repository_id="4712"), "RULE_CONDITION_FAILED"),
    "repository id with a space": (with_claims(repository_id="4711 "), "RULE_CONDITION_FAILED"),
    "repository id as a list": (with_claims(repository_id=["4711"]), "RULE_CONDITION_FAILED"),
    "repository id as an object": (
        with_claims(repository_id={"id": "4711"}),
        "RULE_CONDITION_FAILED",
    ),
    "repository id as a fraction": (with_claims(repository_id=4711.0), "RULE_CONDITION_FAILED"),
    "no repository id": (with_claims(repository_id=None), "RULE_CONDITION_FAILED"),
    "branch instead of a tag": (with_claims(ref="refs/heads/main"), "RULE_CONDITION_FAILED"),
    "branch named like a tag": (
        with_claims(ref="refs/heads/refs/tags/v1"),
        "RULE_CONDITION_FAILED",
    ),
    "tag in a folder": (with_claims(ref="refs/tags/v1/x"), "RULE_CONDITION_FAILED"),
    "tag with a line break": (with_claims(ref="refs/tags/v1\nx"), "RULE_CONDITION_FAILED"),
    "pull request": (
        with_claims(ref="refs/pull/27/merge", event_name="pull_request"),
        "RULE_CONDITION_FAILED",
    ),
    "pull request on a tag": (with_claims(event_name="pull_request"), "RULE_CONDITION_FAILED"),
    "event in other letters": (with_claims(event_name="PUSH"), "RULE_CONDITION_FAILED"),
    "unknown issuer": (with_claims(iss="https://evil.example.com"), "TOKEN_ISSUER_MISMATCH"),
    "no issuer": (with_claims(iss=None), "TOKEN_ISSUER_MISMATCH"),
    "issuer as a list": (lambda s: s.token(iss=[s.issuer.address]), "TOKEN_ISSUER_MISMATCH"),
    "issuer with a slash more": (
        lambda s: s.token(iss=s.issuer.address + "/"),
        "TOKEN_ISSUER_MISMATCH",
    ),
    "forged key with the right id": (forged, "TOKEN_SIGNATURE_INVALID"),
    "unknown key id": (with_header(kid="unknown"), "TOKEN_SIGNATURE_INVALID"),
    "other claims than were signed": (tampered, "TOKEN_SIGNATURE_INVALID"),
    "key in the header": (
        with_key_in_header(jwk=public(OTHER_RSA)),
        "TOKEN_SIGNATURE_INVALID",
    ),
    "address of keys in the header": (with_key_in_header(jku=ADDRESS), "TOKEN_SIGNATURE_INVALID"),
    "address of a certificate": (with_key_in_header(x5u=ADDRESS), "TOKEN_SIGNATURE_INVALID"),
    "certificate in the header": (with_key_in_header(x5c=["AAAA"]), "TOKEN_SIGNATURE_INVALID"),
    "key id that is a path": (
        with_key_in_header(kid="../../dev/null"),
        "TOKEN_SIGNATURE_INVALID",
    ),
    "algorithm none": (unsigned, "TOKEN_ALGORITHM_NOT_ALLOWED"),
    "HS256 with the public key": (by_hs256, "TOKEN_ALGORITHM_NOT_ALLOWED"),
    "algorithm that the issuer does not publish": (
        lambda s: signed(s, {"alg": "ES256", "kid": "ec"}, json.dumps(s.claims()).encode(), EC),
        "TOKEN_ALGORITHM_NOT_ALLOWED",
    ),
    "critical header": (with_header(crit=["exp"]), "TOKEN_HEADER_CRITICAL"),
    "payload that is not encoded": (
        with_header(crit=["b64"], b64=False),
        "TOKEN_HEADER_CRITICAL",
    ),
    "type of an access token": (with_header(typ="at+jwt"), "TOKEN_TYPE_WRONG"),
    "type of a logout token": (with_header(typ="logout+jwt"), "TOKEN_TYPE_WRONG"),
    "type that is no text": (with_header(typ=7), "TOKEN_TYPE_WRONG"),
    "nested token": (nested, "TOKEN_MALFORMED"),
    "claim twice": (twice('"repository_id":"1"'), "TOKEN_MALFORMED"),
    "claim twice in an object": (twice('"x":{"a":1,"a":2}'), "TOKEN_MALFORMED"),
    "header twice": (duplicate_header, "TOKEN_MALFORMED"),
    "claims that are a list": (raw_payload(b"[]"), "TOKEN_MALFORMED"),
    "claims that are text": (raw_payload(b'"x"'), "TOKEN_MALFORMED"),
    "claims that are no JSON": (raw_payload(b"{"), "TOKEN_MALFORMED"),
    "claims with NaN": (twice('"x":NaN'), "TOKEN_MALFORMED"),
    "claims that are no UTF-8": (raw_payload(b'{"x":"\xff"}'), "TOKEN_MALFORMED"),
    "claims too deep": (raw_payload(b'{"x":' + b"[" * 5000), "TOKEN_MALFORMED"),
    "no token at all": (lambda s: "nonsense", "TOKEN_MALFORMED"),
    "no signature": (cut, "TOKEN_MALFORMED"),
    "five parts": (lambda s: s.token() + ".AA.AA", "TOKEN_MALFORMED"),
    "spaces around it": (lambda s: f" {s.token()} ", "TOKEN_MALFORMED"),
    "padding": (lambda s: s.token() + "==", "TOKEN_MALFORMED"),
    "too large": (with_claims(more="x" * MAX_TOKEN_CHARACTERS), "TOKEN_TOO_LARGE"),
}


@pytest.fixture(scope="module")
def quiet_site(templates: Templates, loopback: Loopback) -> Iterator[PipelineSite]:
    """On SQLite alone, for tests that change nothing in it."""
    with templates.world("sqlite") as world, open_site(world, loopback.fresh()) as site:
        yield site


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_is_refused_and_changes_nothing(
    quiet_site: PipelineSite, loopback: Loopback, name: str
) -> None:
    site, (make, code) = quiet_site, BAD_TOKENS[name]
    site.issuer = loopback.fresh()
    before, entries = site.world.snapshot(), len(site.world.ledger())

    answer = site.exchange(make(site))

    body = answer.json()
    assert (answer.status_code, body["error"], body["code"]) == (400, "invalid_request", code)
    assert body["error_description"].isascii()
    assert body["error_description"].endswith(".")
    assert answer.headers["cache-control"] == "no-store"
    assert site.world.snapshot() == before
    assert len(site.world.ledger()) == entries


def test_there_are_bad_tokens_of_every_kind() -> None:
    assert len(BAD_TOKENS) >= 60


def test_the_failed_claim_is_named_without_what_the_rule_asks_for(site: PipelineSite) -> None:
    refused = site.exchange(site.token(ref="refs/heads/main")).json()
    assert "The claim ref is not" in refused["error_description"]
    assert "refs/tags" not in refused["error_description"]


def test_what_is_no_rule_of_this_repository_matches_too_much(site: PipelineSite) -> None:
    for pattern in ("*", "repo:*", "repo:octo*/x"):
        conditions = [{"claim": "sub", "matches": [pattern]}]
        input_ = {"id": site.client_id, "conditions": conditions}
        refused = site.api.try_("admin", "updatePipelineRule", input_)
        assert refused["errors"][0]["code"] == "INVALID_INPUT"


def test_no_claim_that_only_seems_to_be_nested_is_believed(world: World, issuer: Issuer) -> None:
    with open_site(world, issuer, IssuerKind.KUBERNETES) as site:
        fake = {"kubernetes.io/serviceaccount/uid": "e6a8680e-d103-4cce-80ea-03acbbeacf7d"}
        assert site.exchange(site.token(**fake)).json()["code"] == "RULE_CONDITION_FAILED"


def test_the_scopes_are_those_that_the_user_still_holds(site: PipelineSite) -> None:
    site.world.do("admin", UpdateUser(user_id=site.world.people["robot"], roles=("AUDITOR",)))
    secret = site.exchange(site.token()).json()["access_token"]
    assert me(site, secret)["data"]["viewer"]["permissions"] == ["VIEW_RELEASES"]
    rule = UpdatePipelineRule(
        rule_id=site.rule_id,
        scopes=frozenset({Permission.VIEW_RELEASES}),
        conditions=(ClaimCondition("repository_id", ("4711",)),),
        keypair_ids=frozenset(),
    )
    site.world.do("admin", rule)
    assert me(site, secret)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    count = sa.select(sa.func.count()).select_from(t.used_pipeline_tokens)
    with site.world.system.database.reading() as connection:
        assert connection.scalar(count) == 1
