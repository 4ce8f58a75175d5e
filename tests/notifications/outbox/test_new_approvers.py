"""Whoever becomes an approver while a request is open is asked, with a link that works."""

import json
from uuid import UUID

import pytest

from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import UpdateUser
from engine.model.vocabulary import Permission, Status, Verdict
from notifications.decisions.decide_by_link import DecideByLink
from notifications.links.action_links import find
from tests.support.notices import LINK_KEY, Notices
from tests.support.world import World


def join(world: World, *members: str) -> None:
    ids = frozenset(world.people[name] for name in members)
    world.do("admin", UpdateTeam(team_id=world.things["blue"], member_ids=ids))


def who_was_asked(notices: Notices, release: UUID) -> list[str]:
    return [who for who, _ in notices.recipients(kind="REQUEST", release_id=release)]


def test_who_joins_the_team_gets_a_link_and_can_approve_with_it(
    world: World, notices: Notices
) -> None:
    world.add_user("cat", "LEAD")
    release = world.request()
    world.decide("ann", release)

    join(world, "ann", "bob", "cat", "dev")

    assert who_was_asked(notices, release) == ["ann", "bob", "cat"]
    spelling = notices.spelling("cat", release)
    with world.system.database.reading() as connection:
        link = find(connection, LINK_KEY, spelling)
    assert link is not None
    decide = DecideByLink(link_id=link.id, release_id=release, revision=1, verdict=Verdict.APPROVE)
    world.do("cat", decide)
    assert world.release(release).status is Status.APPROVED


def test_who_is_there_already_is_not_asked_twice(world: World, notices: Notices) -> None:
    release = world.request()
    world.decide("ann", release)

    join(world, "ann", "bob", "dev", "eve")
    join(world, "ann", "bob", "dev")
    join(world, "bob", "dev", "eve", "ann")

    # Eve is no approver; ann has decided, bob was asked.
    assert who_was_asked(notices, release) == ["ann", "bob"]


def test_whose_vote_counts_again_and_completes_the_quorum_is_not_asked_but_all_are_told(
    world: World, notices: Notices
) -> None:
    world.add_user("cat", "LEAD")
    join(world, "ann", "bob", "cat", "dev")
    release = world.request()
    world.decide("ann", release)
    join(world, "bob", "cat", "dev")
    world.decide("bob", release)
    asked_before = who_was_asked(notices, release)

    join(world, "ann", "bob", "cat", "dev")

    assert world.release(release).status is Status.APPROVED
    assert who_was_asked(notices, release) == asked_before
    notified = notices.recipients(kind="APPROVED", release_id=release)
    assert [who for who, _ in notified] == ["ann", "bob", "cat", "dev"]
    assert [link.voided_at or link.used_at for link in notices.links(user_id=world.people["cat"])]
    facts = json.loads(notices.rows(kind="APPROVED", release_id=release)[0].facts)
    assert (facts["event"]["actor"], facts["event"]["reason"]) == (None, None)
    approval = facts["approval"]
    assert (approval["required"], approval["received"], approval["can_be_met"]) == (2, 2, True)


def test_who_gets_the_role_is_asked(world: World, notices: Notices) -> None:
    release = world.request()

    world.do("admin", UpdateUser(user_id=world.people["dev"], roles=("DEVELOPER", "LEAD")))

    assert who_was_asked(notices, release) == ["ann", "bob", "dev"]


def test_whose_role_can_do_more_now_is_asked(world: World, notices: Notices) -> None:
    seeing = frozenset({Permission.VIEW_RELEASES})
    role = world.do("admin", CreateRole(name="Watcher", permissions=seeing))
    world.add_user("cat", "Watcher")
    join(world, "ann", "bob", "cat", "dev")
    release = world.request()
    assert who_was_asked(notices, release) == ["ann", "bob"]

    more = seeing | {Permission.APPROVE_RELEASE}
    world.do("admin", UpdateRole(role_id=role, permissions=more))

    assert who_was_asked(notices, release) == ["ann", "bob", "cat"]


def test_without_teams_a_new_user_is_asked(world: World, notices: Notices) -> None:
    world.settings(teams_enabled=False, required_approvals=2)
    release = world.request(teams=False)

    world.add_user("cat", "LEAD")
    world.add_user("sid", "SIGNER")

    assert who_was_asked(notices, release) == ["ann", "bob", "cat"]


@pytest.mark.parametrize("what", ["approved", "rejected", "over"])
def test_about_what_is_decided_nobody_is_asked(world: World, notices: Notices, what: str) -> None:
    world.add_user("cat", "LEAD")
    release = world.request()
    if what == "rejected":
        world.decide("ann", release, Verdict.REJECT)
    elif what == "approved":
        world.decide("ann", release)
        world.decide("bob", release)
    else:
        world.clock.pass_(hours=4)

    join(world, "ann", "bob", "cat", "dev")

    assert who_was_asked(notices, release) == ["ann", "bob"]


def test_a_change_that_makes_no_approver_asks_nobody(world: World, notices: Notices) -> None:
    release = world.request()

    world.do("admin", UpdateUser(user_id=world.people["ann"], name="Anna"))
    world.do("admin", UpdateTeam(team_id=world.things["blue"], name="red"))

    assert who_was_asked(notices, release) == ["ann", "bob"]
