"""The relay against a real SMTP socket: who gets what, and what becomes of what is refused."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.errors import Code
from engine.model.vocabulary import Verdict
from engine.persistence.db.database import Database
from engine.system import System
from notifications import tables as n
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery import relay as relay_module
from notifications.delivery.claim import ClaimRequest, claim_deliveries
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.priority_gate import PriorityGate
from notifications.delivery.relay import Relay
from notifications.delivery.settling import DeliveryResult, settle_deliveries
from notifications.delivery.wakeup import Wakeup
from tests.notifications.delivery.test_many import fill
from tests.support.notices import LINK_KEY, Notices
from tests.support.smtp_server import Inbox, smtp_server
from tests.support.waiting import WAIT_LIMIT_SECONDS, until
from tests.support.world import HandClock, World, make_world

pytestmark = pytest.mark.anyio
PUBLIC = "https://countersign.example.com"
SENDER = "Countersign <countersign@example.com>"


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with smtp_server() as opened:
        yield opened


def relay_of(world: World, inbox: Inbox, **more: Any) -> Relay:
    channel = SmtpChannel(inbox.url, SENDER, timeout=more.pop("timeout", 5))
    return Relay(
        world.system, world.executor, channel, MessageRenderer(PUBLIC), LINK_KEY, PUBLIC, **more
    )


def link_in(mail: EmailMessage) -> str:
    text, html = (part.get_content() for part in mail.iter_parts())
    (found,) = re.findall(r"https://\S+/decide/(\S+)", text)
    assert html.count(f"{PUBLIC}/decide/{found}") == 1
    return str(found)


async def test_each_approver_gets_their_own_mail(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    release = world.request()
    relay = relay_of(world, inbox)

    assert await relay.run_once() == 2
    await relay._finish()

    (ann,), (bob,) = inbox.to("ann"), inbox.to("bob")
    assert link_in(ann) == notices.spelling("ann", release)
    assert link_in(bob) == notices.spelling("bob", release)
    assert ann["Subject"] == "Approval requested: Falcon 1.0"
    assert ann["To"] == "Ann <ann@example.com>"
    assert ann["Auto-Submitted"] == "auto-generated"
    assert ann["References"] == bob["References"] == f"<release.{release}@example.com>"
    assert ann["Message-ID"].endswith("@example.com>")
    assert [part.get_content_type() for part in ann.iter_parts()] == ["text/plain", "text/html"]
    assert {row.state for row in notices.rows()} == {"SENT"}


async def test_a_message_whose_link_is_void_is_not_sent(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    release = world.request()
    changes = {"max_signatures": 7}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    relay = relay_of(world, inbox)
    await relay.run_once()
    await relay._finish()

    assert [row.state for row in notices.rows(revision=1)] == ["VOID", "VOID"]
    assert len(inbox.mails) == 2
    assert link_in(inbox.to("ann")[0]) == notices.spelling("ann", release)


async def test_a_deactivated_person_gets_nothing(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    release = world.request()
    world.decide("ann", release, Verdict.REJECT)
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))

    relay = relay_of(world, inbox)
    await relay.run_once()
    await relay._finish()

    assert inbox.to("dev") == []
    assert [row.state for row in notices.rows(user_id=world.people["dev"])] == ["VOID"]


@pytest.mark.parametrize(
    ("answer", "state", "error"),
    [
        ("550 5.1.1 No such user", "FAILED", "550 5.1.1 No such user"),
        ("450 4.2.1 Try later", "QUEUED", "450 4.2.1 Try later"),
        ("421 4.3.2 Closing", "QUEUED", "421 4.3.2 Closing"),
    ],
)
async def test_what_the_server_says_decides(
    world: World, notices: Notices, inbox: Inbox, answer: str, state: str, error: str
) -> None:
    world.request()
    inbox.answers["ann@example.com"] = answer

    relay = relay_of(world, inbox)
    await relay.run_once()
    await relay._finish()

    ann, bob = sorted(notices.rows(kind="REQUEST"), key=lambda row: row.email)
    assert (ann.state, ann.last_error, ann.attempts) == (state, error, 1)
    assert (bob.state, bob.last_error) == ("SENT", None)
    assert len(inbox.to("bob")) == 1


async def test_a_refusal_of_the_content_is_final(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.request()
    inbox.at_data["ann@example.com"] = "554 5.6.0 Not wanted"

    relay = relay_of(world, inbox)
    await relay.run_once()
    await relay._finish()

    ann, _ = sorted(notices.rows(kind="REQUEST"), key=lambda row: row.email)
    assert (ann.state, ann.last_error) == ("FAILED", "554 5.6.0 Not wanted")


@pytest.mark.parametrize("answer", ["550 no \x00 such user", "450 later \x00"])
async def test_an_answer_that_no_database_stores_is_settled_all_the_same(
    world: World, notices: Notices, inbox: Inbox, answer: str
) -> None:
    world.request()
    inbox.answers["ann@example.com"] = answer

    relay = relay_of(world, inbox)
    await relay.run_once()
    await relay._finish()

    row_by_user = {row.email.partition("@")[0]: row for row in notices.rows(kind="REQUEST")}
    assert row_by_user["bob"].state == "SENT"
    assert row_by_user["ann"].last_error == answer.replace("\x00", "\ufffd")


async def test_hanging_and_dropping_servers_harm_nobody_else(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.add_user("cat", "LEAD")
    world.add_team("red", ["ann", "bob", "cat", "dev"], ["spare"], 1)
    spare = frozenset({world.things["spare"]})
    world.request(team_id=world.things["red"], keypair_ids=spare)
    inbox.hanging.add("ann@example.com")
    inbox.dropping.add("bob@example.com")

    relay = relay_of(world, inbox, timeout=2)
    await relay.run_once()
    await relay._finish()

    row_by_user = {row.email.partition("@")[0]: row for row in notices.rows()}
    assert row_by_user["cat"].state == "SENT"
    assert (row_by_user["ann"].state, row_by_user["ann"].last_error) == (
        "QUEUED",
        "no answer within 2 seconds",
    )
    assert row_by_user["bob"].state == "QUEUED"
    assert row_by_user["bob"].last_error


async def test_nobody_listening_is_tried_again_until_given_up(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.request()
    port, inbox.port = inbox.port, 1
    policy = RetryPolicy(give_up_after=timedelta(minutes=5))
    relay = relay_of(world, inbox, policy=policy)

    assert await relay.run_once() == 2
    assert {row.state for row in notices.rows()} == {"QUEUED"}
    assert await relay.run_once() == 0

    world.clock.pass_(seconds=5)
    assert await relay.run_once() == 2
    world.clock.pass_(minutes=5)
    await relay.run_once()
    await relay._finish()
    assert {row.state for row in notices.rows(kind="REQUEST")} == {"FAILED"}
    assert {row.attempts for row in notices.rows(kind="REQUEST")} == {3}
    assert {row.kind for row in notices.rows(state="QUEUED")} == {"UNREACHABLE"}
    assert port


async def test_killed_between_claim_and_settle_it_is_sent_again_with_the_same_id(
    world: World, notices: Notices, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.request()
    relay = relay_of(world, inbox)
    with monkeypatch.context() as patch:
        patch.setattr(relay_module, "settle_deliveries", lambda *_: None)
        await relay.run_once()
    assert {row.state for row in notices.rows()} == {"QUEUED"}
    assert await relay.run_once() == 0

    world.clock.pass_(seconds=61)
    await relay.run_once()
    await relay._finish()

    first, second = inbox.to("ann")
    assert first["Message-ID"] == second["Message-ID"]
    assert {row.state for row in notices.rows()} == {"SENT"}


async def test_a_claim_that_lapsed_settles_nothing(world: World, notices: Notices) -> None:
    world.request()
    policy = RetryPolicy()
    (late, other) = claim_deliveries(world.system, ClaimRequest(limit=9), policy)
    world.clock.pass_(seconds=61)
    assert len(claim_deliveries(world.system, ClaimRequest(limit=9), policy)) == 2

    settle_deliveries(world.system, [DeliveryResult(delivery=late)], policy)

    assert {row.state for row in notices.rows()} == {"QUEUED"}
    assert other


def test_no_two_relays_claim_the_same(database_url: str, world: World) -> None:
    fill(world, people=60, each=3)
    now = HandClock(datetime.now(UTC) + timedelta(minutes=1))

    def claimer(_: int) -> list[Any]:
        own = Database(database_url)
        system, found = System(database=own, clock=now), []
        while claimed := claim_deliveries(system, ClaimRequest(limit=4), RetryPolicy()):
            found += [row.id for row in claimed]
        own.dispose()
        return found

    with ThreadPoolExecutor(4) as pool:
        claimed = [id_ for found in pool.map(claimer, range(4)) for id_ in found]

    assert len(claimed) == len(set(claimed)) == 180


def test_one_person_with_a_thousand_messages_keeps_nobody_waiting(world: World) -> None:
    fill(world, people=1, each=1000)
    fill_later = HandClock(datetime.now(UTC) + timedelta(minutes=1))
    system = System(database=world.system.database, clock=fill_later)

    (first,) = claim_deliveries(system, ClaimRequest(limit=4), RetryPolicy())
    world.clock.instant = fill_later.instant - timedelta(seconds=1)
    world.request()
    others = claim_deliveries(
        system, ClaimRequest(limit=4, claimed={first.user_id: 1}), RetryPolicy()
    )

    assert sorted(row.email for row in others) == ["ann@example.com", "bob@example.com"]


def test_a_few_messages_about_releases_are_claimed_at_once_for_each_person(world: World) -> None:
    aliases = [f"key {number}" for number in range(4)]
    keypair_ids = [world.add_keypair(alias) for alias in aliases]
    world.set_team("blue", keypairs=aliases)
    for alias, keypair_id in zip(aliases, keypair_ids, strict=True):
        world.request(name=f"With {alias}", keypair_ids=frozenset({keypair_id}))
    few = ClaimRequest(limit=9, per_recipient=3)

    first = claim_deliveries(world.system, few, RetryPolicy())
    being_sent = Counter(row.recipient_id for row in first)
    full = replace(few, claimed=being_sent)
    assert set(being_sent.values()) == {3}
    assert claim_deliveries(world.system, full, RetryPolicy()) == []

    one_is_sent = replace(few, claimed=dict.fromkeys(being_sent, 2))
    last = claim_deliveries(world.system, one_is_sent, RetryPolicy())
    assert Counter(row.recipient_id for row in last) == dict.fromkeys(being_sent, 1)


def test_what_belongs_to_no_release_is_claimed_alone_for_each_person(world: World) -> None:
    fill(world, people=2, each=5)
    later = HandClock(datetime.now(UTC) + timedelta(minutes=1))
    system = System(database=world.system.database, clock=later)
    few = ClaimRequest(limit=9, per_recipient=3)

    first = claim_deliveries(system, few, RetryPolicy())
    busy = replace(few, claimed=Counter(row.recipient_id for row in first))

    assert len(first) == 2
    assert claim_deliveries(system, busy, RetryPolicy()) == []


def test_what_was_tried_before_can_be_left_out(world: World) -> None:
    world.request()
    (ann, bob) = claim_deliveries(world.system, ClaimRequest(limit=4), RetryPolicy())
    outcomes = [DeliveryResult(delivery=row, error="450 later") for row in (ann, bob)]
    settle_deliveries(world.system, outcomes, RetryPolicy())
    world.clock.pass_(minutes=1)

    assert (
        claim_deliveries(world.system, ClaimRequest(limit=4, fresh_only=True), RetryPolicy()) == []
    )
    assert len(claim_deliveries(world.system, ClaimRequest(limit=4), RetryPolicy())) == 2


async def test_whoever_decided_elsewhere_is_not_asked_any_more(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    release = world.request()
    world.decide("ann", release)

    relay = relay_of(world, inbox)
    await relay.run_once()
    await relay._finish()

    assert inbox.to("ann") == []
    assert len(inbox.to("bob")) == 1


async def test_another_channels_messages_are_left_alone(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.request()
    with world.system.database.writing() as connection:
        connection.execute(sa.update(n.deliveries).values(channel="chat"))
        connection.commit()

    assert await relay_of(world, inbox).run_once() == 0


@pytest.mark.long
async def test_an_account_whose_receivers_hang_keeps_no_other_waiting(
    database: Database, inbox: Inbox
) -> None:
    slow, other = make_world(database, account="Slow"), make_world(database, account="Other")
    fill(slow, people=200, each=1)
    inbox.hanging |= {f"user{number}@example.com" for number in range(200)}
    channel = SmtpChannel(inbox.url, SENDER, timeout=8)
    relay = Relay(slow.system, slow.executor, channel, MessageRenderer(PUBLIC), LINK_KEY, PUBLIC)
    stop, wake, came = asyncio.Event(), Wakeup(), asyncio.Event()
    running = asyncio.create_task(relay.run(stop, wake))
    await asyncio.sleep(1)
    inbox.on_mail = came.set

    # By hosts of their own: a host's share is less than an account's.
    await asyncio.to_thread(fill, other, people=1, each=1, host="other.example.com")
    wake(other.account_id)
    await asyncio.wait_for(came.wait(), WAIT_LIMIT_SECONDS)

    assert [to for to, _ in inbox.mails] == ["user0@other.example.com"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


HOSTILE = "Ann\r\nBcc: eve@example.com"


@pytest.mark.parametrize("field", ["name", "version"])
def test_names_with_line_breaks_are_refused_before_they_get_here(world: World, field: str) -> None:
    before = world.snapshot()
    command = RequestRelease(fields=world.fields(**{field: HOSTILE}))
    assert world.refused("dev", command).code is Code.INVALID_INPUT
    for refused in (
        CreateUser(email="x@example.com", name=HOSTILE, roles=()),
        CreateUser(email=f"x@example.com{HOSTILE}", name="X", roles=()),
    ):
        assert world.refused("admin", refused).code is Code.INVALID_INPUT
    assert world.snapshot() == before


async def test_the_oddest_names_that_pass_stay_in_their_place(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    odd = 'Ann" <eve@example.com>, "Bob; =?utf-8?q?=0d=0aBcc:?= \u202fü €'
    world.do("admin", UpdateUser(user_id=world.people["ann"], name=odd))
    world.request(name=odd, note="X\r\nBcc: eve@example.com\r\n\r\n.\r\nMAIL FROM:<x>")

    relay = relay_of(world, inbox)
    await relay.run_once()
    await relay._finish()

    to = sorted(to for to, _ in inbox.mails)
    assert to == ["ann@example.com", "bob@example.com"]
    (mail,) = inbox.to("ann")
    assert [address.addr_spec for address in mail["To"].addresses] == ["ann@example.com"]
    assert mail["Bcc"] is None
    assert "MAIL FROM:<x>" in next(mail.iter_parts()).get_content()


async def test_it_runs_until_stopped_and_wakes_at_once(
    world: World, notices: Notices, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_SECONDS", 600)
    stop, wake = asyncio.Event(), Wakeup()
    relay = relay_of(world, inbox)
    running = asyncio.create_task(relay.run(stop, wake))
    await asyncio.sleep(0.1)
    came = asyncio.Event()
    inbox.on_mail = came.set

    await asyncio.to_thread(world.request)
    wake(world.account_id)
    await asyncio.wait_for(came.wait(), WAIT_LIMIT_SECONDS)
    stop.set()
    await asyncio.wait_for(running, WAIT_LIMIT_SECONDS)

    assert {row.state for row in notices.rows()} == {"SENT"}


async def test_it_takes_nothing_while_time_goes_first(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    stop, first = asyncio.Event(), PriorityGate()
    with first.held() as insist:
        insist()
        running = asyncio.create_task(relay_of(world, inbox).run(stop, gate=first))
        world.request()
        await asyncio.sleep(0.1)
        assert {(row.state, row.attempts) for row in notices.rows()} == {("QUEUED", 0)}
    await asyncio.to_thread(until, lambda: len(inbox.mails) == 2)
    stop.set()
    await running
    assert {row.state for row in notices.rows()} == {"SENT"}


async def test_told_to_stop_it_settles_what_was_sent_and_waits_for_no_one_who_hangs(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.request()
    inbox.hanging.add("ann@example.com")
    inbox.delay = 0.3
    stop = asyncio.Event()
    relay = relay_of(world, inbox, shutdown_seconds=5)
    running = asyncio.create_task(relay.run(stop))
    await asyncio.to_thread(until, lambda: inbox.connections == 2)
    stop.set()

    def states() -> dict[str, str]:
        return {row.email.partition("@")[0]: row.state for row in notices.rows()}

    await asyncio.to_thread(until, lambda: states()["bob"] == "SENT")
    assert not running.done()
    await running

    assert states() == {"ann": "QUEUED", "bob": "SENT"}


async def test_what_had_not_begun_when_it_was_told_to_stop_is_due_at_once(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.request()
    inbox.delay = 0.3
    stop = asyncio.Event()
    relay = relay_of(world, inbox, concurrency=1)
    running = asyncio.create_task(relay.run(stop))
    await asyncio.to_thread(until, lambda: inbox.connections)
    stop.set()
    await running

    assert sorted((row.state, row.attempts) for row in notices.rows()) == [
        ("QUEUED", 0),
        ("SENT", 1),
    ]
    assert await relay_of(world, inbox).run_once() == 1


async def test_connections_are_kept_for_the_next_message(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    release = world.request()
    relay = relay_of(world, inbox)
    await relay.run_once()
    for name in ("ann", "bob"):
        world.decide(name, release)
        await relay.run_once()
    await relay._finish()

    assert len(inbox.mails) == 5
    assert inbox.connections <= 3


async def test_a_failing_server_and_its_recovery_are_logged_and_counted(
    world: World, notices: Notices, inbox: Inbox
) -> None:
    world.request()
    inbox.answers |= {"ann@example.com": "451 Later", "bob@example.com": "550 No such user"}
    counted = list[tuple[str, str]]()
    relay = relay_of(world, inbox, on_outcome=lambda *one: counted.append(one))

    with capture_logs() as lines:
        await relay.run_once()
        inbox.answers.clear()
        world.clock.pass_(minutes=1)
        await relay.run_once()
        await relay._finish()

    (bob,) = notices.rows(user_id=world.people["bob"])
    others = [line for line in lines if line["event"] != "delivery_failed"]
    assert [line["event"] for line in others] == ["channel_failing", "channel_recovered"]
    assert (others[0]["channel"], others[0]["error"]) == ("email", "451 Later")
    (failure,) = [line for line in lines if line["event"] == "delivery_failed"]
    assert failure["delivery"] == str(bob.id)
    assert counted.count(("email", "failed")) == 1
    assert counted.count(("email", "retried")) == 1
    # Ann's request; that Bob was not reached, to the requester and the administrator.
    assert counted.count(("email", "sent")) == 3
