"""Who may act, and on which revision: every guard, accepting and refusing."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from engine.lifecycle import guards
from engine.model.claims import ClaimCondition
from engine.model.errors import Code, Refusal
from engine.model.facts import Facts
from engine.model.vocabulary import Permission, ReleaseType, Status
from tests.support.facts import (
    ANN,
    BLUE,
    BOB,
    CREATOR,
    MEMBER,
    NOON,
    RED,
    SPARE,
    STRANGER,
    VAULT,
    actor,
    drafting,
    facts,
    pipeline,
    ruled,
    teams_off,
    vote,
)

P = Permission
ONLY_VIEWING = frozenset({P.VIEW_RELEASES})
NOTHING: frozenset[Permission] = frozenset()


def held_by(given: Facts, *permissions: Permission, **changes: Any) -> Facts:
    changed = replace(given.actor, permissions=frozenset(permissions), **changes)
    return replace(given, actor=changed)


def code_of(refusal: Refusal | None) -> Code | None:
    return refusal.code if refusal is not None else None


@pytest.mark.parametrize("who", [CREATOR, ANN, MEMBER])
def test_with_teams_on_its_creator_and_team_see_a_release_whatever_they_hold(who: UUID) -> None:
    assert guards.sees_release(held_by(facts(Status.PENDING, who=who))) is None


def test_who_left_the_team_sees_it_as_its_creator_and_no_more_as_its_approver() -> None:
    for who, code in ((CREATOR, None), (ANN, Code.NOT_FOUND)):
        given = held_by(facts(Status.PENDING, who=who), P.APPROVE_RELEASE, team_ids=frozenset())
        assert code_of(guards.sees_release(given)) is code


@pytest.mark.parametrize(
    ("held", "service", "sees"),
    [
        ({P.APPROVE_RELEASE}, False, True),
        ({P.APPROVE_RELEASE}, True, False),
        (frozenset(P) - {P.APPROVE_RELEASE, P.VIEW_RELEASES}, False, False),
    ],
)
def test_with_teams_off_approvers_see_it_who_are_people_with_a_credential_that_reaches_as_far(
    held: set[Permission], service: bool, sees: bool
) -> None:
    given = teams_off(facts(Status.PENDING, who=STRANGER))
    refusal = guards.sees_release(held_by(given, *held, service=service))
    assert code_of(refusal) is (None if sees else Code.NOT_FOUND)


@pytest.mark.parametrize(
    ("held", "sees"),
    [
        (NOTHING, False),
        (ONLY_VIEWING, False),
        (frozenset({P.VIEW_LEDGER}), False),
        (frozenset({P.MANAGE_ACCOUNT}), False),
        (frozenset({P.VIEW_RELEASES, P.MANAGE_USERS, P.MANAGE_TEAMS, P.MANAGE_KEYPAIRS}), False),
        (frozenset({P.VIEW_RELEASES, P.VIEW_LEDGER}), True),
        (frozenset({P.VIEW_RELEASES, P.MANAGE_ACCOUNT}), True),
    ],
)
def test_with_teams_on_others_see_it_only_with_the_wide_permissions(
    held: frozenset[Permission], sees: bool
) -> None:
    given = held_by(facts(Status.PENDING, who=STRANGER), *held)
    refusal = guards.sees_release(given)
    assert (refusal is None) == sees
    assert code_of(refusal) in {None, Code.NOT_FOUND}


def test_with_teams_off_view_releases_shows_all_of_them_and_participants_need_nothing() -> None:
    given = teams_off(facts(Status.PENDING, who=STRANGER))
    assert guards.sees_release(held_by(given, P.VIEW_RELEASES)) is None
    assert code_of(guards.sees_release(held_by(given))) is Code.NOT_FOUND
    participant = teams_off(facts(Status.PENDING, who=MEMBER))
    assert guards.sees_release(held_by(participant)) is None


def test_what_one_may_not_see_is_refused_in_the_words_of_what_is_not_there() -> None:
    refusal = guards.sees_release(facts(Status.PENDING, who=STRANGER))
    assert refusal is not None
    assert "Falcon" not in refusal.message


def test_a_request_needs_request_release() -> None:
    assert guards.may_request(held_by(facts(None), P.REQUEST_RELEASE)) is None
    every_other = frozenset(Permission) - {P.REQUEST_RELEASE}
    assert code_of(guards.may_request(held_by(facts(None), *every_other))) is Code.FORBIDDEN


@pytest.mark.parametrize(
    ("who", "held", "code"),
    [
        (CREATOR, {P.REQUEST_RELEASE}, None),
        (MEMBER, {P.REQUEST_RELEASE}, None),
        (ANN, {P.APPROVE_RELEASE}, None),
        (ANN, {P.VIEW_RELEASES}, Code.FORBIDDEN),
        (CREATOR, {P.VIEW_RELEASES}, Code.FORBIDDEN),
        (MEMBER, {P.APPROVE_RELEASE}, Code.FORBIDDEN),
    ],
)
def test_approvers_edit_as_such_and_all_others_by_request_release(
    who: UUID, held: set[Permission], code: Code | None
) -> None:
    assert code_of(guards.may_edit(held_by(facts(Status.PENDING, who=who), *held))) is code


def test_one_requests_for_a_team_one_is_in_or_sees_all_of() -> None:
    given = facts(None, who=STRANGER)
    refusal = guards.is_on_the_team(given)
    assert (code_of(refusal), refusal.field if refusal else ()) == (Code.FORBIDDEN, ("team_id",))
    assert guards.is_on_the_team(facts(None, who=MEMBER)) is None
    auditor = held_by(given, P.REQUEST_RELEASE, P.VIEW_RELEASES, P.MANAGE_ACCOUNT)
    assert guards.is_on_the_team(auditor) is None
    assert guards.is_on_the_team(teams_off(given)) is None


def test_an_edit_that_keeps_the_team_does_not_ask_for_membership() -> None:
    given = drafting(facts(Status.PENDING, who=STRANGER), max_signatures=1)
    assert guards.is_on_the_team(given) is None
    assert given.team is not None
    moved = replace(drafting(given, team_id=RED), team=replace(given.team, id=RED))
    assert code_of(guards.is_on_the_team(moved)) is Code.FORBIDDEN
    assert guards.is_on_the_team(held_by(moved, team_ids=frozenset({BLUE, RED}))) is None


def test_a_decision_is_an_eligible_approvers() -> None:
    assert guards.is_eligible_approver(facts(Status.PENDING, who=ANN)) is None
    outsider = held_by(facts(Status.PENDING, who=MEMBER), P.APPROVE_RELEASE)
    assert code_of(guards.is_eligible_approver(outsider)) is Code.NOT_AN_APPROVER
    narrowed = held_by(facts(Status.PENDING, who=ANN), P.VIEW_RELEASES)
    assert code_of(guards.is_eligible_approver(narrowed)) is Code.FORBIDDEN


def test_only_with_teams_on_the_refusal_speaks_of_a_team() -> None:
    given = facts(Status.PENDING, who=MEMBER)
    for now, speaks in ((given, True), (teams_off(given), False)):
        refusal = guards.is_eligible_approver(now)
        assert refusal is not None
        assert ("team" in refusal.message) == speaks


@pytest.mark.parametrize("allowed", [False, True])
def test_nobody_approves_their_own_request_or_edit_unless_self_approval_is_on(
    allowed: bool,
) -> None:
    given = ruled(facts(Status.PENDING, who=ANN), allow_self_approval=allowed)
    requested = replace(given, release=replace(given.subject, creator_id=ANN))
    edited = replace(given, editor_ids=frozenset({ANN, BOB}))
    for own in (requested, edited):
        assert code_of(guards.is_not_own_request(own)) is (None if allowed else Code.OWN_REQUEST)


def test_what_another_requested_and_edited_is_not_ones_own() -> None:
    given = facts(Status.PENDING, who=ANN, editor_ids=frozenset({BOB}))
    assert guards.is_not_own_request(given) is None


def test_each_approver_decides_once_on_a_material_revision() -> None:
    given = facts(Status.PENDING, who=ANN)
    for votes in ((), (vote(BOB),), (vote(ANN, material_revision=1),)):
        assert guards.has_not_decided(replace(given, votes=votes)) is None
    decided = replace(given, votes=(vote(BOB), vote(ANN)))
    assert code_of(guards.has_not_decided(decided)) is Code.ALREADY_DECIDED


@pytest.mark.parametrize(
    ("seen", "counts"), [(None, False), (1, False), (2, True), (3, True), (4, False)]
)
def test_a_decision_holds_from_the_material_revision_to_the_latest(
    seen: int | None, counts: bool
) -> None:
    refusal = guards.saw_material_revision(facts(Status.PENDING, who=ANN, seen_revision=seen))
    assert code_of(refusal) is (None if counts else Code.REVISION_CONFLICT)


@pytest.mark.parametrize(("seen", "latest"), [(None, False), (2, False), (3, True), (4, False)])
def test_an_edit_is_based_on_the_latest_revision(seen: int | None, latest: bool) -> None:
    refusal = guards.edits_latest_revision(facts(Status.PENDING, seen_revision=seen))
    assert code_of(refusal) is (None if latest else Code.REVISION_CONFLICT)


@pytest.mark.parametrize(
    ("who", "code"),
    [(CREATOR, None), (ANN, None), (MEMBER, Code.FORBIDDEN), (STRANGER, Code.FORBIDDEN)],
)
def test_the_requester_or_an_approver_withdraws_and_closes(who: UUID, code: Code | None) -> None:
    assert code_of(guards.requester_or_approver(facts(Status.PENDING, who=who))) is code


def test_a_narrowed_token_is_neither_requester_nor_approver() -> None:
    for who in (CREATOR, ANN):
        given = held_by(facts(Status.PENDING, who=who), P.VIEW_RELEASES, scopes=ONLY_VIEWING)
        assert code_of(guards.requester_or_approver(given)) is Code.FORBIDDEN


def test_a_pipeline_changes_no_release_of_keypairs_beyond_its_rule() -> None:
    """Releases of a service user may be of several pipelines, with a rule each."""
    for keypair_ids, may in (({VAULT}, True), ({VAULT, SPARE}, True), ({SPARE}, False)):
        given = facts(Status.PENDING, ReleaseType.ONLINE)
        given = replace(given, actor=replace(given.actor, pipeline=pipeline(*keypair_ids)))
        # What the release would have after the edit makes no difference.
        given = drafting(given, keypair_ids=frozenset(keypair_ids))
        edited = guards.may_edit(given)
        assert code_of(edited) is (None if may else Code.KEYPAIR_NOT_ALLOWED)
        for guard in (guards.requester_or_approver, guards.may_stop):
            assert code_of(guard(given)) is (None if may else Code.FORBIDDEN)


def test_a_pipeline_loosens_no_origin_condition() -> None:
    ref, repository = (ClaimCondition(name, equals=("1",)) for name in ("ref", "repository_id"))
    before = drafting(facts(Status.IN_PROGRESS, ReleaseType.ONLINE), origin_condition=(ref,)).draft
    given = facts(Status.IN_PROGRESS, ReleaseType.ONLINE)
    given = replace(given, release=replace(given.subject, fields=before))
    for after, may in (((ref,), True), ((ref, repository), True), ((repository,), False)):
        by_person = drafting(given, origin_condition=after)
        by_pipeline = replace(by_person, actor=replace(given.actor, pipeline=pipeline(VAULT)))
        assert guards.pipeline_keeps_origin_condition(by_person) is None
        refused = guards.pipeline_keeps_origin_condition(by_pipeline)
        assert code_of(refused) is (None if may else Code.FORBIDDEN)


@pytest.mark.parametrize("type_", ReleaseType)
def test_an_approver_stops_any_release_its_creator_all_but_offline(type_: ReleaseType) -> None:
    offline = type_ is ReleaseType.OFFLINE
    for who, may in ((ANN, True), (CREATOR, not offline), (MEMBER, False), (STRANGER, False)):
        refusal = guards.may_stop(facts(Status.IN_PROGRESS, type_, who))
        assert code_of(refusal) is (None if may else Code.FORBIDDEN)


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        (None, False),
        ("", False),
        (" \n\t", False),
        ("\u200b\u2060\u3164\u00ad", False),
        ("leaked", True),
        ("漏", True),
        ("?", True),
    ],
)
def test_a_stop_and_a_rejection_give_a_reason(reason: str | None, given: bool) -> None:
    stop = guards.gives_a_reason(facts(Status.IN_PROGRESS, who=ANN, reason=reason))
    rejection = guards.rejection_gives_a_reason(facts(Status.PENDING, who=ANN, reason=reason))
    for refusal, field in ((stop, "reason"), (rejection, "comment")):
        assert code_of(refusal) is (None if given else Code.INVALID_INPUT)
        assert refusal is None or refusal.field == (field,)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (None, True),
        ("Two lines,\nand a\ttab.", True),
        ("ä" * 10_000, True),
        ("a" * 10_001, False),
        ("bell\a", False),
        ("nul\0", False),
        ("half \ud800", False),
        ("turned \u202e around", False),
    ],
)
def test_comments_and_reasons_are_plain_text(text: str | None, clean: bool) -> None:
    given = facts(Status.PENDING, who=ANN, reason=text)
    for guard, field in ((guards.comment_is_clean, "comment"), (guards.reason_is_clean, "reason")):
        refusal = guard(given)
        assert code_of(refusal) is (None if clean else Code.INVALID_INPUT)
        assert refusal is None or refusal.field == (field,)


def test_locked_fields_are_named_one_by_one() -> None:
    given = drafting(
        facts(Status.IN_PROGRESS, who=ANN),
        name="Falcon 1.1",
        starts_at=NOON,
        type=ReleaseType.TEST,
        max_signatures=3,
    )
    refusal = guards.fields_are_editable(given)
    assert refusal is not None
    assert (refusal.code, refusal.field) == (Code.FIELD_LOCKED, ("starts_at", "type"))
    assert "starts_at, type" in refusal.message


def test_an_approved_release_is_edited_by_its_approvers_where_approvals_are_kept() -> None:
    approver = ruled(facts(Status.APPROVED, who=ANN), reapprove_on_edit=False)
    assert guards.approver_edits_approved(approver) is None
    creator = facts(Status.APPROVED, who=CREATOR)
    kept = ruled(creator, reapprove_on_edit=False)
    assert code_of(guards.approver_edits_approved(kept)) is Code.NOT_AN_APPROVER
    assert guards.approver_edits_approved(creator) is None


def test_guards_leave_the_facts_as_they_were() -> None:
    given = facts(Status.PENDING, who=STRANGER)
    for guard in (guards.sees_release, guards.may_stop, guards.is_eligible_approver):
        assert guard(given) is not None
    assert given == facts(Status.PENDING, who=STRANGER)
    assert given.actor == actor(STRANGER)
