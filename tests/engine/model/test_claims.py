"""Conditions on claims: what patterns match, which are refused, and how claims become text."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.claims import (
    MAX_CONDITIONS,
    MAX_VALUES,
    ClaimCondition,
    as_words,
    check_conditions,
    conditions_from_json,
    conditions_to_json,
    failed_condition,
    flatten_claims,
    normalized,
    pattern_matches,
)
from engine.model.errors import Code
from engine.model.origins import IssuerKind, Origin, check_identity, claims_to_keep, warnings_of


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("refs/tags/v*", "refs/tags/v1.2.3"),
        ("refs/tags/v*", "refs/tags/v"),
        ("refs/tags/v*-*", "refs/tags/v1-rc1"),
        ("refs/heads/release/*", "refs/heads/release/1"),
        ("repo:octo/app:ref:refs/tags/*", "repo:octo/app:ref:refs/tags/v1"),
        ("a*b*c", "a-b-b-c"),
    ],
)
def test_a_pattern_matches_a_whole_value(pattern: str, value: str) -> None:
    assert pattern_matches(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("refs/tags/v*", "refs/tags/v1/x"),
        ("refs/tags/v*", "refs/heads/v1"),
        ("refs/tags/v*", "xrefs/tags/v1"),
        ("refs/tags/v*", "refs/tags/V1"),
        ("refs/tags/v*", "refs/tags/v1\nrefs/tags/v*/"),
        ("refs/*/v1", "refs/v1"),
        ("refs/tags/v*1", "refs/tags/v2"),
        ("a*a", "a"),
        ("octo/*", "octo/a/b"),
        ("v1.0*", "v1x0"),
        ("[ab]*", "ab"),
        ("v?*", "v"),
    ],
)
def test_a_pattern_matches_nothing_else(pattern: str, value: str) -> None:
    assert not pattern_matches(pattern, value)


@given(st.text("ab*/", max_size=12), st.text("ab/", max_size=12))
def test_patterns_agree_with_those_of_files_where_no_slash_is_crossed(
    pattern: str, value: str
) -> None:
    parts, values = pattern.split("/"), value.split("/")
    expected = len(parts) == len(values) and all(map(fnmatchcase, values, parts))
    assert pattern_matches(pattern, value) == expected


@pytest.mark.timeout(60)
def test_a_long_value_takes_no_long_time() -> None:
    assert not pattern_matches("*a".join([""] * 5) + "b", "a" * 100_000)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (ClaimCondition("ref", matches=("*",)), "matches everything"),
        (ClaimCondition("ref", matches=("*/*",)), "matches everything"),
        (ClaimCondition("ref", matches=("refs/**",)), "two in a row"),
        (ClaimCondition("ref", matches=("a*b*c*d*e*",)), "at most"),
        (ClaimCondition("ref", matches=("refs/tags/v1",)), "has no *"),
        (ClaimCondition("sub", matches=("repo:*",)), "of others"),
        (ClaimCondition("sub", matches=("repo:octo*/app:ref:refs/tags/v1",)), "of others"),
        (ClaimCondition("sub", matches=("repo:oct*",)), "of others"),
        (ClaimCondition("sub", matches=("*:ref:refs/tags/v1",)), "of others"),
        (ClaimCondition("sub", matches=("system:serviceaccount:*:signer",)), "of others"),
        (ClaimCondition("sub", matches=("organization:acme-*:pipeline:x",)), "of others"),
        (ClaimCondition("sub", matches=("project_path:gr*/app:ref_type:tag",)), "of others"),
        (ClaimCondition("sub", matches=("anything*",)), "of others"),
        (ClaimCondition("repository", matches=("octo-*/app",)), "of others"),
        (ClaimCondition("repository", matches=("*/app",)), "of others"),
        (ClaimCondition("job_workflow_ref", matches=("*/x.yml@refs/tags/v1",)), "of others"),
        (ClaimCondition("repository_id", matches=("47*",)), "exact values"),
        (ClaimCondition("repository_owner", matches=("oct*",)), "exact values"),
        (ClaimCondition("project_id", matches=("1*",)), "exact values"),
        (ClaimCondition("kubernetes.io/namespace", matches=("prod-*",)), "exact values"),
        (ClaimCondition("ref"), "values of the claim"),
        (ClaimCondition("ref", equals=tuple(map(str, range(MAX_VALUES + 1)))), "values of"),
        (ClaimCondition("ref", equals=("",)), "printable"),
        (ClaimCondition("ref", equals=("a\nb",)), "printable"),
        (ClaimCondition("ref", equals=("a" * 501,)), "printable"),
        (ClaimCondition("", equals=("a",)), "name of a claim"),
        (ClaimCondition("a b", equals=("a",)), "name of a claim"),
        (ClaimCondition("claim\r\n", equals=("a",)), "name of a claim"),
    ],
)
def test_a_condition_that_lets_in_too_many_is_refused(
    condition: ClaimCondition, words: str
) -> None:
    refusal = check_conditions([condition], "conditions")
    assert refusal is not None
    assert (refusal.code, refusal.field) == (Code.INVALID_INPUT, ("conditions",))
    assert words in refusal.message


@pytest.mark.parametrize(
    "condition",
    [
        ClaimCondition("sub", matches=("repo:octo/app:ref:refs/tags/v*",)),
        ClaimCondition("sub", matches=("project_path:acme/app:ref_type:tag:ref:v*",)),
        ClaimCondition("sub", matches=("organization:acme:pipeline:app:ref:refs/tags/v*",)),
        ClaimCondition("sub", matches=("system:serviceaccount:prod:signer-*",)),
        ClaimCondition("repository", matches=("octo/*",)),
        ClaimCondition("ref", equals=("refs/heads/main",), matches=("refs/tags/v*",)),
    ],
)
def test_what_names_its_owner_may_have_a_pattern(condition: ClaimCondition) -> None:
    assert check_conditions([condition], "conditions") is None


def test_a_claim_has_one_condition_and_there_are_not_too_many() -> None:
    one = ClaimCondition("ref", equals=("a",))
    assert check_conditions([one, one], "conditions") is not None
    many = [ClaimCondition(f"c{n}", equals=("a",)) for n in range(MAX_CONDITIONS + 1)]
    assert check_conditions(many, "conditions") is not None
    assert check_conditions(many[1:], "conditions") is None


def test_the_first_condition_that_fails_is_named() -> None:
    conditions = normalized(
        [ClaimCondition("ref", matches=("refs/tags/v*",)), ClaimCondition("id", equals=("1", "2"))]
    )
    assert failed_condition(conditions, {"id": "2", "ref": "refs/tags/v1"}) is None
    for claims, failed in (
        ({"id": "3", "ref": "refs/tags/v1"}, "id"),
        ({"id": "1", "ref": "refs/heads/main"}, "ref"),
        ({"id": "1"}, "ref"),
        ({}, "id"),
    ):
        condition = failed_condition(conditions, claims)
        assert condition is not None
        assert condition.claim == failed
    assert as_words(conditions) == "id is 1 or 2; ref is like refs/tags/v*"
    assert conditions_from_json(conditions_to_json(conditions)) == conditions


@pytest.mark.parametrize(
    ("claims", "flat"),
    [
        ({"a": "x", "n": 4711, "t": True, "f": False}, {"a": "x", "n": "4711", "t": "true"}),
        ({"k.io": {"ns": "prod", "sa": {"uid": "1"}}}, {"k.io/ns": "prod", "k.io/sa/uid": "1"}),
        ({"list": ["x"], "none": None, "half": 0.5}, {}),
        ({"big": 10**400}, {}),
        ({"long": "a" * 501, "lines": "a\nb"}, {}),
        # Which of the two is meant cannot be told.
        ({"k/ns": "evil", "k": {"ns": "prod"}}, {}),
        ({"a": {"b": {"c": {"d": {"e": {"f": "deep"}}}}}}, {}),
    ],
)
def test_claims_become_text_where_that_is_no_guess(
    claims: dict[str, Any], flat: dict[str, str]
) -> None:
    if "f" in claims:
        flat = flat | {"f": "false"}
    assert flatten_claims(claims) == flat


def test_times_ids_of_tokens_and_addresses_of_people_are_not_kept() -> None:
    claims = {"iss": "a", "aud": "b", "exp": "1", "jti": "x", "user_email": "a@example.com"}
    assert claims_to_keep(claims | {"ref": "main"}) == {"iss": "a", "ref": "main"}


def test_a_rule_says_whose_pipeline_it_is() -> None:
    ref = (ClaimCondition("ref", equals=("refs/heads/main",)),)
    for kind in IssuerKind:
        refusal = check_identity(kind, ref, "conditions")
        assert refusal is not None
        assert refusal.code is Code.INVALID_INPUT
        sub = (ClaimCondition("sub", equals=("x",)),)
        assert check_identity(kind, sub, "conditions") is None


def test_names_and_rules_about_every_branch_are_warned_of() -> None:
    name = (ClaimCondition("repository", equals=("octo/app",)),)
    assert len(warnings_of(IssuerKind.GITHUB_ACTIONS, name)) == 2
    both = (*name, ClaimCondition("repository_id", equals=("1",)))
    (branches,) = warnings_of(IssuerKind.GITHUB_ACTIONS, both)
    assert "every branch" in branches
    tag = (*both, ClaimCondition("ref", matches=("refs/tags/v*",)))
    assert warnings_of(IssuerKind.GITHUB_ACTIONS, tag) == []


@pytest.mark.parametrize("apart", ["ref_type", "ref_path"])
def test_a_branch_that_a_tag_can_have_the_name_of_is_warned_of(apart: str) -> None:
    conditions = [ClaimCondition(claim, equals=("main",)) for claim in ("project_id", "ref")]
    (warning,) = warnings_of(IssuerKind.GITLAB_CI, tuple(conditions))
    assert "of a branch or of a tag" in warning
    assert "ref_path, ref_type" in warning
    conditions.append(ClaimCondition(apart, equals=("branch",)))
    assert warnings_of(IssuerKind.GITLAB_CI, tuple(conditions)) == []


def test_an_origin_is_what_was_stored_of_it() -> None:
    claims = {
        "project_path": "acme/app",
        "project_id": "7",
        "ref": "v1",
        "ref_path": "refs/tags/v1",
    }
    origin = Origin.of(IssuerKind.GITLAB_CI, "https://gitlab.example.com", claims)
    assert (origin.repository, origin.ref, origin.commit) == ("acme/app", "refs/tags/v1", None)
    assert Origin.from_json(origin.to_json()) == origin
