"""The window in people's calendars: published, updated, cancelled, to exactly those concerned."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.vocabulary import ReleaseType, Verdict
from notifications import tables as n
from notifications.content.icalendar import calendar_file
from notifications.content.writer import MessageRenderer, Reader
from notifications.vocabulary import DeliveryState, MessageKind
from tests.support.calendar_files import stored_calendar
from tests.support.databases import Templates
from tests.support.mails import mail_of
from tests.support.message_facts import facts
from tests.support.notices import Notices, with_outbox
from tests.support.world import World

NOON = datetime(2030, 6, 3, 12, tzinfo=UTC)
SENDER = "Countersign <countersign@example.com>"


def events_in(text: str) -> list[Event]:
    """What a calendar client finds in the file."""
    calendar = Calendar.from_ical(text)
    assert calendar["METHOD"] == "PUBLISH"
    return list(calendar.walk("VEVENT"))


@dataclass
class Client:
    """A person's calendar: takes in every file they were sent, as RFC 5546 says."""

    world: World
    name: str

    def event(self, release_id: UUID) -> Event | None:
        """The event as it stands; None where there is none, or a cancelled one."""
        current: dict[str, Event] = {}
        for file in self.files(release_id):
            (event,) = events_in(file)
            known = current.get(event["UID"])
            if known is None:
                assert event["STATUS"] == "CONFIRMED", "nothing is cancelled that was not published"
            if known is None or event["SEQUENCE"] > known["SEQUENCE"]:
                current[event["UID"]] = event
        assert len(current) <= 1
        last = next(iter(current.values()), None)
        return None if last is None or last["STATUS"] == "CANCELLED" else last

    def files(self, release_id: UUID) -> list[str]:
        rows = Notices(self.world).rows(user_id=self.world.people[self.name], release_id=release_id)
        # What is void is told, with its file, together with what came after it.
        sent = [row for row in rows if row.calendar and row.state is not DeliveryState.VOID]
        return [calendar_file(row.calendar, SENDER) for row in sent]


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    """On SQLite; `quick` is an online keypair, and cat a lead of no team."""
    with templates.world("sqlite") as world:
        with_outbox(world)
        world.add_keypair("quick", ReleaseType.ONLINE)
        world.set_team("blue", keypairs=["vault", "spare", "quick"])
        yield world


def revise(world: World, release_id: UUID, who: str = "dev", **changes: Any) -> None:
    revision = world.release(release_id).revision
    world.do(who, ReviseRelease(release_id=release_id, revision=revision, changes=changes))


def shown(world: World, name: str, release_id: UUID) -> tuple[Any, ...] | None:
    """(how sure, start, end, summary) in a person's calendar."""
    event = Client(world, name).event(release_id)
    if event is None:
        return None
    return (event["STATUS"], event["DTSTART"].dt, event["DTEND"].dt, event["SUMMARY"])


def true(world: World, release_id: UUID, sure: str = "CONFIRMED") -> tuple[Any, ...]:
    fields = world.release(release_id).fields
    return (sure, fields.starts_at, fields.ends_at, fields.name)


def without_teams(world: World, *participants: str) -> UUID:
    """A request of dev's for these people, approved by ann; bob is an approver who does nothing."""
    world.settings(teams_enabled=False, required_approvals=1)
    named = frozenset(world.people[name] for name in participants)
    release = world.request(teams=False, participant_ids=named)
    world.decide("ann", release)
    return release


def test_a_whole_history_is_followed_step_by_step(world: World) -> None:
    release = without_teams(world, "dev", "eve")
    for name in ("dev", "eve"):
        assert shown(world, name, release) == true(world, release)

    revise(world, release, starts_at=NOON + timedelta(hours=2))
    for name in ("dev", "eve"):
        assert shown(world, name, release) == true(world, release, "TENTATIVE")

    revise(world, release, starts_at=NOON + timedelta(hours=2, minutes=30))
    for name in ("dev", "eve"):
        assert shown(world, name, release) == true(world, release, "TENTATIVE")

    world.decide("ann", release)
    revise(world, release, name="Kestrel")
    for name in ("dev", "eve"):
        assert shown(world, name, release) == true(world, release)

    revise(world, release, participant_ids=frozenset({world.people["dev"]}))
    assert shown(world, "eve", release) is None
    assert shown(world, "dev", release) == true(world, release, "TENTATIVE")

    world.decide("ann", release)
    world.do("dev", WithdrawRelease(release_id=release))
    assert shown(world, "dev", release) is None
    assert [len(Client(world, name).files(release)) for name in ("dev", "eve")] == [7, 6]
    # Only approvers: they sign nothing, so it is not in their calendars.
    assert [Client(world, name).files(release) for name in ("ann", "bob")] == [[], []]


