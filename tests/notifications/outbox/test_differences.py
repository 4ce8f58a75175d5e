"""Each reader is told what differs from what they last decided on, or last received."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.commands.administration.account import UpdateAccount
from engine.commands.administration.users import UpdateUser
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.vocabulary import Status, Verdict
from notifications import tables as n
from notifications.content.writer import MessageRenderer, Reader
from notifications.outbox.differences import SeenRevisions
from notifications.periodic.reminders import Reminders
from notifications.vocabulary import DeliveryState, MessageKind, Reference
from tests.support.notices import LINK_KEY, Notices
from tests.support.world import World

WRITER = MessageRenderer("https://countersign.example.com")
Read = Callable[..., str]
DECISION = Reference.DECISION
EARLIER, THIS = Reference.EARLIER_MESSAGE, Reference.THIS_MESSAGE


@pytest.fixture
def world(world: World) -> World:
    """Ann, bob and cid approve."""
    world.add_third_approver()
    return world


@pytest.fixture
def read(world: World, notices: Notices) -> Read:
    """The newest mail of a kind to somebody, as text; its HTML lists as many changes."""

    def read(name: str, kind: MessageKind, language: str = "en") -> str:
        row = notices.rows(kind=kind, user_id=world.people[name])[-1]
        reader = Reader(language=language, zone="UTC", audiences=row.audiences)
        message = WRITER.render(kind, row.facts, reader)
        assert message.fault is None
        assert message.html.count("<li>") == message.text.count("\n* ")
        return message.text

    return read


def edit(world: World, release: UUID, who: str = "dev", **changes: Any) -> None:
    revision = world.release(release).revision
    world.do(who, ReviseRelease(release_id=release, revision=revision, changes=changes))


def keys(world: World, *aliases: str) -> frozenset[UUID]:
    return frozenset(world.things[alias] for alias in aliases)


def settle(world: World, state: DeliveryState) -> None:
    """What waits to be sent has been sent, or has failed."""
    with world.system.database.writing() as connection:
        queued = n.deliveries.c.state == DeliveryState.QUEUED
        values = {"state": state, "settled_at": world.clock.instant}
        connection.execute(sa.update(n.deliveries).where(queued).values(**values))
        connection.commit()


def changes_in(text: str, title: str) -> list[str]:
    """The list under a title, which must be there."""
    block = text.split(f"{title}:\n", 1)[1].split("\n\n", maxsplit=1)[0]
    return [line.removeprefix("* ") for line in block.splitlines()]


SINCE_DECISION = "What changed since your decision"
SINCE_MESSAGE = "What changed since the last message to you"


def test_two_edits_before_any_mail_are_told_together_to_who_had_approved(
    world: World, read: Read
) -> None:
    release = world.request()
    settle(world, DeliveryState.SENT)
    world.decide("ann", release)
    ends_at = world.release(release).fields.ends_at + timedelta(days=30)
    edit(world, release, keypair_ids=keys(world, "vault", "spare"), ends_at=ends_at)
    edit(world, release, max_signatures=6)

    everything = [
        "end: Mon 3 Jun 2030, 15:00 UTC → Wed 3 Jul 2030, 15:00 UTC",
        "keypairs: added spare",
        "maximum of signatures: 5 → 6",
    ]
    assert changes_in(read("ann", MessageKind.REQUEST), SINCE_DECISION) == everything
    # Who has not decided is told what they have not been sent: the first mail of the edit waits.
    assert changes_in(read("bob", MessageKind.REQUEST), SINCE_MESSAGE) == everything


def test_who_was_sent_the_first_edit_and_has_not_decided_is_told_of_the_second(
    world: World, read: Read
) -> None:
    release = world.request()
    world.decide("ann", release)
    settle(world, DeliveryState.SENT)
    edit(world, release, keypair_ids=keys(world, "vault", "spare"))
    settle(world, DeliveryState.SENT)
    edit(world, release, max_signatures=6)

    both = ["keypairs: added spare", "maximum of signatures: 5 → 6"]
    assert changes_in(read("ann", MessageKind.REQUEST), SINCE_DECISION) == both
    assert changes_in(read("bob", MessageKind.REQUEST), SINCE_MESSAGE) == both[1:]


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.VOID])
def test_a_message_that_did_not_arrive_counts_for_nothing(
    world: World, read: Read, state: DeliveryState
) -> None:
    release = world.request()
    settle(world, DeliveryState.SENT)
    edit(world, release, keypair_ids=keys(world, "vault", "spare"))
    settle(world, state)
    edit(world, release, max_signatures=6)

    both = ["keypairs: added spare", "maximum of signatures: 5 → 6"]
    assert changes_in(read("bob", MessageKind.REQUEST), SINCE_MESSAGE) == both


def test_of_lists_what_was_added_and_what_was_removed_is_told(world: World, read: Read) -> None:
    world.add_keypair("third")
    world.set_team("blue", keypairs=["vault", "spare", "third"])
    release = world.request(keypair_ids=keys(world, "vault", "spare"))
    edit(world, release, keypair_ids=keys(world, "vault", "third"))

    changes = changes_in(read("ann", MessageKind.REQUEST), SINCE_MESSAGE)
    assert changes == ["keypairs: added third; removed spare"]
    german = read("ann", MessageKind.REQUEST, "de")
    assert "* Schlüsselpaare: hinzugekommen third; entfernt spare" in german


def test_what_came_back_to_what_it_was_is_no_change(world: World, read: Read) -> None:
    release = world.request()
    world.decide("ann", release)
    settle(world, DeliveryState.SENT)
    edit(world, release, keypair_ids=keys(world, "vault", "spare"))
    settle(world, DeliveryState.SENT)
    edit(world, release, keypair_ids=keys(world, "vault"))

    text = read("ann", MessageKind.REQUEST)
    assert "What changed" not in text
    assert "Nothing differs from what you last decided on." in text
    assert changes_in(read("bob", MessageKind.REQUEST), SINCE_MESSAGE) == [
        "keypairs: removed spare"
    ]


def test_who_edits_is_told_of_no_edit_they_made_before(world: World, read: Read) -> None:
    release = world.request()
    settle(world, DeliveryState.SENT)
    edit(world, release, "bob", max_signatures=6)
    edit(world, release, "dev", note="Hurry.", keypair_ids=keys(world, "vault", "spare"))

    changes = changes_in(read("bob", MessageKind.REQUEST), SINCE_MESSAGE)
    assert changes == ["keypairs: added spare", "note: none → Hurry."]
    assert "maximum of signatures: 5 → 6" in read("ann", MessageKind.REQUEST)


def test_who_hears_of_a_release_for_the_first_time_reads_what_the_edit_changed(
    world: World, read: Read
) -> None:
    world.add_user("fay", "LEAD")
    world.add_team("red", ["fay", "ann", "dev"], ["vault"], 1)
    release = world.request()
    edit(world, release, team_id=world.things["red"])

    assert changes_in(read("fay", MessageKind.REQUEST), "What changed") == ["team: blue → red"]


def test_participants_of_an_approved_release_are_told_all_they_missed(
    world: World, read: Read
) -> None:
    world.do("admin", UpdateAccount(account_id=world.account_id, settings={"reapprove_on_edit": 0}))
    release = world.approved()
    settle(world, DeliveryState.SENT)
    starts_at = world.release(release).fields.starts_at + timedelta(minutes=10)
    edit(world, release, "ann", keypair_ids=keys(world, "vault", "spare"))
    edit(world, release, "ann", starts_at=starts_at)

    changes = changes_in(read("dev", MessageKind.REVISED), SINCE_MESSAGE)
    assert changes == [
        "keypairs: added spare",
        "start: Mon 3 Jun 2030, 13:00 UTC → Mon 3 Jun 2030, 13:10 UTC",
    ]
    assert world.release(release).status is Status.APPROVED


def test_who_is_asked_once_more_as_an_approver_is_told_what_they_missed(
    world: World, read: Read
) -> None:
    release = world.request()
    world.decide("ann", release)
    world.do("admin", UpdateUser(user_id=world.people["ann"], active=False))
    edit(world, release, max_signatures=6)
    world.do("admin", UpdateUser(user_id=world.people["ann"], active=True))

    changes = changes_in(read("ann", MessageKind.REQUEST), SINCE_DECISION)
    assert changes == ["maximum of signatures: 5 → 6"]


def test_a_reminder_says_what_changed_since_the_decision(world: World, read: Read) -> None:
    start = world.clock.instant + timedelta(hours=8)
    release = world.request(starts_at=start, ends_at=start + timedelta(hours=1))
    world.decide("ann", release)
    settle(world, DeliveryState.SENT)
    edit(world, release, max_signatures=6)
    settle(world, DeliveryState.SENT)
    world.clock.pass_(hours=5)
    asyncio.run(Reminders(world.system, world.executor, LINK_KEY).run_once())

    changes = changes_in(read("ann", MessageKind.REMINDER), SINCE_DECISION)
    assert changes == ["maximum of signatures: 5 → 6"]
    assert "What changed" not in read("bob", MessageKind.REMINDER)


def test_an_approval_tells_the_requester_of_edits_they_have_not_heard_of(
    world: World, read: Read
) -> None:
    release = world.request()
    edit(world, release, "ann", max_signatures=6)
    settle(world, DeliveryState.FAILED)
    world.decide("bob", release)
    world.decide("cid", release)

    changes = changes_in(read("dev", MessageKind.APPROVED), SINCE_MESSAGE)
    assert changes == ["maximum of signatures: 5 → 6"]


def test_an_opening_that_is_told_together_with_the_approval_tells_of_them_too(
    world: World, read: Read
) -> None:
    release = world.request(starts_at=world.clock.instant)
    edit(world, release, "ann", max_signatures=6)
    settle(world, DeliveryState.FAILED)
    world.decide("bob", release)
    world.decide("cid", release)

    changes = changes_in(read("dev", MessageKind.OPENED), SINCE_MESSAGE)
    assert changes == ["maximum of signatures: 5 → 6"]


CASES: list[tuple[SeenRevisions, int, Any]] = [
    (SeenRevisions(), 4, None),
    (SeenRevisions(queued={1, 3}), 4, (1, EARLIER)),
    (SeenRevisions(queued={1, 3}, sent={2}), 4, (2, EARLIER)),
    (SeenRevisions(sent={1, 3}), 4, (3, EARLIER)),
    (SeenRevisions(sent={3}, decided={1}), 4, (1, DECISION)),
    (SeenRevisions(decided={1, 2}, written={3}), 4, (3, DECISION)),
    # An edit of one's own is told to oneself as what it changed.
    (SeenRevisions(decided={1}, written={4}), 4, (1, DECISION)),
    (SeenRevisions(written={1, 4}), 4, (1, EARLIER)),
    (SeenRevisions(written={1}, sent={2}), 4, (2, EARLIER)),
]


@pytest.mark.parametrize(("seen", "revision", "known"), CASES)
def test_what_a_message_is_compared_with(seen: SeenRevisions, revision: int, known: Any) -> None:
    assert seen.known_before(revision) == known


LINKS: list[tuple[SeenRevisions, int, Any]] = [
    (SeenRevisions(), 2, (2, THIS)),
    (SeenRevisions(sent={1, 2, 3}), 2, (1, EARLIER)),
    (SeenRevisions(sent={2}), 2, (2, THIS)),
    (SeenRevisions(sent={1}, decided={1}), 2, (1, DECISION)),
    (SeenRevisions(written={1}), 2, (1, EARLIER)),
]


@pytest.mark.parametrize(("seen", "revision", "known"), LINKS)
def test_what_a_page_is_compared_with(seen: SeenRevisions, revision: int, known: Any) -> None:
    assert seen.known_at_link(revision) == known


# --- labels, and who is told of them ---------------------------------------------------------


def test_those_who_decided_are_told_that_the_labels_were_edited(
    world: World, notices: Notices, read: Read
) -> None:
    release = world.request(note="Reviewed.")
    world.decide("ann", release)
    before = len(notices.rows())
    edit(world, release, "dev", name="Falcon 2.0", note="Not reviewed.")

    assert [row.email for row in notices.rows()[before:]] == ["ann@example.com"]
    text = read("ann", MessageKind.REVISED)
    assert text.startswith("Falcon 1.0 is called Falcon 2.0 now\n")
    assert "Dev (dev@example.com) changed it on" in text
    assert "Your decision still holds; if it should not, withdraw or stop the release." in text
    assert changes_in(text, SINCE_DECISION) == [
        "name: Falcon 1.0 → Falcon 2.0",
        "note: Reviewed. → Not reviewed.",
    ]
    assert "You get this because you decided on this release." in text
    assert "at that time: name “Falcon 1.0”, note “Reviewed.”" in text
    german = read("ann", MessageKind.REVISED, "de")
    assert german.startswith("Falcon 1.0 heißt jetzt Falcon 2.0\n")
    assert "damals: Name „Falcon 1.0“, Notiz „Reviewed.“" in german


@pytest.mark.parametrize("status", [Status.APPROVED, Status.IN_PROGRESS, Status.COMPLETED])
def test_so_they_are_whatever_has_become_of_it(
    world: World, notices: Notices, read: Read, status: Status
) -> None:
    release = world.approved()
    hours = {Status.APPROVED: 0, Status.IN_PROGRESS: 1, Status.COMPLETED: 4}[status]
    world.clock.pass_(hours=hours)
    edit(world, release, "dev", note="Not reviewed.")

    deliveries = notices.rows(kind=MessageKind.REVISED)
    assert [row.email for row in deliveries] == ["ann@example.com", "bob@example.com"]
    text = read("ann", MessageKind.REVISED)
    assert "Falcon 1.0 has another note now" in text
    ended = status is Status.COMPLETED
    assert ("Your decision is kept as it was made." in text) is ended
    assert ("Your decision still holds" in text) is not ended


def test_who_edits_the_labels_is_not_told_of_it(world: World, notices: Notices) -> None:
    release = world.request()
    world.decide("ann", release)
    world.decide("bob", release)
    edit(world, release, "ann", note="Mine.")

    assert [row.email for row in notices.rows(kind=MessageKind.REVISED)] == ["bob@example.com"]


def test_who_rejected_is_told_too(world: World, notices: Notices) -> None:
    release = world.request()
    world.decide("ann", release, Verdict.REJECT)
    edit(world, release, "dev", name="Eagle")

    assert [row.email for row in notices.rows(kind=MessageKind.REVISED)] == ["ann@example.com"]


# --- the requester --------------------------------------------------------------------------


def test_the_requester_is_told_that_others_edited_the_pending_request(
    world: World, notices: Notices, read: Read
) -> None:
    release = world.request()
    edit(world, release, "ann", max_signatures=6)

    (row,) = notices.rows(user_id=world.people["dev"])
    assert row.kind == MessageKind.REVISED
    text = read("dev", MessageKind.REVISED)
    assert text.startswith("Your request Falcon 1.0 was changed\n")
    assert "Ann (ann@example.com) changed it on" in text
    assert "Approvals that it had do not count any more. 2 more approvals are needed." in text
    assert "maximum of signatures: 5 → 6" in text
    assert read("dev", MessageKind.REVISED, "de").startswith(
        "Ihr Antrag Falcon 1.0 wurde geändert\n"
    )

    edit(world, release, "ann", note="A label.")
    assert len(notices.rows(user_id=world.people["dev"])) == 2
    assert "Approvals that it had" not in read("dev", MessageKind.REVISED)


def test_of_their_own_edits_they_are_not(world: World, notices: Notices) -> None:
    release = world.request()
    edit(world, release, "dev", max_signatures=6, note="Mine.")
    edit(world, release, "dev", note="Mine, too.")

    assert notices.rows(user_id=world.people["dev"]) == []


def test_a_requester_who_leaves_is_told_of_to_approvers_and_participants(
    world: World, notices: Notices, read: Read
) -> None:
    world.do("admin", UpdateUser(user_id=world.people["eve"], roles=("DEVELOPER",)))
    world.set_team("blue", members=["ann", "bob", "cid", "dev", "eve"])
    world.request()
    before = len(notices.rows())
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))

    deliveries = [row for row in notices.rows()[before:] if row.kind == MessageKind.REVISED]
    names = sorted(row.email.partition("@")[0] for row in deliveries)
    assert names == ["ann", "bob", "cid", "eve"]
    text = read("ann", MessageKind.REVISED)
    assert text.startswith("The requester of Falcon 1.0 has left\n")
    assert "Dev (dev@example.com), who requested it, is not active any more." in text
    assert "its approvers can decide on it or withdraw it" in text
    assert "Requested by: Dev (dev@example.com) (not active any more)" in text
    german = read("ann", MessageKind.REVISED, "de")
    assert "Dev (dev@example.com) hat es beantragt und ist nicht mehr aktiv." in german


def test_of_what_awaits_no_approval_nothing_is_said(world: World, notices: Notices) -> None:
    world.approved()
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))

    assert notices.rows(kind=MessageKind.REVISED) == []
