"""Editing: what each edit does to status, revisions, votes and the round."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import UpdateUser
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.decide import Decide
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.errors import Code
from engine.model.vocabulary import NOT_STARTED, Permission, ReleaseType, Status, Verdict
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import keypair_of, release_in, rows
from tests.support.world import World

HOUR = timedelta(hours=1)


def edit(
    world: World, release: UUID, who: str = "dev", revision: int | None = None, **changes: Any
) -> dict[str, Any]:
    """Edit as somebody; answers what the ledger says of it."""
    if revision is None:
        revision = world.release(release).revision
    world.do(who, ReviseRelease(release_id=release, revision=revision, changes=changes))
    entry = world.ledger(tag="release:revised")[-1]
    assert entry.release_id == release
    return details_of(entry)


def refused_edit(
    world: World, release: UUID, code: Code, *fields: str, who: str = "dev", **changes: Any
) -> None:
    recorded = bool(changes.pop("recorded", True))
    revision = world.release(release).revision
    command = ReviseRelease(release_id=release, revision=revision, changes=changes)
    assert_refused(world, who, command, code, *fields, recorded=recorded)


@pytest.fixture
def third_lead(world: World) -> World:
    """The same world with a third approver, cid, in blue."""
    world.add_third_approver()
    return world


@pytest.mark.parametrize("status", Status)
def test_labels_change_in_any_status_and_leave_status_and_material_revision(
    world: World, status: Status
) -> None:
    type_ = ReleaseType.ONLINE if status is Status.ACTIVE else ReleaseType.OFFLINE
    release = release_in(world, status, type_)
    version = {} if status in NOT_STARTED else {"version": "2"}
    said = edit(world, release, name=" Eagle ", note="Renamed.\nTwice.", **version)
    after = world.release(release)
    assert (after.status, after.revision, after.material_revision) == (status, 2, 1)
    labels = (after.fields.name, after.fields.version, after.fields.note)
    assert labels == ("Eagle", version.get("version", "1.0"), "Renamed.\nTwice.")
    assert (said["material"], said["asks_anew"], said["widened"]) == (False, False, False)
    assert said["changes"] == {
        "name": ["Falcon 1.0", "Eagle"],
        "note": [None, "Renamed.\nTwice."],
        **({"version": ["1.0", "2"]} if version else {}),
    }


def test_votes_stay_through_an_edit_of_labels_and_hold_on_the_older_revision(world: World) -> None:
    release = world.request()
    world.decide("ann", release)
    edit(world, release, note="Typo mended.")
    world.decide("bob", release, revision=1)
    assert world.release(release).status is Status.APPROVED


@pytest.mark.parametrize(
    "field", ["max_signatures", "ends_at", "starts_at", "keypair_ids", "version"]
)
def test_a_material_edit_of_an_approved_release_asks_anew(world: World, field: str) -> None:
    release = release_in(world, Status.APPROVED)
    before = world.release(release).fields
    value = {
        "max_signatures": 6,
        "ends_at": before.ends_at + HOUR,
        "starts_at": before.starts_at + timedelta(minutes=1),
        "keypair_ids": frozenset({world.things["spare"]}),
        "version": "2.0",
    }[field]
    said = edit(world, release, **{field: value})
    after = world.release(release)
    assert (after.status, after.revision, after.material_revision) == (Status.PENDING, 2, 2)
    assert after.round_revision == 2
    assert (said["material"], said["asks_anew"]) == (True, True)
    world.decide("ann", release)
    assert world.release(release).status is Status.PENDING
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED


def test_a_material_edit_while_pending_voids_the_decisions_so_far(world: World) -> None:
    release = world.request()
    world.decide("ann", release)
    said = edit(world, release, max_signatures=6)
    assert (said["material"], said["asks_anew"]) == (True, True)
    command = Decide(release_id=release, revision=1, verdict=Verdict.APPROVE)
    assert_refused(world, "bob", command, Code.REVISION_CONFLICT, "revision")
    world.decide("bob", release)
    assert world.release(release).status is Status.PENDING
    world.decide("ann", release)
    assert world.release(release).status is Status.APPROVED
    assert len(rows(world, t.decisions)) == 3


@pytest.mark.parametrize("version", ["2.0", None])
def test_another_version_while_pending_is_agreed_to_anew(world: World, version: str | None) -> None:
    release = world.request()
    world.decide("ann", release)
    said = edit(world, release, version=version)
    assert (said["material"], said["asks_anew"], said["changes"]) == (
        True,
        True,
        {"version": ["1.0", version]},
    )
    stale = Decide(release_id=release, revision=1, verdict=Verdict.APPROVE)
    assert_refused(world, "bob", stale, Code.REVISION_CONFLICT, "revision")
    world.decide("bob", release)
    assert world.release(release).status is Status.PENDING


def test_of_an_active_release_another_version_counts_as_a_material_edit(world: World) -> None:
    release = release_in(world, Status.ACTIVE, ReleaseType.ONLINE)
    assert edit(world, release, version="2.0")["material"] is True
    after = world.release(release)
    assert (after.status, after.revision, after.material_revision) == (Status.ACTIVE, 2, 2)


def test_with_reapproval_off_another_version_of_an_approved_release_is_its_approvers_affair(
    world: World,
) -> None:
    world.settings(reapprove_on_edit=False)
    release = release_in(world, Status.APPROVED)
    refused_edit(world, release, Code.NOT_AN_APPROVER, version="2.0")
    edit(world, release, "ann", version="2.0")
    assert world.release(release).status is Status.APPROVED


def test_whoever_edits_materially_cannot_approve_in_that_round(third_lead: World) -> None:
    world = third_lead
    release = world.request()
    edit(world, release, "ann", max_signatures=6)
    command = Decide(release_id=release, revision=2, verdict=Verdict.APPROVE)
    assert_refused(world, "ann", command, Code.OWN_REQUEST)
    world.decide("bob", release)
    world.decide("cid", release)
    assert world.release(release).status is Status.APPROVED


def test_an_editor_may_approve_the_next_round(third_lead: World) -> None:
    world = third_lead
    release = world.request()
    edit(world, release, "ann", max_signatures=6)
    world.decide("bob", release)
    world.decide("cid", release)
    edit(world, release, max_signatures=7)
    world.decide("ann", release)
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED


def test_an_edit_of_labels_makes_nobody_an_author(world: World) -> None:
    release = world.request()
    edit(world, release, "ann", note="Looks fine.")
    world.decide("ann", release)
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED


def test_an_edit_after_which_too_few_could_approve_is_refused(world: World) -> None:
    release = release_in(world, Status.APPROVED)
    refused_edit(world, release, Code.NOT_ENOUGH_APPROVERS, who="ann", max_signatures=6)
    world.settings(allow_self_approval=True)
    edit(world, release, "ann", max_signatures=6)
    assert world.release(release).status is Status.PENDING


def test_the_quorum_is_fixed_when_the_round_begins(third_lead: World) -> None:
    world = third_lead
    release = world.request()
    world.do("admin", UpdateTeam(team_id=world.things["blue"], required_approvals=3))
    world.decide("ann", release)
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED
    edit(world, release, max_signatures=6)
    assert world.release(release).required_approvals == 3
    for name in ("ann", "bob", "cid"):
        assert world.release(release).status is Status.PENDING
        world.decide(name, release)
    assert world.release(release).status is Status.APPROVED


def test_with_reapproval_off_only_approvers_edit_an_approved_release_and_it_stays(
    world: World,
) -> None:
    world.settings(reapprove_on_edit=False)
    release = release_in(world, Status.APPROVED)
    refused_edit(world, release, Code.NOT_AN_APPROVER, max_signatures=6)
    said = edit(world, release, "ann", max_signatures=6)
    after = world.release(release)
    assert (after.status, after.revision, after.material_revision) == (Status.APPROVED, 2, 2)
    assert (said["material"], said["asks_anew"]) == (True, False)


def test_with_reapproval_off_only_approvers_make_an_approved_release_online(
    world: World,
) -> None:
    online = {"type": ReleaseType.ONLINE, "keypair_ids": {keypair_of(world, ReleaseType.ONLINE)}}
    world.settings(reapprove_on_edit=False)
    release = release_in(world, Status.APPROVED)
    refused_edit(world, release, Code.NOT_AN_APPROVER, **online)
    edit(world, release, "ann", **online)
    assert world.release(release).status is Status.ACTIVE


# --- the type -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED])
@pytest.mark.parametrize("type_", [ReleaseType.ONLINE, ReleaseType.TEST])
def test_offline_to_online_or_test_before_the_start_needs_no_approval(
    world: World, status: Status, type_: ReleaseType
) -> None:
    keypairs = frozenset({keypair_of(world, type_)})
    release = release_in(world, status)
    edit(world, release, type=type_, keypair_ids=keypairs)
    after = world.release(release)
    assert (after.status, after.required_approvals) == (Status.ACTIVE, 0)


def test_online_to_offline_before_the_start_begins_a_round(world: World) -> None:
    release = release_in(world, Status.ACTIVE, ReleaseType.ONLINE)
    vault = frozenset({world.things["vault"]})
    said = edit(world, release, type=ReleaseType.OFFLINE, keypair_ids=vault)
    after = world.release(release)
    assert (after.status, after.required_approvals, after.round_revision) == (Status.PENDING, 2, 1)
    assert said["asks_anew"] is True
    world.decide("ann", release)
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED


def retype(world: World, release: UUID, type_: ReleaseType, who: str = "dev") -> None:
    keypairs = frozenset({keypair_of(world, type_)})
    edit(world, release, who, type=type_, keypair_ids=keypairs)


@pytest.mark.parametrize("type_", [ReleaseType.ONLINE, ReleaseType.TEST])
def test_who_edited_is_remembered_while_the_type_goes_to_and_fro(
    third_lead: World, type_: ReleaseType
) -> None:
    world = third_lead
    release = world.request()
    edit(world, release, "ann", max_signatures=600)
    retype(world, release, type_)
    retype(world, release, ReleaseType.OFFLINE)
    command = Decide(release_id=release, revision=4, verdict=Verdict.APPROVE)
    assert_refused(world, "ann", command, Code.OWN_REQUEST)
    world.decide("bob", release)
    world.decide("cid", release)
    assert world.release(release).status is Status.APPROVED


def test_who_edited_it_while_it_needed_no_approval_does_not_approve_that_either(
    third_lead: World,
) -> None:
    world = third_lead
    release = release_in(world, Status.ACTIVE, ReleaseType.ONLINE)
    edit(world, release, "ann", max_signatures=600)
    retype(world, release, ReleaseType.OFFLINE)
    command = Decide(release_id=release, revision=3, verdict=Verdict.APPROVE)
    assert_refused(world, "ann", command, Code.OWN_REQUEST)


def test_too_few_others_are_left_for_what_was_edited_before_it_became_offline(
    world: World,
) -> None:
    release = release_in(world, Status.ACTIVE, ReleaseType.ONLINE)
    edit(world, release, "ann", max_signatures=600)
    vault = {"type": ReleaseType.OFFLINE, "keypair_ids": frozenset({world.things["vault"]})}
    refused_edit(world, release, Code.NOT_ENOUGH_APPROVERS, **vault)


def test_what_was_approved_is_agreed_whatever_type_it_has_next(third_lead: World) -> None:
    world = third_lead
    release = world.request()
    edit(world, release, "ann", max_signatures=6)
    world.decide("bob", release)
    world.decide("cid", release)
    retype(world, release, ReleaseType.ONLINE)
    retype(world, release, ReleaseType.OFFLINE, "bob")
    command = Decide(release_id=release, revision=4, verdict=Verdict.APPROVE)
    assert_refused(world, "bob", command, Code.OWN_REQUEST)
    world.decide("ann", release)
    world.decide("cid", release)
    assert world.release(release).status is Status.APPROVED


def test_the_keypairs_must_fit_the_new_type(world: World) -> None:
    release = release_in(world, Status.APPROVED)
    refused_edit(world, release, Code.KEYPAIR_TYPE_MISMATCH, "keypair_ids", type=ReleaseType.ONLINE)


def test_what_comes_to_need_no_approval_inside_its_window_opens_at_once(world: World) -> None:
    keypairs = frozenset({keypair_of(world, ReleaseType.ONLINE)})
    release = world.request()
    world.clock.pass_(hours=2)
    edit(world, release, type=ReleaseType.ONLINE, keypair_ids=keypairs)
    assert world.release(release).status is Status.IN_PROGRESS


# --- in progress ----------------------------------------------------------------------------


def test_widening_an_open_offline_release_is_marked_for_its_approvers(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    assert edit(world, release, "ann", max_signatures=6)["widened"] is True
    assert edit(world, release, "ann", max_signatures=4)["widened"] is False
    after = world.release(release)
    assert (after.status, after.revision, after.material_revision) == (Status.IN_PROGRESS, 3, 3)


def test_widening_an_online_release_is_its_creators_own_affair(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS, ReleaseType.ONLINE)
    assert edit(world, release, max_signatures=6)["widened"] is False


def test_an_open_release_ends_after_now(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    world.clock.pass_(minutes=30)
    now = world.clock.instant
    refused_edit(world, release, Code.WINDOW_PASSED, "ends_at", who="ann", ends_at=now)
    edit(world, release, "ann", ends_at=now + timedelta(microseconds=1))
    world.clock.pass_(minutes=1)
    refusal = world.refused(
        "ann", ReviseRelease(release_id=release, revision=2, changes={"max_signatures": 1})
    )
    assert refusal.code is Code.FIELD_LOCKED
    assert world.release(release).status is Status.COMPLETED


def test_the_maximum_never_falls_below_what_is_used(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    world.sign("dev", number=3)
    refused_edit(
        world,
        release,
        Code.INVALID_INPUT,
        "max_signatures",
        who="ann",
        recorded=False,
        max_signatures=2,
    )
    edit(world, release, "ann", max_signatures=3)


def test_keypairs_taken_out_are_free_and_those_put_in_are_held(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    spare = frozenset({world.things["spare"]})
    edit(world, release, "ann", keypair_ids=spare)
    assert [row.keypair_id for row in rows(world, t.release_keypairs)] == list(spare)
    other = world.request(name="Eagle")
    refused_edit(
        world,
        other,
        Code.KEYPAIR_IN_USE,
        "keypair_ids",
        keypair_ids=frozenset({world.things["vault"], world.things["spare"]}),
    )


# --- every rule of creation again -----------------------------------------------------------


def test_a_material_edit_checks_what_has_changed_around_the_release(world: World) -> None:
    release = world.request()
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))
    refused_edit(world, release, Code.KEYPAIR_DISABLED, "keypair_ids", max_signatures=6)
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=True))
    world.set_team("blue", keypairs=["spare"])
    refused_edit(world, release, Code.KEYPAIR_NOT_ALLOWED, "keypair_ids", max_signatures=6)
    edit(world, release, note="Only labels.")
    edit(world, release, keypair_ids=frozenset({world.things["spare"]}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, Code.INVALID_INPUT),
        ({"name": "a\nb"}, Code.INVALID_INPUT),
        ({"max_signatures": 0}, Code.INVALID_INPUT),
        ({"keypair_ids": frozenset()}, Code.INVALID_INPUT),
        ({"keypair_ids": frozenset({uuid4()})}, Code.NOT_FOUND),
        ({"team_id": uuid4()}, Code.NOT_FOUND),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    world: World, changes: dict[str, Any], code: Code
) -> None:
    release = world.request()
    (field,) = changes
    refused_edit(world, release, code, field, recorded=False, **changes)


def test_a_name_is_checked_against_all_others_but_its_own(world: World) -> None:
    release = world.request()
    spare = frozenset({world.things["spare"]})
    other = world.request(name="Eagle", keypair_ids=spare)
    refused_edit(world, other, Code.NAME_TAKEN, "name", name="FALCON 1.0")
    edit(world, other, name="EAGLE")
    edit(world, release, name="Falcon 1.1")
    edit(world, other, name="Falcon 1.0")


def test_the_name_of_one_that_expired_unattended_is_free(world: World) -> None:
    world.request()
    spare = frozenset({world.things["spare"]})
    later = world.clock.instant + 9 * HOUR
    other = world.request(name="Eagle", keypair_ids=spare, ends_at=later)
    refused_edit(world, other, Code.NAME_TAKEN, "name", name="falcon 1.0")
    world.clock.pass_(hours=3)
    edit(world, other, name="falcon 1.0")


def test_an_ended_release_that_gave_its_name_back_is_in_nobodys_way(world: World) -> None:
    ended = release_in(world, Status.REJECTED)
    world.request()
    edit(world, ended, note="Superseded.")
    edit(world, ended, name="Falcon 1.0 (first)")
    edit(world, ended, name="Falcon 1.0")
    assert len(rows(world, t.releases, name_key="falcon 1.0")) == 2


# --- revisions ------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", [0, 1, 3])
def test_an_edit_based_on_another_revision_overwrites_nothing(world: World, revision: int) -> None:
    release = world.request()
    edit(world, release, note="First.")
    command = ReviseRelease(release_id=release, revision=revision, changes={"note": "Second."})
    assert_refused(world, "dev", command, Code.REVISION_CONFLICT, "revision")


def test_an_edit_of_nothing_changes_nothing(world: World) -> None:
    release = world.request()
    before, known = world.snapshot(), len(world.ledger())
    same = {"name": "Falcon 1.0", "max_signatures": 5}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=same))
    assert world.snapshot() == before
    assert tags(world, known) == []


# --- who ------------------------------------------------------------------------------------


def test_others_see_the_release_and_may_request_or_it_is_not_there(world: World) -> None:
    release = world.request()
    world.add_user("sig", "SIGNER")
    world.set_team("blue", members=["ann", "bob", "dev", "sig"])
    refused_edit(world, release, Code.NOT_FOUND, who="eve", recorded=False, note="Hi.")
    refused_edit(world, release, Code.FORBIDDEN, who="sig", note="Hi.")
    edit(world, release, "admin", note="Seen by the administrator.")


def test_with_teams_off_others_see_and_edit_all_releases(world: World) -> None:
    world.settings(teams_enabled=False)
    release = world.request(teams=False)
    edit(world, release, "eve", max_signatures=6)
    people = frozenset({world.people["dev"], world.people["eve"]})
    edit(world, release, "eve", participant_ids=people)
    assert world.release(release).fields.participant_ids == people


def test_an_edit_of_a_participant_who_left_is_refused_until_they_are_left_out(
    world: World,
) -> None:
    world.settings(teams_enabled=False)
    people = frozenset({world.people["dev"], world.people["eve"]})
    release = world.request(teams=False, participant_ids=people)
    world.do("admin", UpdateUser(user_id=world.people["eve"], active=False))
    refused_edit(
        world,
        release,
        Code.INVALID_INPUT,
        "participant_ids",
        recorded=False,
        max_signatures=6,
    )
    remaining = frozenset({world.people["dev"]})
    edit(world, release, max_signatures=6, participant_ids=remaining)


def test_a_team_is_changed_to_one_of_ones_own(world: World) -> None:
    release = world.request()
    world.add_team("red", ["ann", "bob", "eve"], ["vault"], 2)
    refused_edit(world, release, Code.FORBIDDEN, "team_id", team_id=world.things["red"])
    world.set_team("red", members=["ann", "bob", "eve", "dev"])
    edit(world, release, team_id=world.things["red"])
    assert world.release(release).fields.team_id == world.things["red"]


def test_a_narrowed_token_edits_no_more_than_it_reaches(world: World) -> None:
    release = world.request()
    command = ReviseRelease(release_id=release, revision=1, changes={"note": "Hi."})
    viewing = frozenset({Permission.VIEW_RELEASES})
    assert_refused(world, "dev", command, Code.FORBIDDEN, scopes=viewing)


def test_an_expired_release_is_locked_by_time_before_anybody_touched_it(world: World) -> None:
    release = world.request()
    world.clock.pass_(hours=3)
    before = len(world.ledger())
    command = ReviseRelease(release_id=release, revision=1, changes={"max_signatures": 6})
    assert world.refused("dev", command).code is Code.FIELD_LOCKED
    assert world.release(release).status is Status.FAILED
    assert tags(world, before) == ["release:expired", "attempt:refused"]