def test_whoever_is_taken_out_learns_no_more_than_that(world: World, notices: Notices) -> None:
    release = without_teams(world, "dev", "eve")

    revise(world, release, participant_ids=frozenset({world.people["dev"]}), note="secret")

    (left,) = notices.rows(kind=MessageKind.LEFT)
    assert left.email == "eve@example.com"
    message = MessageRenderer("https://c.example.com").render(
        MessageKind.LEFT, left.facts, Reader(audiences=left.audiences), calendar=left.calendar
    )
    assert "You take no part in Falcon 1.0 any more" in message.text
    assert "you took part in this release" in message.text
    assert "secret" not in message.text + left.facts
    assert "STATUS:CANCELLED" in (message.calendar or "")


def test_whoever_comes_back_has_it_again(world: World) -> None:
    release = without_teams(world, "dev", "eve")
    both = world.release(release).fields.participant_ids
    revise(world, release, participant_ids=frozenset({world.people["dev"]}))
    revise(world, release, participant_ids=both)
    assert shown(world, "eve", release) is None

    world.decide("ann", release)

    assert shown(world, "eve", release) == true(world, release)


def test_who_left_the_team_has_it_no_more_when_it_opens(world: World) -> None:
    release = world.approved()
    world.set_team("blue", ["ann", "bob", "eve"])

    world.clock.pass_(hours=1)
    world.refused("ann", WithdrawRelease(release_id=release))

    files = {name: shown(world, name, release) for name in ("ann", "bob", "dev", "eve")}
    # dev requested it, and is concerned as long as it lasts.
    assert files == dict.fromkeys(files, true(world, release))
    world.set_team("blue", ["ann", "bob"])
    world.do("ann", StopRelease(release_id=release, reason="x"))
    assert [shown(world, name, release) for name in files] == [None] * 4
    assert ("eve", "LEFT") in Notices(world).recipients()


def test_made_online_and_moved_it_is_moved_in_calendars(world: World) -> None:
    release = world.approved()
    quick = frozenset({world.things["quick"]})
    revise(world, release, type=ReleaseType.ONLINE, keypair_ids=quick)
    revise(world, release, starts_at=NOON + timedelta(hours=2))

    for name in ("ann", "bob", "dev"):
        assert shown(world, name, release) == true(world, release)


def test_approvers_who_take_part_hear_of_it_with_their_request(world: World) -> None:
    release = world.approved()

    revise(world, release, starts_at=NOON + timedelta(hours=2))

    assert shown(world, "ann", release) == true(world, release, "TENTATIVE")
    assert Notices(world).recipients(revision=2) == [
        ("ann", "REQUEST"),
        ("bob", "REQUEST"),
        ("dev", "REVISED"),
    ]


def test_a_request_that_was_void_by_its_turn_has_brought_nothing(world: World) -> None:
    release = world.approved()
    revise(world, release, starts_at=NOON + timedelta(hours=2))
    d = n.deliveries
    with world.system.database.writing() as connection:
        is_request = d.c.kind == MessageKind.REQUEST
        connection.execute(sa.update(d).where(is_request).values(state=DeliveryState.VOID))
        connection.commit()

    revise(world, release, max_signatures=7)

    (again,) = Notices(world).rows(
        user_id=world.people["ann"], kind=MessageKind.REQUEST, revision=3
    )
    (event,) = events_in(calendar_file(again.calendar, SENDER))
    assert (event["STATUS"], event["SEQUENCE"]) == ("TENTATIVE", 2)


def test_closed_early_it_ends_when_it_was_closed(world: World) -> None:
    release = world.approved()
    world.clock.pass_(hours=1, minutes=20)
    world.sign("dev")
    world.do("dev", CloseRelease(release_id=release))

    assert shown(world, "dev", release) == (
        "CONFIRMED",
        NOON + timedelta(hours=1),
        NOON + timedelta(hours=1, minutes=20),
        "Falcon 1.0",
    )


def test_what_nothing_changes_brings_no_file(world: World) -> None:
    release = world.approved()
    revise(world, release, note="by the way")
    world.clock.pass_(hours=4)
    world.refused("dev", WithdrawRelease(release_id=release))

    kinds = {row.kind for row in Notices(world).rows(user_id=world.people["dev"])}
    assert kinds == {"APPROVED", "CLOSED"}
    assert len(Client(world, "dev").files(release)) == 1


