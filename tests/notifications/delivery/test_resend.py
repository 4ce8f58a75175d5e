"""A settled message is sent again by those concerned, as long as it is true."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.commands.releases.revise_release import ReviseRelease
from engine.model.errors import Code
from engine.model.vocabulary import Verdict
from engine.persistence.db.pagination import PageArgs
from engine.persistence.store.loading import load_releases
from engine.queries.context import QueryContext, read
from notifications import tables as n
from notifications.delivery.queries import deliveries_by_ids, deliveries_of, undelivered_counts
from notifications.delivery.resend import ResendDelivery
from notifications.vocabulary import DeliveryState
from tests.support.notices import LINK_KEY, Notices
from tests.support.world import World


def fail_all(world: World) -> None:
    with world.system.database.writing() as connection:
        connection.execute(
            sa.update(n.deliveries).values(state=DeliveryState.FAILED, last_error="550 no")
        )
        connection.commit()


@pytest.mark.parametrize("who", ["dev", "ann", "admin"])
def test_a_failed_request_is_sent_again_with_its_link(
    world: World, notices: Notices, who: str
) -> None:
    release = world.request()
    fail_all(world)
    (failed,) = notices.rows(user_id=world.people["bob"])

    again = world.do(
        who, ResendDelivery(delivery_id=failed.id, release_id=release, link_key=LINK_KEY)
    )

    first, second = sorted(notices.rows(user_id=world.people["bob"]), key=lambda r: r.state)
    assert (first.state, second.state, second.id) == ("FAILED", "QUEUED", again)
    assert second.action_link_id == failed.action_link_id
    assert second.facts == failed.facts


def test_a_link_that_lapses_soon_is_replaced(world: World, notices: Notices) -> None:
    later = world.clock.instant.replace(year=2031)
    release = world.request(ends_at=later)
    fail_all(world)
    (failed,) = notices.rows(user_id=world.people["bob"])

    world.clock.pass_(days=13)
    command = ResendDelivery(
        delivery_id=failed.id,
        release_id=release,
        link_key=LINK_KEY,
        link_lifetime=timedelta(days=3),
    )
    world.do("dev", command)

    old, new = notices.links(user_id=world.people["bob"])
    assert (old.voided_at is None, new.voided_at is None) == (False, True)
    assert new.expires_at == world.clock.instant + timedelta(days=3)
    # It is nobody else's business.
    assert len(notices.links(user_id=world.people["ann"], voided_at=None)) == 1


def test_what_is_not_true_any_more_is_not_sent(world: World, notices: Notices) -> None:
    release = world.request()
    (request,) = notices.rows(user_id=world.people["bob"])
    command = ResendDelivery(delivery_id=request.id, release_id=release, link_key=LINK_KEY)
    assert world.refused("dev", command).code is Code.WRONG_STATUS
    world.decide("ann", release, Verdict.REJECT)
    fail_all(world)
    before = world.snapshot()

    assert world.refused("dev", command).code is Code.WRONG_STATUS
    assert world.snapshot() == before


def test_strangers_do_not_see_it(world: World, notices: Notices) -> None:
    release = world.request()
    fail_all(world)
    (failed,) = notices.rows(user_id=world.people["bob"])

    command = ResendDelivery(delivery_id=failed.id, release_id=release, link_key=LINK_KEY)
    assert world.refused("eve", command).code is Code.NOT_FOUND
    other = ResendDelivery(delivery_id=failed.id, release_id=None, link_key=LINK_KEY)
    assert world.refused("admin", other).code is Code.NOT_FOUND


def test_each_persons_outcome_is_read(world: World, notices: Notices) -> None:
    release = world.request()
    other = world.request(name="Kestrel", keypair_ids=frozenset({world.things["spare"]}))

    pages = read(
        world.system,
        world.principal("dev"),
        lambda reading: deliveries_of(reading, [release, other], PageArgs(first=1)),
    )
    assert {id_: (len(page.items), page.has_next) for id_, page in pages.items()} == {
        release: (1, True),
        other: (1, True),
    }
    window = PageArgs(first=5, after=pages[release].cursors[0])
    rest = read(
        world.system,
        world.principal("dev"),
        lambda reading: deliveries_of(reading, [release], window),
    )[release]
    assert len(rest.items) == 1
    assert not rest.has_next
    found = read(
        world.system,
        world.principal("dev"),
        lambda reading: deliveries_by_ids(reading, [rest.items[0].id]),
    )
    assert [row.release_id for row in found.values()] == [release]


def assert_refused(world: World, who: str, command: ResendDelivery, sentence: str) -> None:
    before = world.snapshot()
    refusal = world.refused(who, command)
    assert (refusal.code, refusal.message) == (Code.RATE_LIMITED, sentence)
    assert world.snapshot() == before


def test_of_a_message_there_is_one_copy_within_some_minutes(world: World, notices: Notices) -> None:
    release = world.request()
    fail_all(world)
    (failed,) = notices.rows(user_id=world.people["bob"])
    command = ResendDelivery(delivery_id=failed.id, release_id=release, link_key=LINK_KEY)
    copy_id = world.do("dev", command)
    sentence = (
        "This message was sent again shortly before. Try again after 2030-06-03 12:05:00 UTC."
    )

    # Whoever asks, and as a copy of the copy, too.
    assert_refused(world, "ann", command, sentence)
    with world.system.database.writing() as connection:
        connection.execute(sa.update(n.deliveries).values(state=DeliveryState.SENT))
        connection.commit()
    of_copy = ResendDelivery(delivery_id=copy_id, release_id=release, link_key=LINK_KEY)
    assert_refused(world, "dev", of_copy, sentence)
    # The other approver's message is another one.
    (other,) = notices.rows(user_id=world.people["ann"])
    world.do("dev", ResendDelivery(delivery_id=other.id, release_id=release, link_key=LINK_KEY))

    world.clock.pass_(minutes=5)
    world.do("dev", of_copy)
    assert len(notices.rows(user_id=world.people["bob"])) == 3


def test_a_copy_that_failed_is_followed_by_another(world: World, notices: Notices) -> None:
    release = world.request()
    fail_all(world)
    (failed,) = notices.rows(user_id=world.people["bob"])
    command = ResendDelivery(delivery_id=failed.id, release_id=release, link_key=LINK_KEY)
    world.do("dev", command)
    fail_all(world)

    world.do("dev", command)

    assert len(notices.rows(user_id=world.people["bob"])) == 3


def undelivered(world: World, *release_ids: UUID) -> list[int]:
    """What the releases count, as somebody reads them now."""

    def query(reading: QueryContext) -> list[int]:
        releases = load_releases(reading.connection, release_ids)
        counts = undelivered_counts(reading, list(releases.values()))
        return [counts[release_id] for release_id in release_ids]

    return read(world.system, world.principal("dev"), query)


def test_what_failed_counts_until_it_is_sent_again(world: World, notices: Notices) -> None:
    release = world.request()
    other = world.request(name="Kestrel", keypair_ids=frozenset({world.things["spare"]}))
    assert undelivered(world, release, other) == [0, 0]
    fail_all(world)
    assert undelivered(world, release, other) == [2, 2]

    (failed,) = notices.rows(user_id=world.people["bob"], release_id=release)
    command = ResendDelivery(delivery_id=failed.id, release_id=release, link_key=LINK_KEY)
    world.do("dev", command)
    assert undelivered(world, release, other) == [1, 2]

    # The copy failed, too: it counts in place of what it repeats.
    fail_all(world)
    assert undelivered(world, release, other) == [2, 2]


def test_what_failed_does_not_count_once_it_is_not_worth_sending(
    world: World, notices: Notices
) -> None:
    edited = world.request()
    rejected = world.request(name="Kestrel", keypair_ids=frozenset({world.things["spare"]}))
    fail_all(world)
    assert undelivered(world, edited, rejected) == [2, 2]
    changes = {"max_signatures": 7}
    world.do("dev", ReviseRelease(release_id=edited, revision=1, changes=changes))
    world.decide("ann", rejected, Verdict.REJECT)
    assert undelivered(world, edited, rejected) == [0, 0]


def test_what_failed_does_not_count_for_who_has_decided(world: World, notices: Notices) -> None:
    release = world.request()
    fail_all(world)
    world.decide("ann", release)
    assert undelivered(world, release) == [1]


def test_one_person_causes_so_many_copies_in_an_hour(world: World, notices: Notices) -> None:
    release = world.request()
    (request,) = notices.rows(user_id=world.people["bob"])
    command = ResendDelivery(delivery_id=request.id, release_id=release, link_key=LINK_KEY)
    for _ in range(30):
        fail_all(world)
        world.do("dev", command)
        world.clock.pass_(seconds=10)
    fail_all(world)

    assert_refused(
        world,
        "dev",
        command,
        "You had 30 messages sent again or as a test within an hour."
        " Try again after 2030-06-03 13:00:00 UTC.",
    )
    world.do("ann", command)
