"""Policy and votes in, resolution out."""

from dataclasses import replace

import pytest

from engine.lifecycle import approvals
from engine.model.vocabulary import Status, Verdict
from tests.support.facts import (
    ANN,
    BOB,
    CREATOR,
    MEMBER,
    STRANGER,
    facts,
    ruled,
    teams_off,
    vote,
)

EVERYBODY = frozenset({ANN, BOB, MEMBER})


@pytest.mark.parametrize(
    ("votes", "received"),
    [
        ((), 0),
        ((vote(ANN),), 1),
        ((vote(ANN), vote(BOB)), 2),
        ((vote(ANN), vote(ANN)), 1),
        ((vote(ANN), vote(STRANGER)), 1),
        ((vote(ANN), vote(BOB, Verdict.REJECT)), 1),
        ((vote(ANN), vote(BOB, material_revision=1)), 1),
        ((vote(ANN), vote(BOB, material_revision=3)), 1),
    ],
)
def test_approvals_count_of_this_revision_by_people_still_eligible(
    votes: tuple[approvals.Vote, ...], received: int
) -> None:
    found = approvals.resolve(2, votes, EVERYBODY, material_revision=2)
    assert (found.received, found.remaining, found.is_met) == (
        received,
        2 - received,
        received == 2,
    )


def test_more_approvals_than_required_leave_none_missing() -> None:
    found = approvals.resolve(1, (vote(ANN), vote(BOB)), EVERYBODY, 2)
    assert (found.received, found.remaining, found.is_met) == (2, 0, True)


@pytest.mark.parametrize(
    ("before", "after", "can_be_met", "is_worse"),
    [
        ((2, 2), (2, 2), True, False),
        ((2, 2), (3, 2), False, True),
        ((2, 2), (2, 1), False, True),
        ((2, 1), (2, 1), False, False),
        ((3, 1), (3, 2), False, False),
        ((3, 1), (2, 1), False, False),
        ((3, 2), (2, 1), False, True),
        ((2, 1), (3, 2), False, True),
        ((2, 1), (3, 3), True, True),
    ],
)
def test_a_quorum_gets_worse_where_more_is_asked_for_or_fewer_could_give_it(
    before: tuple[int, int], after: tuple[int, int], can_be_met: bool, is_worse: bool
) -> None:
    quorum = approvals.Quorum(*after)
    assert quorum.can_be_met == can_be_met
    assert quorum.is_worse_than(approvals.Quorum(*before)) == is_worse


def test_the_quorum_is_that_of_the_round_not_of_the_team_as_it_is_now() -> None:
    given = facts(Status.PENDING, who=ANN)
    assert given.team is not None
    given = replace(given, team=replace(given.team, required_approvals=1))
    assert not approvals.resolve_with_actor(given).is_met


def test_a_vote_of_somebody_no_longer_eligible_does_not_help_to_the_quorum() -> None:
    given = facts(Status.PENDING, who=ANN, votes=(vote(BOB),))
    assert approvals.resolve_with_actor(given).is_met
    left = replace(given, approver_ids=frozenset({ANN}))
    found = approvals.resolve_with_actor(left)
    assert (found.received, found.is_met) == (1, False)


def test_an_authors_own_vote_counts_only_while_self_approval_is_on() -> None:
    given = facts(Status.PENDING, who=BOB, votes=(vote(ANN),))
    requested = replace(given, release=replace(given.subject, creator_id=ANN))
    edited = replace(given, editor_ids=frozenset({ANN}))
    for own in (requested, edited):
        found = approvals.resolve_with_actor(own)
        assert (found.received, found.is_met) == (1, False)
        assert approvals.resolve_as_it_stands(own).received == 0
        assert approvals.resolve_with_actor(ruled(own, allow_self_approval=True)).is_met


def test_one_has_voted_only_on_the_revision_one_voted_on() -> None:
    given = facts(Status.PENDING, who=ANN)
    assert not approvals.has_voted(given)
    assert not approvals.has_voted(replace(given, votes=(vote(BOB),)))
    assert not approvals.has_voted(replace(given, votes=(vote(ANN, material_revision=1),)))
    assert approvals.has_voted(replace(given, votes=(vote(ANN, Verdict.REJECT),)))


def test_a_release_is_its_creators_and_its_material_editors_own() -> None:
    assert approvals.authors(facts(Status.PENDING)) == {CREATOR}
    assert approvals.authors(facts(Status.PENDING, editor_ids=frozenset({ANN}))) == {CREATOR, ANN}


def test_who_could_approve_is_everybody_eligible_but_its_authors() -> None:
    request = facts(None, who=ANN, draft_approver_ids=EVERYBODY)
    assert approvals.possible_approvers(request) == {BOB, MEMBER}
    assert approvals.possible_approvers(ruled(request, allow_self_approval=True)) == EVERYBODY


def test_a_team_sets_the_quorum_and_with_teams_off_the_account() -> None:
    assert approvals.required_by_settings(ruled(facts(None), required_approvals=7)) == 2
    off = ruled(teams_off(facts(None)), required_approvals=7)
    assert approvals.required_by_settings(off) == 7
