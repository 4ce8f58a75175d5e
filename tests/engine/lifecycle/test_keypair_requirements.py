"""Which keypairs a requested or edited release can have, at each rule's edges."""

from dataclasses import replace
from typing import Any

import pytest

from engine.lifecycle import keypair_requirements
from engine.model.errors import Code
from engine.model.facts import Facts
from engine.model.vocabulary import KeypairCategory, KeypairState, ReleaseType, Status
from tests.support.facts import (
    OTHER_RELEASE,
    RED,
    RELEASE,
    SPARE,
    drafting,
    facts,
    keypair,
    teams_off,
)
from tests.support.refusals import said


def keyed(*keypairs: Any) -> Facts:
    return replace(
        drafting(facts(None), keypair_ids=frozenset(k.id for k in keypairs)), keypairs=keypairs
    )


def test_one_keypair_or_more() -> None:
    assert keypair_requirements.has_keypairs(keyed(keypair(), keypair(id=SPARE))) is None
    assert said(keypair_requirements.has_keypairs(keyed())) == (Code.INVALID_INPUT, "keypair_ids")


@pytest.mark.parametrize(
    ("rule", "at_fault", "code"),
    [
        (
            keypair_requirements.keypairs_are_enabled,
            {"state": KeypairState.DISABLED},
            Code.KEYPAIR_DISABLED,
        ),
        (
            keypair_requirements.keypairs_are_enabled,
            {"state": KeypairState.RETIRED},
            Code.KEYPAIR_DISABLED,
        ),
        (
            keypair_requirements.keypairs_have_the_type,
            {"type": ReleaseType.ONLINE},
            Code.KEYPAIR_TYPE_MISMATCH,
        ),
        (
            keypair_requirements.keypairs_have_the_type,
            {"type": ReleaseType.TEST},
            Code.KEYPAIR_TYPE_MISMATCH,
        ),
        (
            keypair_requirements.keypairs_have_the_category,
            {"category": KeypairCategory.GPG},
            Code.KEYPAIR_CATEGORY_MISMATCH,
        ),
        (
            keypair_requirements.keypairs_belong_to_team,
            {"team_ids": frozenset()},
            Code.KEYPAIR_NOT_ALLOWED,
        ),
        (
            keypair_requirements.keypairs_belong_to_team,
            {"team_ids": frozenset({RED})},
            Code.KEYPAIR_NOT_ALLOWED,
        ),
        (keypair_requirements.keypairs_are_free, {"held_by": OTHER_RELEASE}, Code.KEYPAIR_IN_USE),
    ],
)
def test_one_keypair_at_fault_refuses_all_and_is_named(
    rule: Any, at_fault: dict[str, Any], code: Code
) -> None:
    fine, wrong = keypair(), keypair(id=SPARE, alias="spare", **at_fault)
    assert rule(keyed(fine)) is None
    refusal = rule(keyed(fine, wrong))
    assert said(refusal) == (code, "keypair_ids")
    assert refusal is not None
    assert "keypair spare is" in refusal.message


def test_a_keypair_held_by_the_edited_release_itself_is_free() -> None:
    given = facts(Status.PENDING, keypairs=(keypair(held_by=RELEASE),))
    assert keypair_requirements.keypairs_are_free(given) is None


@pytest.mark.parametrize(("requested", "has", "fits"), [(True, False, False), (True, True, True)])
def test_a_default_certificate_is_there_when_asked_for(
    requested: bool, has: bool, fits: bool
) -> None:
    given = drafting(
        keyed(keypair(has_default_certificate=has)), with_default_certificate=requested
    )
    wrong = (Code.KEYPAIR_CERTIFICATE_MISMATCH, "keypair_ids")
    assert said(keypair_requirements.keypairs_have_certificates(given)) == (None if fits else wrong)


@pytest.mark.parametrize("has", [True, False])
def test_no_default_certificate_asked_for_is_no_constraint(has: bool) -> None:
    given = keyed(keypair(has_default_certificate=has))
    assert keypair_requirements.keypairs_have_certificates(given) is None


def test_with_teams_off_no_keypair_needs_a_team() -> None:
    given = replace(teams_off(facts(None)), keypairs=(keypair(team_ids=frozenset()),))
    assert keypair_requirements.keypairs_belong_to_team(given) is None
