"""Approving and rejecting: who, on which revision, how often, and what the quorum does."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.decide import Decide
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code
from engine.model.vocabulary import Channel, Permission, Status, Verdict
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import moves, release_in, rows
from tests.support.world import World, make_world

APPROVING = frozenset({Permission.APPROVE_RELEASE})


def deciding(
    release: UUID, verdict: Verdict = Verdict.APPROVE, revision: int = 1, **more: str
) -> Decide:
    return Decide(release_id=release, revision=revision, verdict=verdict, **more)


def test_the_quorum_approves_and_each_step_is_written_down(world: World) -> None:
    release = world.request()
    before = len(world.ledger())
    world.decide("ann", release, comment=" Fine. ")
    assert world.release(release).status is Status.PENDING
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED
    assert tags(world, before) == [
        "release:approval:recorded",
        "release:approval:recorded",
        "release:approved",
    ]
    first, second, approved = world.ledger()[before:]
    assert (details_of(first)["received"], details_of(first)["required"]) == (1, 2)
    assert (details_of(second)["received"], details_of(second)["required"]) == (2, 2)
    assert approved.actor_id == world.people["bob"]
    assert moves(world, release)[1:] == [(Status.PENDING, Status.APPROVED, world.clock.instant)]


def test_a_decision_keeps_who_what_when_and_through_which_channel(world: World) -> None:
    release = world.request()
    world.clock.pass_(minutes=5)
    world.do("ann", deciding(release, comment="Fine."), channel=Channel.EMAIL)
    (decision,) = rows(world, t.decisions)
    assert decision.approver_id == world.people["ann"]
    assert (decision.verdict, decision.comment) == (Verdict.APPROVE, "Fine.")
    assert (decision.revision, decision.material_revision) == (1, 1)
    assert (decision.channel, decision.decided_at) == (Channel.EMAIL, world.clock.instant)


def test_one_rejection_cancels_the_whole_request(world: World) -> None:
    release = world.request()
    world.decide("ann", release)
    before = len(world.ledger())
    world.decide("bob", release, Verdict.REJECT, comment="Not before the audit.")
    ended = world.release(release)
    assert (ended.status, ended.end_code) == (Status.REJECTED, "REJECTED")
    assert ended.end_reason == "Not before the audit."
    assert tags(world, before) == ["release:approval:recorded", "release:rejected"]
    assert_refused(world, "ann", deciding(release), Code.WRONG_STATUS)


def test_a_decision_is_recorded_with_the_labels_that_its_approver_looked_at(world: World) -> None:
    release = world.request(note="Reviewed.")
    labels = {"name": "Falcon 2.0", "note": "Not reviewed."}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=labels))
    world.decide("ann", release, revision=1)
    world.do("dev", ReviseRelease(release_id=release, revision=2, changes={"note": None}))
    world.decide("bob", release, revision=3)

    ann, bob = map(details_of, world.ledger(tag="release:approval:recorded"))
    assert (ann["revision"], ann["name"], ann["note"]) == (1, "Falcon 1.0", "Reviewed.")
    assert (bob["revision"], bob["name"], bob["note"]) == (3, "Falcon 2.0", None)
    assert ann["version"] == bob["version"] == "1.0"


@pytest.mark.parametrize("reason", [None, "", " \n", "\u200b"])
def test_a_rejection_without_a_reason_is_refused(world: World, reason: str | None) -> None:
    release = world.request()
    command = Decide(release_id=release, revision=1, verdict=Verdict.REJECT, comment=reason)
    assert_refused(world, "ann", command, Code.INVALID_INPUT, "comment", recorded=False)
    world.decide("ann", release, comment=reason)
    assert world.release(release).status is Status.PENDING


def test_its_own_creator_and_editor_may_reject(world: World) -> None:
    world.add_third_approver()
    release = world.request("ann")
    world.decide("ann", release, Verdict.REJECT)
    assert world.release(release).status is Status.REJECTED


@pytest.mark.parametrize("allowed", [False, True])
def test_nobody_approves_their_own_request_unless_the_account_allows_it(
    world: World, allowed: bool
) -> None:
    world.add_third_approver()
    world.settings(allow_self_approval=allowed)
    release = world.request("ann")
    if allowed:
        world.decide("ann", release)
        world.decide("cid", release)
        assert world.release(release).status is Status.APPROVED
    else:
        assert_refused(world, "ann", deciding(release), Code.OWN_REQUEST)


def test_nobody_votes_twice_nor_rejects_after_approving_but_may_withdraw(world: World) -> None:
    release = world.request()
    world.decide("ann", release)
    assert_refused(world, "ann", deciding(release), Code.ALREADY_DECIDED)
    assert_refused(world, "ann", deciding(release, Verdict.REJECT), Code.ALREADY_DECIDED)
    world.do("ann", WithdrawRelease(release_id=release))
    assert world.release(release).status is Status.REJECTED


def test_after_approving_one_may_stop_it(world: World) -> None:
    release = release_in(world, Status.APPROVED)
    world.do("ann", StopRelease(release_id=release, reason="Changed my mind."))
    assert world.release(release).status is Status.FAILED


def test_members_without_the_permission_and_outsiders_do_not_decide(world: World) -> None:
    world.add_user("fay", "LEAD")
    world.add_user("aud", "AUDITOR")
    release = world.request()
    assert_refused(world, "dev", deciding(release), Code.NOT_AN_APPROVER)
    assert_refused(world, "admin", deciding(release), Code.NOT_AN_APPROVER)
    assert_refused(world, "aud", deciding(release), Code.NOT_AN_APPROVER)
    for outsider in ("fay", "eve"):
        assert_refused(world, outsider, deciding(release), Code.NOT_FOUND, recorded=False)


def test_with_teams_off_everyone_with_the_permission_decides(world: World) -> None:
    world.add_user("fay", "LEAD")
    world.settings(teams_enabled=False, required_approvals=2)
    release = world.request(teams=False)
    world.decide("fay", release)
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED


def test_a_pipeline_never_approves(world: World) -> None:
    world.add_user("bot", "LEAD", service=True)
    world.set_team("blue", members=["ann", "bob", "bot", "dev"])
    release = world.request()
    assert_refused(world, "bot", deciding(release), Code.NOT_AN_APPROVER)


def test_a_token_approves_only_with_that_scope(world: World) -> None:
    release = world.request()
    without = frozenset(Permission) - APPROVING
    assert_refused(world, "ann", deciding(release), Code.FORBIDDEN, scopes=without)
    world.do("ann", deciding(release), scopes=APPROVING)
    assert len(rows(world, t.decisions)) == 1


def test_eligibility_is_looked_up_when_the_decision_is_made(world: World) -> None:
    release = world.request()
    world.add_user("cid", "LEAD")
    assert_refused(world, "cid", deciding(release), Code.NOT_FOUND, recorded=False)
    world.set_team("blue", members=["ann", "bob", "cid", "dev"])
    world.decide("cid", release)
    world.decide("ann", release)
    assert world.release(release).status is Status.APPROVED


@pytest.mark.parametrize("how", ["deactivated", "left the team", "lost the permission"])
def test_a_vote_of_somebody_no_longer_eligible_does_not_count_at_the_quorum(
    world: World, how: str
) -> None:
    world.add_third_approver()
    release = world.request()
    world.decide("ann", release)
    ann = world.people["ann"]
    if how == "deactivated":
        world.do("admin", UpdateUser(user_id=ann, active=False))
    elif how == "left the team":
        world.set_team("blue", members=["bob", "cid", "dev"])
    else:
        world.do("admin", UpdateUser(user_id=ann, roles=("DEVELOPER",)))
    world.decide("bob", release)
    assert world.release(release).status is Status.PENDING
    assert details_of(world.ledger()[-1])["received"] == 1
    world.decide("cid", release)
    assert world.release(release).status is Status.APPROVED


@pytest.mark.parametrize("how", ["requested", "edited"])
def test_ones_own_vote_counts_no_more_once_self_approval_is_switched_off(
    world: World, how: str
) -> None:
    world.add_third_approver()
    world.settings(allow_self_approval=True)
    release = world.request("ann" if how == "requested" else "dev")
    if how == "edited":
        change = {"max_signatures": 6}
        world.do("ann", ReviseRelease(release_id=release, revision=1, changes=change))
    world.decide("ann", release)
    world.settings(allow_self_approval=False)
    world.decide("bob", release)
    assert world.release(release).status is Status.PENDING
    assert details_of(world.ledger()[-1])["received"] == 1
    world.decide("cid", release)
    assert world.release(release).status is Status.APPROVED


def test_a_deactivated_approver_is_nobody(world: World) -> None:
    release = world.request()
    world.do("admin", UpdateUser(user_id=world.people["ann"], active=False))
    assert_refused(world, "ann", deciding(release), Code.UNAUTHENTICATED, recorded=False)


@pytest.mark.parametrize("revision", [-1, 0, 2, 2**40])
def test_a_decision_names_the_revision_that_was_looked_at(world: World, revision: int) -> None:
    release = world.request()
    command = deciding(release, revision=revision)
    assert_refused(world, "ann", command, Code.REVISION_CONFLICT, "revision")


@pytest.mark.parametrize(
    "status", [Status.APPROVED, Status.IN_PROGRESS, Status.COMPLETED, Status.REJECTED]
)
@pytest.mark.parametrize("verdict", Verdict)
def test_only_a_pending_release_is_decided(world: World, status: Status, verdict: Verdict) -> None:
    release = release_in(world, status)
    refusal = assert_refused(world, "ann", deciding(release, verdict), Code.WRONG_STATUS)
    assert status.lower().replace("_", " ") in refusal.message


def test_a_comment_is_plain_text(world: World) -> None:
    release = world.request()
    for verdict in Verdict:
        command = deciding(release, verdict, comment="ding\a")
        assert_refused(world, "ann", command, Code.INVALID_INPUT, "comment", recorded=False)


def test_unknown_and_foreign_releases_do_not_exist(world: World) -> None:
    other = make_world(world.system.database, account="Other")
    theirs = other.request()
    for release in (uuid4(), theirs):
        assert_refused(world, "ann", deciding(release), Code.NOT_FOUND, recorded=False)
    assert other.release(theirs).status is Status.PENDING


# --- time -----------------------------------------------------------------------------------


def test_approved_after_its_start_it_goes_on_at_once(world: World) -> None:
    release = world.request()
    world.clock.pass_(hours=2)
    world.decide("ann", release)
    world.decide("bob", release)
    now = world.clock.instant
    after = world.release(release)
    assert (after.status, after.opened_at) == (Status.IN_PROGRESS, now)
    assert moves(world, release)[1:] == [
        (Status.PENDING, Status.APPROVED, now),
        (Status.APPROVED, Status.IN_PROGRESS, now),
    ]


def test_a_moment_before_the_end_counts_and_at_the_end_it_has_expired(world: World) -> None:
    release = world.request()
    end = world.release(release).fields.ends_at
    world.clock.instant = end - timedelta(microseconds=1)
    world.decide("ann", release)
    world.clock.instant = end
    before = len(world.ledger())
    assert world.refused("bob", deciding(release)).code is Code.WRONG_STATUS
    expired = world.release(release)
    assert (expired.status, expired.end_code) == (Status.FAILED, "APPROVAL_NOT_OBTAINED")
    assert expired.ended_at == end
    assert tags(world, before) == ["release:expired", "attempt:refused"]
    assert_refused(world, "bob", deciding(release), Code.WRONG_STATUS)
