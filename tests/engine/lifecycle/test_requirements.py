"""What a requested or edited release must be like: every rule of creation, at its edges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.lifecycle import requirements
from engine.model.errors import Code
from engine.model.facts import Facts
from engine.model.vocabulary import Permission, ReleaseType, Status
from tests.support.facts import (
    ANN,
    BLUE,
    BOB,
    CREATOR,
    HOUR,
    MEMBER,
    NOON,
    actor,
    drafting,
    facts,
    ruled,
    teams_off,
)
from tests.support.refusals import said


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("F", True),
        ("Falcon 1.0 – final 🦅", True),
        ("f" * 200, True),
        ("f" * 201, False),
        ("f" * 10_000, False),
        ("", False),
        ("Falcon\nBcc: all@example.com", False),
        ("Falcon\r", False),
        ("Falcon\0", False),
        ("Falcon\t1", False),
        ("Falcon\x7f", False),
        ("Falcon\x85", False),
        ("Falcon\u2028next", False),
        ("Falcon\u2029next", False),
        ("Falcon \ud800", False),
        ("Falcon \u202egnp", False),
        ("Falcon \u2066x\u2069", False),
    ],
)
def test_a_name_is_one_line_for_people(name: str, clean: bool) -> None:
    refusal = requirements.name_is_clean(drafting(facts(None), name=name))
    assert said(refusal) == (None if clean else (Code.INVALID_INPUT, "name"))


@pytest.mark.parametrize(
    ("version", "clean"),
    [(None, True), ("1.0", True), ("1" * 100, True), ("1" * 101, False), ("1\n2", False)],
)
def test_a_version_is_one_short_line_or_none(version: str | None, clean: bool) -> None:
    refusal = requirements.version_is_clean(drafting(facts(None), version=version))
    assert said(refusal) == (None if clean else (Code.INVALID_INPUT, "version"))


@pytest.mark.parametrize(
    ("note", "clean"),
    [
        (None, True),
        ("a\nb\r\n\tc", True),
        ("n" * 10_000, True),
        ("n" * 10_001, False),
        ("\a", False),
    ],
)
def test_a_note_has_lines_but_no_controls(note: str | None, clean: bool) -> None:
    refusal = requirements.note_is_clean(drafting(facts(None), note=note))
    assert said(refusal) == (None if clean else (Code.INVALID_INPUT, "note"))


def test_a_name_is_taken_once() -> None:
    assert requirements.name_is_free(facts(None)) is None
    refusal = requirements.name_is_free(facts(None, name_taken=True))
    assert said(refusal) == (Code.NAME_TAKEN, "name")


@pytest.mark.parametrize("type_", ReleaseType)
def test_only_enabled_types_are_made(type_: ReleaseType) -> None:
    only = ruled(facts(None, type_), enabled_release_types=frozenset({type_}))
    assert requirements.type_is_enabled(only) is None
    others = ruled(only, enabled_release_types=frozenset(ReleaseType) - {type_})
    assert said(requirements.type_is_enabled(others)) == (Code.RELEASE_TYPE_DISABLED, "type")


def test_a_team_with_teams_on_and_none_with_teams_off() -> None:
    on, off = facts(None), teams_off(facts(None))
    assert requirements.team_fits_settings(on) is None
    assert requirements.team_fits_settings(off) is None
    missing = requirements.team_fits_settings(drafting(on, team_id=None))
    assert said(missing) == (Code.TEAM_REQUIRED, "team_id")
    excess = requirements.team_fits_settings(drafting(off, team_id=BLUE))
    assert said(excess) == (Code.INVALID_INPUT, "team_id")


def test_participants_with_teams_off_all_active_and_none_with_teams_on() -> None:
    on, off = facts(None), teams_off(facts(None))
    wrong = (Code.INVALID_INPUT, "participant_ids")
    check = requirements.participants_fit_settings
    assert check(on) is None
    assert check(off) is None
    assert said(check(drafting(on, participant_ids=frozenset({MEMBER})))) == wrong
    assert said(check(drafting(off, participant_ids=frozenset()))) == wrong
    check = requirements.participants_are_active
    assert check(off) is None
    assert said(check(replace(off, inactive_ids=frozenset({MEMBER})))) == wrong


MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("length", "ordered"), [(MOMENT, True), (0 * MOMENT, False), (-HOUR, False)]
)
def test_a_window_is_not_empty(length: timedelta, ordered: bool) -> None:
    given = drafting(facts(None), ends_at=NOON + HOUR + length)
    wrong = (Code.WINDOW_INVALID, "ends_at")
    assert said(requirements.window_is_ordered(given)) == (None if ordered else wrong)


YEAR_2000, YEAR_2200 = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "field"),
    [
        (YEAR_2000, YEAR_2000 + HOUR, None),
        (YEAR_2000 - MOMENT, YEAR_2000 + HOUR, "starts_at"),
        (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), "starts_at"),
        (YEAR_2200 - HOUR, YEAR_2200, None),
        (YEAR_2200 - HOUR, YEAR_2200 + MOMENT, "ends_at"),
        (NOON, datetime.max.replace(tzinfo=UTC), "ends_at"),
        (NOON, NOON + timedelta(days=10), None),
        (NOON, NOON + timedelta(days=10) + MOMENT, "ends_at"),
    ],
)
def test_a_window_lies_within_two_centuries_and_is_as_long_as_the_account_allows(
    starts_at: datetime, ends_at: datetime, field: str | None
) -> None:
    given = drafting(facts(None), starts_at=starts_at, ends_at=ends_at)
    given = replace(given, settings=replace(given.settings, max_window_days=10))
    refused = said(requirements.window_is_in_range(given))
    assert refused == (None if field is None else (Code.WINDOW_INVALID, field))


@pytest.mark.parametrize(("end", "open_"), [(MOMENT, True), (0 * MOMENT, False), (-HOUR, False)])
def test_a_window_is_not_over_yet_though_it_may_have_begun(end: timedelta, open_: bool) -> None:
    given = drafting(facts(None), starts_at=NOON - 2 * HOUR, ends_at=NOON + end)
    wrong = (Code.WINDOW_PASSED, "ends_at")
    assert said(requirements.window_is_not_over(given)) == (None if open_ else wrong)


@pytest.mark.parametrize(
    ("maximum", "fits"),
    [(-1, False), (0, False), (1, True), (2**31 - 1, True), (2**31, False)],
)
def test_a_maximum_is_one_or_more_and_a_number_the_database_holds(maximum: int, fits: bool) -> None:
    refusal = requirements.maximum_is_in_range(drafting(facts(None), max_signatures=maximum))
    assert said(refusal) == (None if fits else (Code.INVALID_INPUT, "max_signatures"))


@pytest.mark.parametrize(("maximum", "fits"), [(6, False), (7, True), (8, True)])
def test_a_maximum_covers_what_is_used_and_reserved(maximum: int, fits: bool) -> None:
    given = facts(Status.IN_PROGRESS, who=ANN)
    taken = replace(given.subject, signatures_used=4, signatures_reserved=3)
    given = drafting(replace(given, release=taken), max_signatures=maximum)
    refusal = requirements.maximum_covers_used_signatures(given)
    assert said(refusal) == (None if fits else (Code.INVALID_INPUT, "max_signatures"))


def quorum(given: Facts) -> Code | None:
    refusal = requirements.quorum_can_be_met(given)
    return refusal.code if refusal else None


def test_a_quorum_that_could_never_be_met_is_refused_with_the_numbers() -> None:
    assert quorum(facts(None)) is None
    short = facts(None, draft_approver_ids=frozenset({ANN}))
    refusal = requirements.quorum_can_be_met(short)
    assert refusal is not None
    assert refusal.code is Code.NOT_ENOUGH_APPROVERS
    assert "team blue asks for 2" in refusal.message
    assert "only 1 " in refusal.message


def test_the_requester_does_not_count_unless_self_approval_is_on() -> None:
    own = facts(None, who=ANN)
    assert quorum(own) is Code.NOT_ENOUGH_APPROVERS
    assert quorum(ruled(own, allow_self_approval=True)) is None


def test_in_an_edit_neither_creator_nor_editors_nor_the_one_who_edits_count() -> None:
    three = frozenset({ANN, BOB, MEMBER})
    given = facts(Status.PENDING, who=CREATOR, draft_approver_ids=three)
    assert quorum(given) is None
    assert quorum(replace(given, editor_ids=frozenset({ANN}))) is None
    assert quorum(replace(given, editor_ids=frozenset({ANN, BOB}))) is Code.NOT_ENOUGH_APPROVERS
    by_ann = replace(given, actor=actor(ANN), editor_ids=frozenset({BOB}))
    assert quorum(by_ann) is Code.NOT_ENOUGH_APPROVERS
    of_ann = replace(given, release=replace(given.subject, creator_id=ANN))
    assert quorum(replace(of_ann, editor_ids=frozenset({BOB}))) is Code.NOT_ENOUGH_APPROVERS


def test_with_teams_off_the_account_sets_the_quorum() -> None:
    given = teams_off(facts(None))
    assert quorum(ruled(given, required_approvals=2)) is None
    assert quorum(ruled(given, required_approvals=3)) is Code.NOT_ENOUGH_APPROVERS


@pytest.mark.parametrize("type_", ReleaseType)
@pytest.mark.parametrize("teams", [True, False])
def test_as_approved_is_for_offline_releases_with_teams_off(
    type_: ReleaseType, teams: bool
) -> None:
    given = facts(None, type_, asks_approved=True)
    given = given if teams else teams_off(given)
    fits = type_ is ReleaseType.OFFLINE and not teams
    refusal = requirements.status_can_be_chosen(given)
    assert said(refusal) == (None if fits else (Code.INVALID_INPUT, "status"))
    assert requirements.status_can_be_chosen(replace(given, asks_approved=False)) is None


@pytest.mark.parametrize(
    ("approver", "self_approval", "required", "code"),
    [
        (True, True, 1, None),
        (True, False, 1, Code.OWN_REQUEST),
        (True, True, 2, Code.OWN_REQUEST),
        (False, True, 1, Code.FORBIDDEN),
        (False, False, 1, Code.FORBIDDEN),
    ],
)
def test_as_approved_is_approving_ones_own(
    approver: bool, self_approval: bool, required: int, code: Code | None
) -> None:
    given = teams_off(facts(None, who=ANN if approver else CREATOR, asks_approved=True))
    given = ruled(given, allow_self_approval=self_approval, required_approvals=required)
    refusal = requirements.may_approve_at_once(given)
    assert said(refusal) == ((code, "status") if code else None)


def test_as_approved_needs_a_token_that_reaches_as_far() -> None:
    given = ruled(teams_off(facts(None, who=ANN)), allow_self_approval=True, required_approvals=1)
    narrowed = frozenset({Permission.REQUEST_RELEASE})
    refusal = requirements.may_approve_at_once(
        replace(given, actor=replace(given.actor, permissions=narrowed, scopes=narrowed))
    )
    assert said(refusal) == (Code.FORBIDDEN, "status")
