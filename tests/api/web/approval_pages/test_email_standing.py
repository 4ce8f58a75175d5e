"""What the page of a link says to whom, once the request has gone on."""

from datetime import timedelta
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.vocabulary import ReleaseType
from tests.support.approval_pages import decide, look
from tests.support.notices import Notices
from tests.support.world import World

BOTH = "Ann (ann@example.com) and Bob (bob@example.com)."


@pytest.fixture
def world(world: World) -> World:
    """Ann, Bob and Cat approve; they read in Berlin."""
    world.add_user("cat", "LEAD")
    world.set_team("blue", ["ann", "bob", "cat", "dev"])
    for name in ("ann", "bob", "cat"):
        berlin = UpdateUser(user_id=world.people[name], time_zone="Europe/Berlin")
        world.do("admin", berlin)
    return world


def close(world: World, release: UUID) -> None:
    """Its window is over, and somebody has noticed."""
    world.clock.pass_(hours=4)
    world.refused("dev", WithdrawRelease(release_id=release))


def test_an_approved_request_says_who_approved_it_when_and_from_where(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    others = notices.spelling("cat", release)
    decide(browser, notices.spelling("ann", release), comment="Fine.")
    world.clock.pass_(minutes=30)
    world.decide("bob", release)

    page = look(browser, others)

    assert "Falcon 1.0 is approved already" in page
    assert "It was approved on Mon 3 Jun 2030, 14:30 CEST (12:30 UTC) by " + BOTH in page
    assert "Its window opens on Mon 3 Jun 2030, 15:00 CEST." in page
    assert (
        "Ann (ann@example.com) on Mon 3 Jun 2030, 14:00 CEST (12:00 UTC), from the mail Fine."
        in page
    )
    assert "Bob (bob@example.com) on Mon 3 Jun 2030, 14:30 CEST (12:30 UTC), over the API" in page


def test_long_after_its_window_an_approved_request_says_that_it_is_over(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    mine, others = notices.spelling("ann", release), notices.spelling("cat", release)
    world.decide("ann", release)
    world.decide("bob", release)
    world.clock.pass_(hours=1)
    assert "Its window is open until Mon 3 Jun 2030, 17:00 CEST." in look(browser, others)

    close(world, release)

    page = look(browser, others)
    assert "Falcon 1.0 was approved, and has ended" in page
    assert "Its window has closed since. Nothing is needed from you any more." in page
    assert "already" not in page
    assert "The release was approved. Its window has closed since." in look(browser, mine)


def test_an_approval_that_an_edit_left_standing_names_nobody(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.settings(reapprove_on_edit=False)
    release = world.request()
    others = notices.spelling("cat", release)
    world.decide("ann", release)
    world.decide("bob", release)
    changes = {"max_signatures": 7}
    world.do("ann", ReviseRelease(release_id=release, revision=1, changes=changes))

    page = look(browser, others)

    assert "It was approved on Mon 3 Jun 2030, 14:00 CEST (12:00 UTC). Its window" in page
    assert "0 of 2" not in page


def test_who_decided_is_told_what_has_become_of_it(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.approved()
    mine, others = notices.spelling("ann", release), notices.spelling("cat", release)

    world.do("bob", StopRelease(release_id=release, reason="Leaked."))

    assert "The release has been stopped since." in look(browser, mine)
    assert "Falcon 1.0 was stopped by Bob" in look(browser, others)


def test_who_decided_and_left_the_team_sees_no_more_of_it(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    mine = notices.spelling("ann", release)
    world.decide("ann", release)
    world.do("admin", UpdateUser(user_id=world.people["ann"], roles=("DEVELOPER",)))
    assert "Falcon 1.0" in look(browser, mine)

    world.set_team("blue", members=["bob", "cat", "dev"])

    assert "Falcon 1.0" not in browser.get(f"/decide/{mine}").text
    world.set_team("blue", members=["ann", "bob", "cat", "dev"])
    assert "Falcon 1.0" in look(browser, mine)


def test_who_edited_a_request_is_told_that_others_approve_it(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    changes = {"max_signatures": 9}
    world.do("bob", ReviseRelease(release_id=release, revision=1, changes=changes))

    page = look(browser, notices.spelling("bob", release))

    assert "You edited Falcon 1.0: others have to approve it" in page
    assert "Your request" not in page
    assert "you can still reject it" in page
    assert "Dev (dev@example.com) asks for your approval of Falcon 1.0" in look(
        browser, notices.spelling("cat", release)
    )


def test_a_later_edit_is_not_taken_for_the_one_that_ended_the_asking(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.add_keypair("quick", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "quick"])
    release = world.request()
    link = notices.spelling("ann", release)
    online = {"type": ReleaseType.ONLINE, "keypair_ids": frozenset({world.things["quick"]})}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=online))

    world.clock.pass_(minutes=5)
    world.do("dev", ReviseRelease(release_id=release, revision=2, changes={"max_signatures": 9}))

    page = look(browser, link)
    assert (
        "Dev (dev@example.com) changed its type on Mon 3 Jun 2030, 14:00 CEST (12:00 UTC)." in page
    )
    assert "14:05" not in page


def test_a_link_whose_time_is_over_says_what_to_do(
    world: World, notices: Notices, browser: TestClient
) -> None:
    start = world.clock.instant + timedelta(days=60)
    release = world.request(starts_at=start, ends_at=start + timedelta(hours=2))
    link = notices.spelling("cat", release)
    world.clock.pass_(days=15)

    page = look(browser, link)

    assert "This link to Falcon 1.0 has ended" in page
    assert "the request still awaits approval" in page
    assert "whoever requested it, its approvers and the administrators" in page
    assert "newest mail" not in page
