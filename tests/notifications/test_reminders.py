"""Reminders of missing decisions, and that a window closes soon."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from engine.commands.revise_release import ReviseRelease
from engine.commands.update_user import UpdateUser
from notifications.preferences import UpdatePreferences
from notifications.reminders import Reminders, Rhythm
from notifications.vocabulary import Kind
from tests.notifications.notices import LINK_KEY, Notices
from tests.support.world import NOON, World

RHYTHM = Rhythm()


@pytest.fixture
def reminders(world: World) -> Reminders:
    return Reminders(world.system, LINK_KEY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "reminded", "starts", "zone", "due"),
    [
        # Half of the time that was left.
        ("2030-06-03 08:00", None, "2030-06-03 16:00", "UTC", "2030-06-03 12:00"),
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
    asked: str, reminded: str | None, starts: str, zone: str, due: str
) -> None:
    before = at(reminded) if reminded else None

    found = RHYTHM.next_reminder(at(asked), before, at(starts), zone, at(asked))

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
    found = RHYTHM.next_reminder(at("2030-06-03 12:00"), None, at(starts), "UTC", at(now))

    assert found == at(due)


def test_after_an_outage_nobody_is_woken(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    week(world)

    world.clock.pass_(days=4, hours=14)
    assert reminders.run_once() == 0
    world.clock.pass_(hours=5)
    assert reminders.run_once() == 1
    assert notices.told(kind="REMINDER") == [("ann", "REMINDER"), ("bob", "REMINDER")]


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
    assert reminders.run_once() == 0
    world.clock.pass_(hours=12)
    assert reminders.run_once() == 1
    assert reminders.run_once() == 0

    assert notices.told(kind="REMINDER") == [("bob", "REMINDER")]
    assert notices.links() == links
    (reminder,) = notices.rows(kind="REMINDER")
    assert reminder.action_link_id == notices.links(user_id=world.people["bob"])[0].id


def test_a_lapsed_link_is_replaced_by_the_reminder(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    start = world.clock.instant + timedelta(days=60)
    world.request(starts_at=start, ends_at=start + timedelta(hours=5))

    world.clock.pass_(days=31)
    assert reminders.run_once() == 1

    old, new = notices.links(user_id=world.people["ann"])
    assert (old.voided_at is None, new.voided_at is None) == (False, True)


def test_at_most_once_a_day_and_not_after_the_start(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    week(world)
    for _ in range(24 * 8):
        world.clock.pass_(hours=1)
        reminders.run_once()

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
    assert reminders.run_once() == 0
    world.clock.pass_(hours=24)
    assert reminders.run_once() == 1


def test_at_most_once_a_day_whichever_the_round(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    release = week(world)
    world.clock.pass_(days=6, hours=16, minutes=-1)
    assert reminders.run_once() == 0
    world.clock.pass_(hours=3, minutes=1)
    assert reminders.run_once() == 1
    start = NOON + timedelta(days=7, hours=8)
    changes = {"starts_at": start, "ends_at": start + timedelta(days=1)}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    for _ in range(23):
        world.clock.pass_(hours=1)
        assert reminders.run_once() == 0


def test_nobody_gone_is_reminded(world: World, notices: Notices, reminders: Reminders) -> None:
    week(world)
    world.do("admin", UpdateUser(user_id=world.people["bob"], active=False))

    world.clock.pass_(days=4)
    reminders.run_once()

    assert notices.told(kind="REMINDER") == [("ann", "REMINDER")]


def silence(world: World, name: str, kind: Kind) -> None:
    world.do(name, UpdatePreferences(chosen={kind: frozenset()}, channels=frozenset({"email"})))


def test_whoever_will_not_be_reminded_is_not_considered_again(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    # Bob wants none, ann edits it and cat leaves: none of them is waited for.
    world.add_user("cat", "LEAD")
    world.set_team("blue", ["ann", "bob", "cat", "dev"])
    silence(world, "bob", Kind.REMINDER)
    release = week(world)
    changes = {"max_signatures": 9}
    world.do("ann", ReviseRelease(release_id=release, revision=1, changes=changes))
    world.set_team("blue", ["ann", "bob", "dev"])

    world.clock.pass_(days=4)

    assert reminders.run_once() == 0
    assert notices.told(kind="REMINDER") == []
    silence_ends = UpdatePreferences(
        chosen={Kind.REMINDER: frozenset({"email"})}, channels=frozenset({"email"})
    )
    world.do("bob", silence_ends)
    assert reminders.run_once() == 1
    assert notices.told(kind="REMINDER") == [("bob", "REMINDER")]


def test_a_window_whose_closing_nobody_wants_to_hear_of_is_left_alone(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    for name in ("ann", "bob", "dev"):
        silence(world, name, Kind.CLOSING_SOON)
    world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")

    world.clock.pass_(minutes=100)

    assert reminders.run_once() == 0


def test_a_window_that_closes_soon_is_told_once(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")

    world.clock.pass_(minutes=90)
    assert reminders.run_once() == 0
    world.clock.pass_(minutes=7)
    assert reminders.run_once() == 1
    assert reminders.run_once() == 0
    assert [who for who, _ in notices.told(kind="CLOSING_SOON")] == ["ann", "bob", "dev"]

    later = {"ends_at": world.clock.instant + timedelta(hours=8)}
    revision = world.release(release).revision
    world.do("ann", ReviseRelease(release_id=release, revision=revision, changes=later))
    assert reminders.run_once() == 0
    world.clock.pass_(hours=7, minutes=30)
    assert reminders.run_once() == 1


def test_a_window_without_signatures_left_closes_without_a_word(
    world: World, notices: Notices, reminders: Reminders
) -> None:
    world.approved(max_signatures=1)
    world.clock.pass_(hours=1)
    world.sign("dev")

    world.clock.pass_(minutes=115)
    assert reminders.run_once() == 0
