"""An approver whom the request did not reach is told of, once, to those who wait for approval."""

import json
from typing import Any

import pytest
from sqlalchemy import Row
from structlog.testing import capture_logs

from engine.commands.releases.revise_release import ReviseRelease
from notifications.channels.base import Outgoing, PermanentFailure
from notifications.channels.smtp import SmtpChannel
from notifications.content.message import Parts, RenderedMessage
from notifications.content.writer import MessageRenderer, Reader
from notifications.delivery.channel_health import ChannelHealth
from notifications.delivery.claim import ClaimRequest, claim_deliveries
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.resend import ResendDelivery
from notifications.delivery.settling import DeliveryResult, settle_deliveries
from notifications.outbox.queueing import copy_of, insert
from notifications.vocabulary import DeliveryState, MessageKind
from tests.support.deliverer import Deliverer
from tests.support.notices import LINK_KEY, Notices, add_administrator
from tests.support.world import World

NO_SUCH_USER = "550 5.1.1 No such user"


def ann_is_unknown(row: Row[Any]) -> str | None:
    return NO_SUCH_USER if row.email == "ann@example.com" else None


def unreachable(notices: Notices) -> list[tuple[str, str]]:
    return notices.recipients(kind=MessageKind.UNREACHABLE)


def test_requester_and_administrators_are_told(
    world: World, notices: Notices, post: Deliverer
) -> None:
    add_administrator(world)
    world.request()
    post.run(ann_is_unknown, final=True)

    expected = [(name, "UNREACHABLE") for name in ("admin", "dev", "meg")]
    assert unreachable(notices) == expected
    assert post.kinds_for("dev") == [MessageKind.UNREACHABLE]
    (row,) = [row for row in post.sent if row.email == "dev@example.com"]
    for language, subject, sentence in (
        (
            "en",
            "Ann was not reached: Falcon 1.0",
            f"failed for good on Mon 3 Jun 2030, 12:00 UTC: {NO_SUCH_USER}",
        ),
        ("de", "Ann wurde nicht erreicht: Falcon 1.0", f"endgültig gescheitert: {NO_SUCH_USER}"),
    ):
        reader = Reader(language=language, audiences=row.audiences)
        message = MessageRenderer("https://x.example.com").render(
            MessageKind.UNREACHABLE, row.facts, reader
        )
        assert (message.fault, message.subject) == (None, subject)
        assert "ann@example.com" in message.text
        assert sentence in message.text
    assert json.loads(row.facts)["subject"]["id"] == str(world.people["ann"])


def test_once_for_each_approver_and_revision(
    world: World, notices: Notices, post: Deliverer
) -> None:
    release = world.request()
    post.run(ann_is_unknown, final=True)
    (failed,) = notices.rows(state=DeliveryState.FAILED)
    world.do("dev", ResendDelivery(delivery_id=failed.id, release_id=release, link_key=LINK_KEY))
    post.run(ann_is_unknown, final=True)
    assert len(notices.rows(state=DeliveryState.FAILED)) == 2
    assert unreachable(notices) == [("admin", "UNREACHABLE"), ("dev", "UNREACHABLE")]

    changes = {"max_signatures": 7}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))
    post.run(ann_is_unknown, final=True)
    assert len(unreachable(notices)) == 4


def test_who_gets_the_request_by_another_channel_is_reached(world: World, notices: Notices) -> None:
    world.request()
    (row,) = notices.rows(user_id=world.people["ann"])
    with world.system.database.writing() as connection:
        insert(connection, [copy_of(row, "chat", row.action_link_id)], world.clock.instant)
        connection.commit()

    def refuse(channel: str) -> None:
        rows = claim_deliveries(world.system, ClaimRequest(limit=9, channel=channel), RetryPolicy())
        outcomes = [
            DeliveryResult(delivery=row, error=ann_is_unknown(row), final=True) for row in rows
        ]
        settle_deliveries(world.system, outcomes, RetryPolicy())

    refuse("email")
    assert unreachable(notices) == []
    refuse("chat")
    assert unreachable(notices) == [("admin", "UNREACHABLE"), ("dev", "UNREACHABLE")]


def test_nothing_is_said_of_what_asks_nothing(
    world: World, notices: Notices, post: Deliverer
) -> None:
    world.approved()
    post.run(lambda _: NO_SUCH_USER, final=True)

    assert len(notices.rows(state=DeliveryState.FAILED)) == 3
    assert unreachable(notices) == []


def test_it_is_not_told_once_the_request_is_decided(
    world: World, notices: Notices, post: Deliverer
) -> None:
    world.add_third_approver()
    release = world.request()
    rows = claim_deliveries(world.system, ClaimRequest(limit=9), RetryPolicy())
    outcomes = [DeliveryResult(delivery=row, error=ann_is_unknown(row), final=True) for row in rows]
    settle_deliveries(world.system, outcomes, RetryPolicy())
    for name in ("bob", "cid"):
        world.decide(name, release)

    post.run()

    assert post.kinds_for("dev") == [MessageKind.APPROVED]


def test_each_final_failure_is_one_line(world: World, notices: Notices, post: Deliverer) -> None:
    world.request()
    with capture_logs() as lines:
        post.run(ann_is_unknown, final=True)

    (failed,) = notices.rows(state=DeliveryState.FAILED)
    (line,) = [line for line in lines if line["event"] == "delivery_failed"]
    assert line == {
        "event": "delivery_failed",
        "log_level": "warning",
        "delivery": str(failed.id),
        "channel": "email",
        "kind": "REQUEST",
        "account": str(world.account_id),
        "attempts": 1,
        "error": NO_SUCH_USER,
    }


def test_a_failing_channel_is_said_when_it_begins_and_when_it_ends() -> None:
    now = [0.0]
    health = ChannelHealth("email", clock=lambda: now[0])
    with capture_logs() as lines:
        health.succeeded()
        for _ in range(130):
            health.failed("451 Later")
            now[0] += 1
        health.succeeded()
        health.succeeded()

    said = [(line["event"], line["failures"], line["seconds"]) for line in lines]
    assert said == [
        ("channel_failing", 1, 0.0),
        ("channel_failing", 61, 60.0),
        ("channel_failing", 121, 120.0),
        ("channel_recovered", 130, 130.0),
    ]


def test_one_that_fails_and_works_in_turn_fills_no_log() -> None:
    now = [0.0]
    health = ChannelHealth("email", clock=lambda: now[0])
    with capture_logs() as lines:
        for _ in range(100):
            health.failed("450 Greylisted")
            health.succeeded()
            now[0] += 1

    assert [line["event"] for line in lines] == ["channel_failing", "channel_recovered"] * 2


@pytest.mark.parametrize(
    "address", ["x@example..com", "a b@example.com", "x\r\ny@example.com", "@", "x@", ""]
)
def test_an_address_that_cannot_be_written_fails_at_once(
    notices: Notices, world: World, address: str
) -> None:
    world.request()
    row = notices.rows()[0]
    message = RenderedMessage(subject="x", text_parts=Parts("x\n"), html_parts=Parts("<p>x</p>"))
    outgoing = Outgoing(
        delivery_id=row.id,
        created_at=row.created_at,
        address=address,
        name="X",
        message=message,
    )
    channel = SmtpChannel("smtp://127.0.0.1:1", "Countersign <countersign@example.com>")
    with pytest.raises(PermanentFailure, match="the address cannot be written"):
        channel.prepare(outgoing)
