"""What waited for long is sent only where it is still true, and settled with the reason if not."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.model.errors import Code
from engine.model.vocabulary import Status, Verdict
from notifications.delivery import relevance
from notifications.delivery.claim import ClaimRequest, claim_deliveries
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.resend import ResendDelivery
from notifications.delivery.settling import DeliveryResult, settle_deliveries
from notifications.periodic.reminders import Reminders
from notifications.vocabulary import CHOOSABLE, DeliveryState, MessageKind
from tests.support.notices import LINK_KEY, Notices
from tests.support.world import World

ENDED = "not true any more: the release is completed"


def relay(world: World) -> Counter[str]:
    """Everything that is due is taken, and arrives; answers how often which kind did."""
    sent = Counter[str]()
    while rows := claim_deliveries(world.system, ClaimRequest(limit=99), RetryPolicy()):
        settle_deliveries(
            world.system, [DeliveryResult(delivery=row) for row in rows], RetryPolicy()
        )
        sent.update(row.kind for row in rows)
    return sent


def voided(notices: Notices) -> Counter[tuple[str, str | None]]:
    return Counter((row.kind, row.last_error) for row in notices.rows(state=DeliveryState.VOID))


def test_each_kind_is_decided() -> None:
    assert relevance.TRUE_WHILE.keys() == CHOOSABLE


def test_after_an_outage_nobody_is_told_that_the_window_is_open(
    world: World, notices: Notices
) -> None:
    release = world.approved(max_signatures=5)
    world.clock.pass_(hours=1)
    world.sign("dev", number=4)
    later = {"ends_at": world.clock.instant + timedelta(hours=1)}
    revision = world.release(release).revision
    world.do("ann", ReviseRelease(release_id=release, revision=revision, changes=later))
    world.clock.pass_(minutes=55)
    assert asyncio.run(Reminders(world.system, world.executor, LINK_KEY).run_once()) == 1

    # The mail server is back after the end; the worker, not yet.
    world.clock.pass_(days=1)
    assert world.release(release).status is Status.IN_PROGRESS
    sent = relay(world)

    assert sent == {"APPROVED": 3}
    assert voided(notices) == {
        ("REQUEST", ENDED): 2,
        ("OPENED", ENDED): 3,
        ("QUOTA", ENDED): 3,
        ("CLOSING_SOON", ENDED): 3,
        ("REVISED", ENDED): 3,
    }
    assert {row.attempts for row in notices.rows(state=DeliveryState.VOID)} == {0}


def test_what_became_of_it_is_told_however_late(world: World, notices: Notices) -> None:
    release = world.approved(max_signatures=1)
    world.clock.pass_(hours=1)
    world.sign("dev")
    world.do("ann", StopRelease(release_id=release, reason="The build is bad."))

    world.clock.pass_(days=1)

    assert relay(world) == {"STOPPED": 3, "QUOTA": 3}
    assert voided(notices)["APPROVED", "not true any more: the release has failed"] == 3
    assert voided(notices)["OPENED", "not true any more: the release has failed"] == 3


def test_in_time_everything_is_told(world: World, notices: Notices) -> None:
    world.approved(max_signatures=5)
    world.clock.pass_(hours=1)
    world.sign("dev", number=4)

    assert relay(world) == {"APPROVED": 3, "OPENED": 3, "QUOTA": 3}


def changes(world: World, release: UUID) -> None:
    changed = {"max_signatures": 9}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changed))


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (lambda world, release: world.decide("ann", release), "its link has ended"),
        (
            lambda world, release: world.decide("bob", release, Verdict.REJECT),
            "not true any more: the release was rejected",
        ),
        (changes, "the request was changed meanwhile"),
        (
            lambda world, _: world.clock.pass_(days=1),
            "not true any more: the release has failed",
        ),
        (
            lambda world, _: world.do(
                "admin", UpdateUser(user_id=world.people["ann"], active=False)
            ),
            "the recipient is not active any more",
        ),
    ],
)
def test_why_a_request_was_not_sent(
    world: World, notices: Notices, meanwhile: Callable[[World, UUID], None], reason: str
) -> None:
    release = world.request()

    meanwhile(world, release)
    relay(world)

    request = notices.rows(kind="REQUEST", user_id=world.people["ann"])[0]
    assert (request.state, request.last_error) == (DeliveryState.VOID, reason)


def test_nobody_sends_again_what_is_not_true_any_more(world: World, notices: Notices) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")
    relay(world)
    world.clock.pass_(hours=3)
    before = world.snapshot()

    def again(kind: MessageKind) -> ResendDelivery:
        row = notices.rows(kind=kind)[0]
        return ResendDelivery(delivery_id=row.id, release_id=release, link_key=LINK_KEY)

    assert world.refused("dev", again(MessageKind.OPENED)).code is Code.WRONG_STATUS
    after = world.snapshot()
    assert len(after["deliveries"]) == len(before["deliveries"]) + 3  # that it closed
    world.do("dev", again(MessageKind.APPROVED))
    assert len(world.snapshot()["deliveries"]) == len(after["deliveries"]) + 1
