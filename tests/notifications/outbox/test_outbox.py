"""What happened becomes deliveries in the transaction of the change: who is told what."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.commands.administration.account import UpdateAccount
from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import UpdateUser
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.vocabulary import ReleaseType, Verdict
from notifications.decisions.link_page import open_link
from tests.support.notices import LINK_KEY, Notices, add_administrator, with_outbox
from tests.support.world import World


def test_each_approver_is_asked_with_a_link_of_their_own(world: World, notices: Notices) -> None:
    release = world.request()

    assert notices.recipients() == [("ann", "REQUEST"), ("bob", "REQUEST")]
    first, second = notices.rows()
    assert first.action_link_id != second.action_link_id
    assert {link.user_id for link in notices.links(release_id=release)} == {
        world.people["ann"],
        world.people["bob"],
    }


def test_a_failing_listener_leaves_nothing(world: World) -> None:
    def fails(work: Any, entries: Any) -> None:
        if any(entry.recorded.event.tag == "release:requested" for entry in entries):
            raise RuntimeError("no room in the outbox")

    with_outbox(world, fails)
    before, entries = world.snapshot(), world.ledger()

    with pytest.raises(RuntimeError):
        world.request()

    assert world.snapshot() == before
    assert world.ledger() == entries


def test_a_refused_command_tells_nobody(world: World, notices: Notices) -> None:
    release = world.request()
    before = world.snapshot()

    world.refused("eve", StopRelease(release_id=release, reason="because"))

    assert world.snapshot() == before


def test_approval_is_told_to_those_concerned_and_those_who_need_not_decide(
    world: World, notices: Notices
) -> None:
    world.add_user("cat", "LEAD")
    world.add_team("red", ["ann", "bob", "cat", "dev"], ["spare"], 2)
    release = world.request(
        team_id=world.things["red"], keypair_ids=frozenset({world.things["spare"]})
    )
    world.decide("ann", release)
    assert notices.recipients(kind="APPROVED") == []

    world.decide("bob", release)

    assert notices.recipients(kind="APPROVED") == [
        (name, "APPROVED") for name in ("ann", "bob", "cat", "dev")
    ]
    audiences = {
        row.email.partition("@")[0]: row.audiences for row in notices.rows(kind="APPROVED")
    }
    assert audiences == {
        "ann": "APPROVER PARTICIPANT",
        "bob": "APPROVER PARTICIPANT",
        "cat": "APPROVER PARTICIPANT UNDECIDED",
        "dev": "PARTICIPANT REQUESTER",
    }


def test_what_happens_at_once_is_told_together(world: World, notices: Notices) -> None:
    everyone = [f"dev{number}" for number in range(12)]
    for name in everyone:
        world.add_user(name, "DEVELOPER")
    world.set_team("blue", ["ann", "bob", "dev", *everyone])
    release = world.request()
    world.clock.pass_(hours=2)

    world.decide("ann", release)
    world.decide("bob", release)

    for name in everyone:
        (row,) = notices.rows(user_id=world.people[name])
        assert row.kind == "OPENED"
        assert json.loads(row.facts)["event"]["taken_in"] == ["APPROVED"]


def test_ones_own_approval_is_not_told_as_one_once_it_counts_no_more(
    world: World, notices: Notices
) -> None:
    world.add_third_approver()
    world.settings(allow_self_approval=True)
    release = world.request("ann")
    world.decide("ann", release)

    def received() -> int:
        spelling, now = notices.spelling("bob", release), world.clock.instant
        with world.system.database.reading() as connection:
            page = open_link(connection, LINK_KEY, spelling, now)
        assert page is not None
        assert page.approval is not None
        return int(page.approval["received"])

    assert received() == 1
    world.settings(allow_self_approval=False)
    assert received() == 0


def test_a_rejection_voids_the_links_of_the_others(world: World, notices: Notices) -> None:
    release = world.request()

    world.decide("ann", release, Verdict.REJECT, comment="Too early.")

    assert all(link.voided_at == world.clock.instant for link in notices.links())
    assert [
        row.audiences for row in notices.rows(kind="REJECTED", user_id=world.people["bob"])
    ] == ["APPROVER PARTICIPANT UNDECIDED"]


def test_a_material_edit_asks_anew_with_new_links(world: World, notices: Notices) -> None:
    release = world.request()
    old = notices.links()

    changes = {"max_signatures": 7}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    assert notices.recipients() == [("ann", "REQUEST")] * 2 + [("bob", "REQUEST")] * 2
    links = notices.links()
    assert [link.voided_at is not None for link in links] == [True, True, False, False]
    assert {link.id for link in old}.isdisjoint(link.id for link in links[2:])
    assert {link.material_revision for link in links[2:]} == {2}


def test_an_edit_of_labels_tells_nobody_and_leaves_links_valid(
    world: World, notices: Notices
) -> None:
    release = world.request()
    before = notices.rows(), notices.links()

    world.do("dev", ReviseRelease(release_id=release, revision=1, changes={"note": "Hello."}))

    assert (notices.rows(), notices.links()) == before


def test_a_release_that_needs_no_approval_any_more_says_so(world: World, notices: Notices) -> None:
    world.add_keypair("quick", ReleaseType.ONLINE)
    world.settings(teams_enabled=False, required_approvals=1)
    release = world.request(teams=False)
    changes = {"type": ReleaseType.ONLINE, "keypair_ids": frozenset({world.things["quick"]})}

    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    assert notices.recipients(kind="NOT_NEEDED") == [("ann", "NOT_NEEDED"), ("bob", "NOT_NEEDED")]
    assert all(link.voided_at for link in notices.links())


def test_window_end_and_stop_are_told(world: World, notices: Notices) -> None:
    release = world.approved()
    everyone = ["ann", "bob", "dev"]
    world.clock.pass_(hours=1)

    world.sign("dev")
    assert [who for who, _ in notices.recipients(kind="OPENED")] == everyone

    world.do("ann", StopRelease(release_id=release, reason="The build is bad."))
    assert [who for who, _ in notices.recipients(kind="STOPPED")] == everyone
    assert ["APPROVER" in row.audiences for row in notices.rows(kind="STOPPED")].count(True) == 2


def test_quotas_are_told_to_requester_and_approvers(world: World, notices: Notices) -> None:
    world.approved(max_signatures=5)
    world.clock.pass_(hours=1)

    world.sign("dev", number=4)
    assert notices.recipients(kind="QUOTA") == [(who, "QUOTA") for who in ("ann", "bob", "dev")]

    world.sign("dev")
    assert len(notices.recipients(kind="QUOTA")) == 6


def test_widening_an_open_release_is_told_to_all_approvers(world: World, notices: Notices) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    revision = world.release(release).revision
    changes = {"ends_at": world.clock.instant + timedelta(hours=9)}

    world.do("ann", ReviseRelease(release_id=release, revision=revision, changes=changes))

    assert notices.recipients(kind="REVISED") == [
        (name, "REVISED") for name in ("ann", "bob", "dev")
    ]


def test_those_concerned_hear_when_the_window_moves(world: World, notices: Notices) -> None:
    release = world.approved()
    later = {"ends_at": world.clock.instant + timedelta(hours=9)}

    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=later))

    # Approvers are asked anew; they are participants too, and are not told twice.
    assert notices.recipients(revision=2) == [
        ("ann", "REQUEST"),
        ("bob", "REQUEST"),
        ("dev", "REVISED"),
    ]
    (delivery,) = notices.rows(kind="REVISED")
    assert delivery.action_link_id is None
    read = json.loads(delivery.facts)
    assert (read["event"]["asks_anew"], read["release"]["status"]) == (True, "PENDING")

    world.decide("ann", release)
    world.decide("bob", release)
    world.clock.pass_(hours=1)
    world.sign("dev")
    revision = world.release(release).revision
    sooner = {"ends_at": world.clock.instant + timedelta(hours=1)}
    world.do("ann", ReviseRelease(release_id=release, revision=revision, changes=sooner))
    everyone = [(name, "REVISED") for name in ("ann", "bob", "dev")]
    assert notices.recipients(kind="REVISED", revision=revision + 1) == everyone


@pytest.mark.parametrize("opened", [False, True])
def test_whom_an_edit_lets_sign_hears_of_it_and_whom_it_does_not_any_more(
    world: World, notices: Notices, opened: bool
) -> None:
    world.settings(teams_enabled=False, required_approvals=1, reapprove_on_edit=False)
    release = world.request(teams=False)
    world.decide("ann", release)
    if opened:
        world.clock.pass_(hours=1)
        world.sign("dev")
    dev, eve = world.people["dev"], world.people["eve"]

    both = {"participant_ids": frozenset({dev, eve})}
    world.do("ann", ReviseRelease(release_id=release, revision=1, changes=both))
    row_by_user = {row.user_id: row for row in notices.rows(kind="REVISED")}
    assert row_by_user[eve].audiences == "NEW_PARTICIPANT"
    assert dev not in row_by_user

    only = {"participant_ids": frozenset({dev})}
    world.do("ann", ReviseRelease(release_id=release, revision=2, changes=only))
    (left,) = notices.rows(kind="LEFT")
    assert (left.user_id, left.audiences) == (eve, "FORMER")
    assert notices.rows(kind="REVISED", user_id=dev) == []


def test_another_teams_members_hear_that_the_release_is_theirs_now(
    world: World, notices: Notices
) -> None:
    world.add_user("cat", "DEVELOPER")
    world.set_team("blue", ["ann", "bob", "cat", "dev"])
    world.add_team("red", ["ann", "bob", "dev", "eve"], ["vault"], 2)
    release = world.approved()

    changes = {"team_id": world.things["red"]}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    assert notices.recipients(revision=2) == [
        ("ann", "REQUEST"),
        ("bob", "REQUEST"),
        ("cat", "LEFT"),
        ("dev", "REVISED"),
        ("eve", "REVISED"),
    ]
    audiences = {row.user_id: row.audiences for row in notices.rows(revision=2)}
    assert audiences[world.people["cat"]] == "FORMER"
    assert audiences[world.people["eve"]] == "NEW_PARTICIPANT PARTICIPANT"


def test_before_anything_was_announced_nobody_hears_who_was_exchanged(
    world: World, notices: Notices
) -> None:
    world.settings(teams_enabled=False, required_approvals=1)
    release = world.request(teams=False)

    changes = {"participant_ids": frozenset({world.people["eve"]})}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    assert notices.recipients(revision=2) == [("ann", "REQUEST"), ("bob", "REQUEST")]


def test_what_the_service_says_itself_is_no_ones_words(world: World, notices: Notices) -> None:
    release = world.approved()
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))

    event = json.loads(notices.rows(kind="STOPPED", release_id=release)[0].facts)["event"]
    assert (event["reason"], event["disabled"]) == (None, ["vault"])

    second = world.request(keypair_ids=frozenset({world.things["spare"]}))
    world.clock.pass_(hours=4)
    world.refused("dev", StopRelease(release_id=second, reason="It is over."))
    assert json.loads(notices.rows(kind="EXPIRED")[0].facts)["event"]["reason"] is None


def test_nobody_inactive_and_no_service_gets_mail(world: World, notices: Notices) -> None:
    robot = world.add_user("robot", "LEAD", service=True)
    world.add_user("cat", "LEAD")
    world.add_team("red", ["ann", "bob", "cat", "dev", "robot"], ["spare"], 1)
    world.do("admin", UpdateUser(user_id=world.people["cat"], active=False))

    release = world.request(
        team_id=world.things["red"], keypair_ids=frozenset({world.things["spare"]})
    )
    world.do("dev", WithdrawRelease(release_id=release))

    assert {who for who, _ in notices.recipients(release_id=release)} == {"ann", "bob", "dev"}
    assert notices.rows(user_id=robot) == []


def test_a_deactivated_approvers_links_end_for_good(world: World, notices: Notices) -> None:
    release = world.request()

    world.do("admin", UpdateUser(user_id=world.people["ann"], active=False))
    world.do("admin", UpdateUser(user_id=world.people["ann"], active=True))

    ended, anew = notices.links(user_id=world.people["ann"], release_id=release)
    assert ended.voided_at is not None
    assert anew.voided_at is None


def test_what_changed_is_told_by_name(world: World, notices: Notices) -> None:
    add_administrator(world)
    members = frozenset({world.people["ann"], world.people["bob"]})
    world.do("admin", UpdateTeam(team_id=world.things["blue"], member_ids=members))

    (delivery,) = notices.rows(kind="ADMINISTERED")
    assert json.loads(delivery.facts)["event"]["changes"] == [
        {
            "field": "member_ids",
            "before": ["Ann (ann@example.com)", "Bob (bob@example.com)", "Dev (dev@example.com)"],
            "after": ["Ann (ann@example.com)", "Bob (bob@example.com)"],
            "added": [],
            "removed": ["Dev (dev@example.com)"],
        }
    ]
    assert json.loads(delivery.facts)["subject"] == {"kind": "Team", "name": "blue"}


def test_a_request_made_anew_says_what_changed(world: World, notices: Notices) -> None:
    release = world.request()
    both = frozenset({world.things["vault"], world.things["spare"]})
    changes = {"keypair_ids": both, "max_signatures": 7}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    delivery = notices.rows(revision=2)[0]
    assert json.loads(delivery.facts)["event"]["changes"] == [
        {
            "field": "keypair_ids",
            "before": ["vault"],
            "after": ["spare", "vault"],
            "added": ["spare"],
            "removed": [],
        },
        {"field": "max_signatures", "before": 5, "after": 7},
    ]


def test_administrators_hear_of_changes_of_the_account(world: World, notices: Notices) -> None:
    settings = UpdateAccount(account_id=world.account_id, settings={"signing_frozen": True})

    add_administrator(world)
    world.do("admin", settings)

    # Nobody is told what they did themselves.
    assert notices.recipients() == [("meg", "ADMINISTERED")]