def test_after_its_end_a_new_name_is_told_to_who_decided_and_to_no_calendar(world: World) -> None:
    release = world.approved()
    world.do("dev", WithdrawRelease(release_id=release))
    before = len(Notices(world).rows())

    revise(world, release, name="Kestrel")

    deliveries = Notices(world).rows()[before:]
    assert [(row.email, row.kind, row.calendar) for row in deliveries] == [
        ("ann@example.com", "REVISED", None),
        ("bob@example.com", "REVISED", None),
    ]


def withdrawn_unapproved(world: World) -> UUID:
    release = world.request()
    world.do("dev", WithdrawRelease(release_id=release))
    return release


def rejected_after_a_note(world: World) -> UUID:
    release = world.request()
    revise(world, release, note="x")
    world.decide("ann", release, Verdict.REJECT)
    return release


def online_withdrawn_unopened(world: World) -> UUID:
    quick = frozenset({world.things["quick"]})
    release = world.request(type=ReleaseType.ONLINE, keypair_ids=quick)
    world.do("dev", WithdrawRelease(release_id=release))
    return release


def expired(world: World) -> UUID:
    release = world.request()
    world.clock.pass_(hours=4)
    world.refused("dev", WithdrawRelease(release_id=release))
    return release


@pytest.mark.parametrize(
    "history", [withdrawn_unapproved, rejected_after_a_note, online_withdrawn_unopened, expired]
)
def test_what_was_never_in_a_calendar_is_not_cancelled(world: World, history: Any) -> None:
    release = history(world)

    assert len(Notices(world).rows(user_id=world.people["dev"])) == 1
    assert Client(world, "dev").files(release) == []


def test_a_file_that_did_not_come_is_made_up_for(world: World) -> None:
    release = world.approved()
    d = n.deliveries
    with world.system.database.writing() as connection:
        is_approval = d.c.kind == MessageKind.APPROVED
        connection.execute(sa.update(d).where(is_approval).values(state=DeliveryState.FAILED))
        connection.commit()

    world.clock.pass_(hours=1)
    world.sign("dev")

    (opened,) = Notices(world).rows(user_id=world.people["dev"], kind=MessageKind.OPENED)
    (event,) = events_in(calendar_file(opened.calendar, SENDER))
    assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", 1)
    assert shown(world, "dev", release) == true(world, release)


def test_what_the_file_says() -> None:
    (event,) = events_in(calendar_file(stored_calendar(), SENDER))

    assert event["UID"] == "release-1@countersign"
    assert event["SEQUENCE"] == 3
    assert event["DTSTAMP"].dt == NOON
    assert event["DTSTART"].dt == NOON + timedelta(hours=1)
    assert event["DTEND"].dt == NOON + timedelta(hours=13, minutes=30)
    assert event["STATUS"] == "CONFIRMED"
    assert event["TRANSP"] == "TRANSPARENT"
    # RFC 5546 wants one in whatever is published.
    assert event["ORGANIZER"] == "mailto:countersign@example.com"
    assert event["ORGANIZER"].params["CN"] == "Countersign"
    assert event["DESCRIPTION"] == "spare, vault"


@given(st.text(max_size=200))
def test_no_name_adds_a_line(name: str) -> None:
    file = calendar_file(stored_calendar(summary=name, description=name), SENDER)

    assert max(len(line.encode()) for line in file.split("\r\n")) <= 75
    (event,) = events_in(file)
    assert sorted(event) == sorted(events_in(calendar_file(stored_calendar(), SENDER))[0])


def test_it_comes_with_the_mail() -> None:
    writer = MessageRenderer("https://x.example.com", mail_from=SENDER)
    message = writer.render(MessageKind.APPROVED, facts(), Reader(), calendar=stored_calendar())

    mail = mail_of(message=message)

    assert mail.get_content_type() == "multipart/mixed"
    words, calendar = mail.iter_parts()
    assert [part.get_content_type() for part in words.iter_parts()] == ["text/plain", "text/html"]
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "PUBLISH"
    assert message.calendar is not None
    assert calendar.get_content().replace("\r\n", "\n") == message.calendar.replace("\r\n", "\n")


def test_all_who_get_the_same_file_get_one_that_was_made_once() -> None:
    calendar_file.cache_clear()
    writer = MessageRenderer("https://x.example.com", mail_from=SENDER)

    for zone in ("UTC", "Asia/Tokyo", "Europe/Berlin"):
        writer.render(MessageKind.APPROVED, facts(), Reader(zone=zone), calendar=stored_calendar())

    assert calendar_file.cache_info().misses == 1
