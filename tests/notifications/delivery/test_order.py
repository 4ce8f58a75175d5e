"""What one person is told about one release comes in order, and is true when it comes."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Refusal
from engine.model.vocabulary import ReleaseType, Verdict
from engine.persistence.db.canonical_json import canonical
from notifications.content.writer import MessageRenderer, Reader
from notifications.delivery.claim import ClaimRequest, claim_deliveries
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.resend import ResendDelivery
from notifications.delivery.settling import DeliveryResult, settle_deliveries
from notifications.outbox.preferences import UpdatePreferences
from notifications.vocabulary import DeliveryState, MessageKind
from tests.notifications.delivery.test_relevance import voided
from tests.support.deliverer import Deliverer
from tests.support.notices import LINK_KEY, Notices
from tests.support.releases import keypair_of
from tests.support.world import World

NOON = datetime(2030, 6, 3, 12, tzinfo=UTC)
BUSY = "451 4.3.0 Try later"


def everything(_: Row[Any]) -> str:
    """What the server answers to anything."""
    return BUSY


def revise(world: World, release_id: UUID, who: str = "dev", **changes: Any) -> None:
    revision = world.release(release_id).revision
    world.do(who, ReviseRelease(release_id=release_id, revision=revision, changes=changes))


def at(**since_noon: float) -> str:
    """An instant as it is stored."""
    return str(canonical(NOON + timedelta(**since_noon))).strip('"')


def approve(world: World, release_id: UUID) -> None:
    for name in ("ann", "bob"):
        world.decide(name, release_id)


def outage(world: World, post: Deliverer) -> None:
    """Whatever waits is tried once and refused for now."""
    assert post.run(everything) == []
    world.clock.pass_(seconds=1)


def recovery(world: World, post: Deliverer) -> None:
    """The server takes everything, however long each has to wait until it is tried again."""
    for _ in range(20):
        world.clock.pass_(seconds=30)
        post.run()


def test_what_an_approval_made_untrue_is_not_told_after_it(
    world: World, notices: Notices, post: Deliverer
) -> None:
    release = world.approved()
    outage(world, post)
    revise(world, release, max_signatures=6)
    outage(world, post)
    approve(world, release)

    recovery(world, post)

    assert post.kinds_for("dev") == [MessageKind.APPROVED]
    assert post.sent[-1].revision == 2
    assert voided(notices)["REVISED", "not true any more: the release is approved"] == 1
    followed = "not true any more: that approval was followed by another request"
    assert voided(notices)["APPROVED", followed] == 3


def test_that_no_approval_is_needed_is_not_told_of_what_was_approved_since(
    world: World, notices: Notices, post: Deliverer
) -> None:
    release = world.request()
    assert post.run().count(MessageKind.REQUEST) == 2
    online = frozenset({keypair_of(world, ReleaseType.ONLINE)})
    revise(world, release, type=ReleaseType.ONLINE, keypair_ids=online)
    outage(world, post)
    vault = frozenset({world.things["vault"]})
    revise(world, release, type=ReleaseType.OFFLINE, keypair_ids=vault)
    approve(world, release)

    recovery(world, post)

    assert MessageKind.NOT_NEEDED not in {*post.kinds_for("ann"), *post.kinds_for("bob")}
    meanwhile = "not true any more: approval was asked for meanwhile"
    assert voided(notices)["NOT_NEEDED", meanwhile] == 2


def test_an_approval_is_not_told_after_the_withdrawal(
    world: World, notices: Notices, post: Deliverer
) -> None:
    release = world.approved()
    outage(world, post)
    world.do("dev", WithdrawRelease(release_id=release))

    recovery(world, post)

    assert post.kinds_for("dev") == [MessageKind.WITHDRAWN]
    # Nothing was published that could be cancelled.
    assert post.files("dev") == []
    assert voided(notices)["APPROVED", "not true any more: the release was rejected"] == 3


def test_a_calendar_never_goes_back(world: World, post: Deliverer) -> None:
    release = world.approved()
    assert post.run().count(MessageKind.APPROVED) == 3
    revise(world, release, ends_at=NOON + timedelta(hours=4))
    outage(world, post)
    approve(world, release)
    outage(world, post)
    world.do("dev", WithdrawRelease(release_id=release))

    recovery(world, post)

    assert post.kinds_for("dev") == [MessageKind.APPROVED, MessageKind.WITHDRAWN]
    assert post.files("dev") == [(0, "CONFIRMED", at(hours=3)), (3, "CANCELLED", at(hours=4))]


def test_a_file_whose_message_is_void_goes_with_the_next(world: World, post: Deliverer) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")
    post.run()
    revise(world, release, "ann", ends_at=NOON + timedelta(hours=4))
    outage(world, post)
    world.clock.pass_(hours=4)
    world.refused("dev", WithdrawRelease(release_id=release))  # it has closed

    recovery(world, post)

    assert post.kinds_for("dev")[-1] == MessageKind.CLOSED
    assert post.files("dev") == [(0, "CONFIRMED", at(hours=3)), (1, "CONFIRMED", at(hours=4))]


def test_a_file_whose_message_failed_goes_with_the_next(world: World, post: Deliverer) -> None:
    world.approved()
    outage(world, post)
    world.clock.pass_(hours=1)
    world.sign("dev")

    def refuse(row: Row[Any]) -> str | None:
        return "552 Too big" if row.kind == MessageKind.APPROVED else None

    post.run(refuse, final=True)

    assert post.kinds_for("dev") == [MessageKind.OPENED]
    assert post.files("dev") == [(0, "CONFIRMED", at(hours=3))]


def test_nothing_overtakes_what_is_to_be_tried_again(world: World, post: Deliverer) -> None:
    release = world.approved(max_signatures=5)
    world.clock.pass_(hours=1)
    world.sign("dev", number=4)

    def refuse(row: Row[Any]) -> str | None:
        return BUSY if row.kind == MessageKind.APPROVED and row.email.startswith("dev@") else None

    post.run(refuse)
    assert post.kinds_for("dev", release) == []
    # Nobody else waits.
    assert post.kinds_for("ann", release) == [
        MessageKind.APPROVED,
        MessageKind.OPENED,
        MessageKind.QUOTA,
    ]

    recovery(world, post)
    assert post.kinds_for("dev", release) == [
        MessageKind.APPROVED,
        MessageKind.OPENED,
        MessageKind.QUOTA,
    ]


def test_another_release_does_not_wait(world: World, post: Deliverer) -> None:
    world.approved()
    post.run(everything)

    other = world.approved(name="Kestrel", keypair_ids=frozenset({world.things["spare"]}))
    post.run()

    assert post.kinds_for("dev") == post.kinds_for("dev", other) == [MessageKind.APPROVED]


def test_who_fails_for_good_is_told_the_next(world: World, post: Deliverer) -> None:
    world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")

    def refuse(row: Row[Any]) -> str | None:
        return "554 Spam" if row.kind == MessageKind.APPROVED else None

    post.run(refuse, final=True)

    assert post.kinds_for("dev") == [MessageKind.OPENED]


def test_another_relay_waits_for_what_is_being_sent(world: World, notices: Notices) -> None:
    world.approved()
    world.clock.pass_(hours=1)
    claimed = [
        row
        for _ in range(2)
        for row in claim_deliveries(world.system, ClaimRequest(limit=99), RetryPolicy())
    ]
    assert [row.kind for row in claimed] == [MessageKind.APPROVED] * 3
    world.sign("dev")

    assert claim_deliveries(world.system, ClaimRequest(limit=99), RetryPolicy()) == []

    settle_deliveries(
        world.system, [DeliveryResult(delivery=row) for row in claimed], RetryPolicy()
    )
    assert {
        row.kind for row in claim_deliveries(world.system, ClaimRequest(limit=99), RetryPolicy())
    } == {MessageKind.OPENED}


def test_with_what_is_tried_again_waits_what_comes_after(world: World, notices: Notices) -> None:
    world.approved()
    world.clock.pass_(hours=1)
    world.sign("dev")

    first = claim_deliveries(world.system, ClaimRequest(limit=99), RetryPolicy())
    outcomes = [DeliveryResult(delivery=row, error=BUSY) for row in first]
    settle_deliveries(world.system, outcomes, RetryPolicy())

    due = {row.kind: row.next_attempt_at for row in notices.rows(user_id=world.people["dev"])}
    assert due[MessageKind.APPROVED] == due[MessageKind.OPENED] > world.clock.instant


def test_an_approval_that_stands_is_told(world: World, post: Deliverer) -> None:
    world.settings(reapprove_on_edit=False)
    release = world.approved()
    outage(world, post)
    revise(world, release, "ann", max_signatures=7)

    recovery(world, post)

    assert post.kinds_for("dev") == [MessageKind.APPROVED]
    assert post.kinds_for("bob") == [MessageKind.APPROVED, MessageKind.REVISED]


def test_what_is_used_is_told_as_it_is(world: World, post: Deliverer) -> None:
    release = world.approved(max_signatures=5)
    world.clock.pass_(hours=1)
    world.sign("dev", number=4)
    outage(world, post)
    revise(world, release, "ann", max_signatures=50)

    recovery(world, post)

    assert post.kinds_for("dev") == [MessageKind.APPROVED, MessageKind.OPENED]


def soon(world: World, post: Deliverer, name: str = "Falcon 1.0") -> UUID:
    """A request for a window that opens in 20 seconds; the mails that ask for approval are sent."""
    instant = world.clock.instant
    edges = {"starts_at": instant + timedelta(seconds=20), "ends_at": instant + timedelta(hours=2)}
    release = world.request(name=name, **edges)
    post.run()
    return release


def test_approved_and_open_at_once_is_one_message(
    world: World, notices: Notices, post: Deliverer
) -> None:
    release = world.request()
    post.run()
    world.clock.pass_(hours=2)
    approve(world, release)
    post.run()

    for name in ("ann", "bob", "dev"):
        assert post.kinds_for(name, release)[-1] == MessageKind.OPENED
        assert MessageKind.APPROVED not in post.kinds_for(name, release)
        assert post.files(name) == [(0, "CONFIRMED", at(hours=3))]
    (opened,) = notices.rows(kind=MessageKind.OPENED, user_id=world.people["dev"])
    message = MessageRenderer("https://x.example.com").render(
        MessageKind.OPENED, opened.facts, Reader()
    )
    assert message.subject == "Approved and open: Falcon 1.0"
    german = MessageRenderer("https://x.example.com").render(
        MessageKind.OPENED, opened.facts, Reader(language="de")
    )
    assert german.subject == "Genehmigt und offen: Falcon 1.0"


def test_approved_just_before_it_opens_is_one_message(world: World, post: Deliverer) -> None:
    release = soon(world, post)
    approve(world, release)
    assert post.run() == []

    world.clock.pass_(seconds=20)
    world.sign("dev")
    post.run()

    assert post.kinds_for("dev") == [MessageKind.OPENED]
    assert post.files("dev") == [(0, "CONFIRMED", at(hours=2))]


def test_what_was_to_wait_for_the_opening_does_not_wait_longer(
    world: World, post: Deliverer
) -> None:
    release = soon(world, post)
    approve(world, release)
    world.clock.pass_(seconds=25)  # no worker opens it

    assert set(post.run()) == {MessageKind.APPROVED}
    world.sign("dev")
    assert set(post.run()) == {MessageKind.OPENED}


def test_a_withdrawal_takes_in_the_approval_that_waits(world: World, post: Deliverer) -> None:
    release = soon(world, post)
    approve(world, release)
    world.do("dev", WithdrawRelease(release_id=release))

    post.run()

    assert post.kinds_for("dev") == [MessageKind.WITHDRAWN]
    assert post.files("dev") == []


def test_an_end_takes_in_only_what_is_right_before_it(world: World, post: Deliverer) -> None:
    world.settings(reapprove_on_edit=False)
    release = world.approved()
    revise(world, release, "ann", ends_at=NOON + timedelta(hours=4))
    world.do("ann", StopRelease(release_id=release, reason="no"))

    post.run()

    assert post.kinds_for("dev") == [MessageKind.STOPPED]
    # Nothing was published, so nothing is cancelled; and nothing is published after the end.
    assert post.files("dev") == []


def test_an_end_takes_in_no_opening_behind_an_approval(world: World, post: Deliverer) -> None:
    release = world.approved()
    world.clock.pass_(hours=1)
    world.do("ann", StopRelease(release_id=release, reason="no"))

    post.run()

    assert post.kinds_for("dev") == [MessageKind.STOPPED]
    assert post.files("dev") == []


def test_an_edit_goes_before_no_approval_that_waits(world: World, post: Deliverer) -> None:
    world.settings(reapprove_on_edit=False)
    release = soon(world, post)
    approve(world, release)
    revise(world, release, "ann", ends_at=NOON + timedelta(hours=4))

    post.run()

    assert post.kinds_for("dev") == [MessageKind.APPROVED, MessageKind.REVISED]


def test_who_wants_only_one_of_them_is_told_that(world: World, post: Deliverer) -> None:
    silent = UpdatePreferences(
        chosen={MessageKind.OPENED: frozenset()}, channels=frozenset({"email"})
    )
    world.do("dev", silent)
    release = world.request()
    world.clock.pass_(hours=2)
    approve(world, release)

    post.run()

    assert post.kinds_for("dev") == [MessageKind.APPROVED]
    assert post.kinds_for("ann")[-1] == MessageKind.OPENED


def test_many_edits_are_few_requests(world: World, notices: Notices, post: Deliverer) -> None:
    release = world.request()
    post.run()
    for maximum in range(10, 60):
        world.clock.pass_(seconds=1)
        revise(world, release, max_signatures=maximum)
        post.run()

    # Three at once; what follows waits until the first of them is five minutes old.
    assert post.kinds_for("ann") == post.kinds_for("bob") == [MessageKind.REQUEST] * 3
    assert [row.revision for row in post.sent if row.email.startswith("ann")] == [1, 2, 3]
    (waiting,) = notices.rows(user_id=world.people["ann"], state=DeliveryState.QUEUED, revision=51)
    assert waiting.next_attempt_at == NOON + timedelta(minutes=5)

    world.clock.pass_(minutes=5)
    post.run()
    assert [row.revision for row in post.sent if row.email.startswith("ann")] == [1, 2, 3, 51]
    assert notices.rows(state=DeliveryState.QUEUED) == []


def test_whoever_is_made_an_approver_again_and_again_is_asked_once(
    world: World, notices: Notices, post: Deliverer
) -> None:
    world.request()
    post.run()
    for _ in range(5):
        for active in (False, True):
            world.do("admin", UpdateUser(user_id=world.people["ann"], active=active))
            world.clock.pass_(seconds=1)
        post.run()

    # The link that she has ended; so she gets one more, and not five.
    assert post.kinds_for("ann") == [MessageKind.REQUEST]
    world.clock.pass_(minutes=5)
    post.run()
    assert post.kinds_for("ann") == [MessageKind.REQUEST] * 2
    (live,) = notices.links(user_id=world.people["ann"], voided_at=None)
    assert post.sent[-1].action_link_id == live.id
    assert notices.rows(state=DeliveryState.QUEUED) == []
    assert post.kinds_for("bob") == [MessageKind.REQUEST]


def test_a_role_that_comes_and_goes_asks_nobody_twice(world: World, post: Deliverer) -> None:
    world.add_third_approver()
    world.request()
    post.run()
    for _ in range(5):
        for roles in (("DEVELOPER",), ("LEAD",)):
            world.do("admin", UpdateUser(user_id=world.people["cid"], roles=roles))
        world.clock.pass_(minutes=6)
        post.run()

    assert post.kinds_for("cid") == [MessageKind.INVITATION, MessageKind.REQUEST]


def test_a_request_that_waits_keeps_nothing_else_waiting(world: World, post: Deliverer) -> None:
    release = world.request()
    post.run()
    for maximum in range(10, 14):
        revise(world, release, max_signatures=maximum)
        post.run()
    world.decide("ann", release, Verdict.REJECT)

    post.run()

    assert post.kinds_for("bob") == [MessageKind.REQUEST] * 3 + [MessageKind.REJECTED]


def test_what_waited_describes_the_release_as_it_is(
    world: World, notices: Notices, post: Deliverer
) -> None:
    world.settings(reapprove_on_edit=False)
    release = world.approved()
    outage(world, post)
    world.clock.pass_(hours=1)
    world.sign("dev")
    outage(world, post)
    revise(world, release, "ann", name="Falcon 1.1", ends_at=NOON + timedelta(hours=4))

    recovery(world, post)

    assert post.kinds_for("dev") == [MessageKind.APPROVED, MessageKind.OPENED, MessageKind.REVISED]
    for row in (row for row in post.sent if row.email == "dev@example.com"):
        reader = Reader(audiences=row.audiences)
        message = MessageRenderer("https://x.example.com").render(
            MessageKind(row.kind), row.facts, reader
        )
        assert message.fault is None
        assert message.subject.endswith(": Falcon 1.1")
        assert "16:00" in message.text
        # Only of the edit it is said what was before.
        assert ("15:00" in message.text) == (row.kind == MessageKind.REVISED)


def test_a_repeated_message_brings_the_newest_calendar(
    world: World, notices: Notices, post: Deliverer
) -> None:
    world.settings(reapprove_on_edit=False)
    release = world.approved()
    post.run()
    revise(world, release, "ann", ends_at=NOON + timedelta(hours=4))
    post.run()
    (approved,) = notices.rows(kind=MessageKind.APPROVED, user_id=world.people["dev"])

    world.do("dev", ResendDelivery(delivery_id=approved.id, release_id=release, link_key=LINK_KEY))
    post.run()

    assert post.files("dev") == [
        (0, "CONFIRMED", at(hours=3)),
        (1, "CONFIRMED", at(hours=4)),
        (2, "CONFIRMED", at(hours=4)),
    ]


STEPS: list[Callable[[World, UUID], None]] = [
    lambda world, id_: world.decide("ann", id_),
    lambda world, id_: world.decide("bob", id_),
    lambda world, id_: world.decide("bob", id_, Verdict.REJECT),
    lambda world, id_: revise(world, id_, ends_at=NOON + timedelta(hours=random.randint(3, 6))),
    lambda world, id_: revise(world, id_, "ann", name=f"Falcon {random.random()}"),
    lambda world, id_: revise(world, id_, "ann", max_signatures=random.randint(5, 9)),
    lambda world, id_: world.clock.pass_(minutes=40),
    lambda world, id_: world.do("dev", WithdrawRelease(release_id=id_)),
    lambda world, id_: world.do("dev", CloseRelease(release_id=id_)),
    lambda world, id_: world.do("ann", StopRelease(release_id=id_, reason="no")),
]
WEIGHTS = [6, 6, 1, 3, 2, 2, 5, 1, 1, 1]


@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(8, 25))]
)
def test_however_it_goes_calendars_end_true(world: World, post: Deliverer, seed: int) -> None:
    random.seed(seed)
    release = world.request()

    def sometimes(row: Row[Any]) -> str | None:
        return BUSY if random.random() < 0.5 else None

    for step in random.choices(STEPS, WEIGHTS, k=14):
        try:
            step(world, release)
        except Refusal:
            continue
        if random.random() < 0.7:
            post.run(sometimes)
    world.clock.pass_(hours=8)
    world.refused("dev", WithdrawRelease(release_id=release))
    recovery(world, post)

    assert Notices(world).rows(state=DeliveryState.QUEUED) == []
    files = post.files("dev")
    assert [number for number, _, _ in files] == sorted({number for number, _, _ in files})
    if files:
        assert files[0][1] == "CONFIRMED", "nothing is changed that was not published"
        stored = world.release(release)
        sure = "CONFIRMED" if stored.status == "COMPLETED" else "CANCELLED"
        ends_at = stored.fields.ends_at
        if stored.status == "COMPLETED" and stored.ended_at is not None:
            ends_at = min(ends_at, stored.ended_at)
        assert files[-1][1:] == (sure, str(canonical(ends_at)).strip('"'))
