"""Reminders of missing decisions, and that a window closes soon."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.revise_release import ReviseRelease
from notifications.outbox.preferences import UpdatePreferences
from notifications.periodic.reminder_queries import PendingDecision
from notifications.periodic.reminders import Reminders, Rhythm
from notifications.vocabulary import MessageKind
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.notices import LINK_KEY, Notices, with_outbox
from tests.support.world import NOON, World

RHYTHM = Rhythm()
LIFETIME = timedelta(days=14)


@pytest.fixture
def reminders(world: World) -> Reminders:
    return Reminders(world.system, world.executor, LINK_KEY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def pending(when: str, starts: str, zone: str = "UTC", **more: Any) -> PendingDecision:
    """For a window of a day, whose end the link lives to see."""
    starts_at = at(starts)
    values: dict[str, Any] = {
        "reminded_at": None,
        "ends_at": starts_at + timedelta(days=1),
        "lapses_at": starts_at + timedelta(days=1),
        "silenced": False,
    }
    return PendingDecision(
        account_id=uuid4(),
        release_id=uuid4(),
        user_id=uuid4(),
        time_zone=zone,
        starts_at=starts_at,
        asked_at=at(when),
        **(values | more),
    )


@pytest.mark.parametrize(
    ("when", "reminded", "starts", "zone", "due"),
    [
        # Half of the time that was left.
        ("2030-06-03 08:00", None, "2030-06-03 16:00", "UTC", "2030-06-03 12:00"),
        # Not in the first minutes.
        ("2030-06-03 08:00", None, "2030-06-03 08:08", "UTC", "2030-06-03 08:05"),
        # Not twice a day; whoever was reminded was asked by that too.
        ("2030-06-03 12:00", "2030-06-03 12:00", "2030-06-05 12:00", "UTC", "2030-06-04 12:00"),
        # Not at night, where they live.
        ("2030-06-03 12:00", None, "2030-06-04 12:00", "UTC", "2030-06-04 07:00"),
        ("2030-06-03 12:00", None, "2030-06-05 05:00", "Asia/Tokyo", "2030-06-04 08:30"),
        ("2030-06-03 12:00", None, "2030-06-05 20:00", "Asia/Tokyo", "2030-06-04 22:00"),
        # Unless the start is closer than the morning.
        ("2030-06-03 20:00", None, "2030-06-04 04:00", "UTC", "2030-06-04 00:00"),
    ],
)
def test_when_somebody_is_reminded(
    when: str, reminded: str | None, starts: str, zone: str, due: str
) -> None:
    before = at(reminded) if reminded else None

    found = RHYTHM.next_reminder(pending(when, starts, zone, reminded_at=before), at(when))

    assert found == at(due)


@pytest.mark.parametrize(
    ("now", "starts", "due"),
    [
        ("2030-06-05 02:00", "2030-06-05 12:00", "2030-06-05 07:00"),
        ("2030-06-05 23:00", "2030-06-07 12:00", "2030-06-06 07:00"),
        ("2030-06-05 08:00", "2030-06-05 12:00", "2030-06-05 08:00"),
        # The start is closer than the morning.
        ("2030-06-05 02:00", "2030-06-05 06:00", "2030-06-05 02:00"),
    ],
)
def test_what_was_due_long_ago_waits_for_the_morning_too(now: str, starts: str, due: str) -> None:
    found = RHYTHM.next_reminder(pending("2030-06-03 12:00", starts), at(now))

    assert found == at(due)


@pytest.mark.parametrize(
    ("now", "more", "due"),
    [
        # A day before the link lapses, and so before a night that it would not live through.
        ("2030-06-10 12:00", {}, "2030-06-16 12:00"),
        ("2030-06-16 22:00", {}, "2030-06-17 07:00"),
        # Also who wants no reminders, and when the window is open already.
        ("2030-06-10 12:00", {"silenced": True}, "2030-06-16 12:00"),
        ("2030-08-02 12:00", {"lapses_at": at("2030-08-10 12:00")}, "2030-08-09 12:00"),
        ("2030-08-02 12:00", {"lapses_at": None}, "2030-08-02 12:00"),
        # Nothing is left to be said.
        ("2030-08-02 12:00", {"lapses_at": at("2030-09-01 12:00")}, None),
        ("2030-06-10 12:00", {"lapses_at": at("2030-09-01 12:00"), "silenced": True}, None),
    ],
)
def test_nobody_is_left_without_a_link(now: str, more: dict[str, Any], due: str | None) -> None:
    long = {"ends_at": at("2030-09-01 12:00"), "lapses_at": at("2030-06-17 12:00")}
    one = pending("2030-06-03 12:00", "2030-08-02 12:00", **(long | more))

    assert RHYTHM.next_reminder(one, at(now)) == (at(due) if due else None)


def test_after_an_outage_nobody_is_woken(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    week(world)

    world.clock.pass_(days=4, hours=14)
    assert asyncio.run(reminders.run_once()) == 0
    world.clock.pass_(hours=5)
    assert asyncio.run(reminders.run_once()) == 1
    assert notices.recipients(kind="REMINDER") == [("ann", "REMINDER"), ("bob", "REMINDER")]


def week(world: World, **more: Any) -> Any:
    start = world.clock.instant + timedelta(days=7)
    return world.request(starts_at=start, ends_at=start + timedelta(hours=5), **more)


def test_those_who_have_not_decided_are_reminded_with_the_same_link(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    release = week(world)
    world.decide("ann", release)
    links = notices.links()

    world.clock.pass_(days=3, hours=11)
    assert asyncio.run(reminders.run_once()) == 0
    world.clock.pass_(hours=12)
    assert asyncio.run(reminders.run_once()) == 1
    assert asyncio.run(reminders.run_once()) == 0

    assert notices.recipients(kind="REMINDER") == [("bob", "REMINDER")]
    assert notices.links() == links
    (reminder,) = notices.rows(kind="REMINDER")
    assert reminder.action_link_id == notices.links(user_id=world.people["bob"])[0].id


def working(notices: Notices, name: str) -> int:
    world = notices.world
    links = notices.links(user_id=world.people[name], used_at=None, voided_at=None)
    return sum(link.expires_at > world.clock.instant for link in links)


@POSTGRESQL_IS_LONG
def test_everybody_has_a_link_that_works_until_the_request_ends(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    silence(world, "bob", MessageKind.REMINDER)
    start = world.clock.instant + timedelta(days=60)
    world.request(starts_at=start, ends_at=start + timedelta(days=30))

    for _ in range(90 * 4 - 1):
        world.clock.pass_(hours=6)
        asyncio.run(reminders.run_once())
        assert (working(notices, "ann"), working(notices, "bob")) == (1, 1)

    links = notices.links()
    assert all(link.expires_at - link.created_at <= LIFETIME for link in links)
    assert max(link.expires_at for link in links) == start + timedelta(days=30)
    # Who wants no reminders gets the request anew, and only for its link.
    assert notices.recipients(kind="REMINDER", user_id=world.people["bob"]) == []
    assert len(notices.recipients(kind="REQUEST", user_id=world.people["bob"])) == 7
    assert len(notices.links(user_id=world.people["bob"])) == 7


def test_no_link_outlives_the_window(world: World, notices: Notices) -> None:
    release = world.request()

    ends = {link.expires_at for link in notices.links(release_id=release)}
    assert ends == {world.clock.instant + timedelta(hours=3)}


def test_how_long_links_work_is_the_operators_choice(world: World) -> None:
    lifetime = timedelta(days=3)
    notices = Notices(with_outbox(world, link_lifetime=lifetime))
    week(world)
    assert {link.expires_at for link in notices.links()} == {NOON + lifetime}

    world.clock.pass_(days=2)
    reminders = Reminders(world.system, world.executor, LINK_KEY, link_lifetime=lifetime)
    assert asyncio.run(reminders.run_once()) == 1
    assert {link.expires_at for link in notices.links(voided_at=None)} == {
        NOON + timedelta(days=2) + lifetime
    }


def test_at_most_once_a_day_and_not_after_the_start(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    week(world)
    for _ in range(24 * 8):
        world.clock.pass_(hours=1)
        asyncio.run(reminders.run_once())

    times = [row.created_at for row in notices.rows(kind="REMINDER", user_id=world.people["bob"])]
    assert 3 <= len(times) <= 5
    times.sort()
    assert all(b - a >= timedelta(days=1) for a, b in pairwise(times))
    assert max(times) < NOON + timedelta(days=7)
    assert all(7 <= when.hour < 21 for when in times)


def test_a_new_round_begins_anew(world: World, notices: Notices, reminders: Reminders) -> None:
    release = week(world)
    world.clock.pass_(days=3)
    changes = {"max_signatures": 9}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    world.clock.pass_(hours=24)
    assert asyncio.run(reminders.run_once()) == 0
    world.clock.pass_(hours=24)
    assert asyncio.run(reminders.run_once()) == 1


def test_at_most_once_a_day_whichever_the_round(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    release = week(world)
    world.clock.pass_(days=6, hours=16, minutes=-1)
    assert asyncio.run(reminders.run_once()) == 0
    world.clock.pass_(hours=3, minutes=1)
    assert asyncio.run(reminders.run_once()) == 1
    start = NOON + timedelta(days=7, hours=8)
    changes = {"starts_at": start, "ends_at": start + timedelta(days=1)}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    for _ in range(23):
        world.clock.pass_(hours=1)
        assert asyncio.run(reminders.run_once()) == 0


def test_nobody_gone_is_reminded(world: World, notices: Notices, reminders: Reminders) -> None:
    week(world)
    world.do("admin", UpdateUser(user_id=world.people["bob"], active=False))

    world.clock.pass_(days=4)
    asyncio.run(reminders.run_once())

    assert notices.recipients(kind="REMINDER") == [("ann", "REMINDER")]


def silence(world: World, name: str, kind: MessageKind) -> None:
    world.do(name, UpdatePreferences(chosen={kind: frozenset()}, channels=frozenset({"email"})))


def test_whoever_will_not_be_reminded_is_not_considered_again(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    # Bob wants none, ann edits it and cat leaves: none of them is waited for.
    world.add_user("cat", "LEAD")
    world.set_team("blue", ["ann", "bob", "cat", "dev"])
    silence(world, "bob", MessageKind.REMINDER)
    release = week(world)
    changes = {"max_signatures": 9}
    world.do("ann", ReviseRelease(release_id=release, revision=1, changes=changes))
    world.set_team("blue", ["ann", "bob", "dev"])

    world.clock.pass_(days=4)

    assert asyncio.run(reminders.run_once()) == 0
    assert notices.recipients(kind="REMINDER") == []
    silence_ends = UpdatePreferences(
        chosen={MessageKind.REMINDER: frozenset({"email"})}, channels=frozenset({"email"})
    )
    world.do("bob", silence_ends)
    assert asyncio.run(reminders.run_once()) == 1
    assert notices.recipients(kind="REMINDER") == [("bob", "REMINDER")]


def test_a_window_whose_closing_nobody_wants_to_hear_of_is_left_alone(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    for name in ("ann", "bob", "dev"):
        silence(world, name, MessageKind.CLOSING_SOON)
    world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")

    world.clock.pass_(minutes=100)

    assert asyncio.run(reminders.run_once()) == 0


def test_a_window_that_closes_soon_is_told_once(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")

    world.clock.pass_(minutes=90)
    assert asyncio.run(reminders.run_once()) == 0
    world.clock.pass_(minutes=7)
    assert asyncio.run(reminders.run_once()) == 1
    assert asyncio.run(reminders.run_once()) == 0
    assert [who for who, _ in notices.recipients(kind="CLOSING_SOON")] == ["ann", "bob", "dev"]

    later = {"ends_at": world.clock.instant + timedelta(hours=8)}
    revision = world.release(release).revision
    world.do("ann", ReviseRelease(release_id=release, revision=revision, changes=later))
    assert asyncio.run(reminders.run_once()) == 0
    world.clock.pass_(hours=7, minutes=30)
    assert asyncio.run(reminders.run_once()) == 1


def test_a_window_without_signatures_left_closes_without_a_word(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    world.approved(max_signatures=1)
    world.clock.pass_(hours=1)
    world.sign("dev")

    world.clock.pass_(minutes=115)
    assert asyncio.run(reminders.run_once()) == 0


def test_nobody_is_reminded_within_the_first_minutes(world: World, reminders: Reminders) -> None:
    start = NOON + timedelta(seconds=52)
    world.request(starts_at=start, ends_at=start + timedelta(hours=2))
    for _ in range(30):
        world.clock.pass_(seconds=10)
        assert asyncio.run(reminders.run_once()) == 0


def test_a_short_window_is_not_said_to_close_in_its_first_minutes() -> None:
    def said_at(minutes: int) -> datetime:
        return RHYTHM.closes_soon_at(NOON, NOON + timedelta(minutes=minutes))

    assert said_at(2) == NOON + timedelta(minutes=5)  # it is over by then
    assert said_at(6) == NOON + timedelta(minutes=5)
    assert said_at(10) == NOON + timedelta(minutes=8)
    assert said_at(600) == NOON + timedelta(minutes=540)
