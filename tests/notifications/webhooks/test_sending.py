"""Webhooks against a real HTTP server: what arrives, signed how, and what becomes of the rest."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from anyio.to_thread import run_sync
from standardwebhooks import WebhookVerificationError

from api.graphql.ids import to_global
from engine.commands.maintenance.advance_due import advance_due
from notifications.delivery.lease import RetryPolicy
from notifications.webhooks.rotate import RotateWebhookSecret
from notifications.webhooks.send_test_event import SendTestEvent
from notifications.webhooks.update import UpdateWebhook
from tests.support.notices import Notices, add_administrator
from tests.support.webhook_receiver import Receiver
from tests.support.webhooks import KEY, Hooks
from tests.support.world import World

pytestmark = pytest.mark.anyio


async def test_it_is_told_what_happened_in_signed_json(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    secret = hooks.make("ci", receiver.url("/a?token=x")).secret
    release = world.request()

    assert await hooks.send() == 1

    (request,) = receiver.at("/a?token=x")
    said = request.verified_by(secret)
    (entry,) = world.ledger(tag="release:requested")
    assert said == {
        "type": "release.requested",
        "timestamp": "2030-06-03T12:00:00.000000Z",
        "data": {
            "tag": "release:requested",
            "position": entry.position,
            "effective_at": "2030-06-03T12:00:00.000000Z",
            "recorded_at": "2030-06-03T12:00:00.000000Z",
            "account": {"id": to_global("Account", world.account_id), "name": "Acme"},
            "actor": {"id": to_global("User", world.people["dev"]), "name": "Dev"},
            "channel": "API",
            "subject": {"kind": "Release", "id": to_global("Release", release)},
            "release": {
                "id": to_global("Release", release),
                "name": "Falcon 1.0",
                "version": "1.0",
                "type": "OFFLINE",
                "status": "PENDING",
                "revision": 1,
            },
            "from": None,
            "to": "PENDING",
            "reason": None,
            "details": {"revision": 1},
        },
    }
    (row,) = hooks.rows()
    assert (row.state, row.attempts) == ("SENT", 1)
    assert request.headers["webhook-id"] == str(row.id)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 10


async def test_who_did_it_is_an_id_and_a_name_or_nobody(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    hooks.make("all", receiver.url(), "release:*")
    world.approved()
    world.clock.pass_(hours=1)
    await run_sync(advance_due, world.system)

    while await hooks.send():
        pass

    bodies = [json.loads(request.body)["data"] for request in receiver.requests]
    actors = {one["tag"]: (one["channel"], one["actor"]) for one in bodies}
    dev = {"id": to_global("User", world.people["dev"]), "name": "Dev"}
    assert actors["release:requested"] == ("API", dev)
    assert actors["release:opened"] == ("CLOCK", None)
    assert "@" not in json.dumps(bodies)


async def test_nothing_in_it_is_a_link_or_a_secret(
    world: World, hooks: Hooks, receiver: Receiver, notices: Notices
) -> None:
    webhook = hooks.make("all", receiver.url("/secret-path"), "*")
    release = world.request(note="See https://example.com")
    links = [notices.spelling(name, release) for name in ("ann", "bob")]
    world.decide("ann", release)
    world.decide("bob", release)
    world.clock.pass_(hours=1)
    await run_sync(world.sign, "dev")
    world.do("admin", RotateWebhookSecret(webhook_id=webhook.webhook_id, key=KEY))

    tried = await hooks.send()

    text = " ".join(request.body for request in receiver.requests)
    # Itself, the request, two decisions, the approval, the opening, the signature, its new secret.
    assert tried == len(receiver.requests) == 8
    assert "http" not in text
    assert "secret-path" not in text
    assert webhook.secret not in text
    assert not any(part in text for link in links for part in link.split("."))
    signed = next(g for g in receiver.requests if '"signature.made"' in g.body)
    keypair = {"id": to_global("Keypair", world.things["vault"]), "alias": "vault"}
    assert json.loads(signed.body)["data"]["details"]["keypair"] == keypair


async def test_it_is_told_only_what_it_asked_for(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    hooks.make("approved", receiver.url("/approved"), "release:approved")
    hooks.make("decisions", receiver.url("/decisions"), "release:approval:*", "release:rejected")
    release = world.request()
    world.decide("ann", release)
    world.decide("bob", release)

    await hooks.send()

    def types(path: str) -> list[str]:
        return [json.loads(request.body)["type"] for request in receiver.at(path)]

    assert types("/approved") == ["release.approved"]
    assert types("/decisions") == ["release.approval.recorded"] * 2


async def test_in_the_order_of_the_ledger(world: World, hooks: Hooks, receiver: Receiver) -> None:
    hooks.make("ci", receiver.url())
    release = world.request()
    world.decide("ann", release)
    world.decide("bob", release)

    await hooks.send()

    positions = [json.loads(request.body)["data"]["position"] for request in receiver.requests]
    assert positions == sorted(positions)
    assert len(positions) == 4
    assert receiver.connections == 1


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 429, 500, 503])
async def test_any_other_answer_is_tried_again(
    world: World, hooks: Hooks, receiver: Receiver, status: int
) -> None:
    secret = hooks.make("ci", receiver.url()).secret
    other = hooks.make("other", receiver.url("/other")).secret
    receiver.status["/hook"] = status
    receiver.headers["Location"] = receiver.url("/elsewhere")
    world.request()
    await hooks.send()

    ours, others = hooks.rows()
    assert (ours.state, ours.last_error) == ("QUEUED", f"it answered {status}")
    assert others.state == "SENT"
    assert receiver.at("/elsewhere") == []
    receiver.at("/other")[0].verified_by(other)

    receiver.status.clear()
    world.clock.pass_(seconds=6)
    await hooks.send()
    first, second = receiver.at("/hook")
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    second.verified_by(secret)
    assert [row.state for row in hooks.rows()] == ["SENT", "SENT"]


def date_in(**time: float) -> str:
    """As HTTP spells it, by the real clock."""
    return format_datetime(datetime.now(UTC) + timedelta(**time), usegmt=True)


@pytest.mark.parametrize(
    ("status", "retry_after", "minutes"),
    [
        (429, "600", 10),
        (503, "a date", 10),
        # Within reason.
        (503, "999999", 60),
        (429, "soon", 0),
        (429, "-600", 0),
        (500, "600", 0),
    ],
)
async def test_whoever_asks_to_be_left_alone_is(
    world: World, hooks: Hooks, receiver: Receiver, status: int, retry_after: str, minutes: int
) -> None:
    hooks.make("busy", receiver.url())
    hooks.make("other", receiver.url("/other"))
    receiver.status["/hook"] = status
    receiver.headers["Retry-After"] = (
        date_in(minutes=10) if retry_after == "a date" else retry_after
    )
    release = world.request()
    world.decide("ann", release)

    await hooks.send()

    # Not for the next message either, and nobody else waits.
    assert len(receiver.at("/hook")) == (1 if minutes else 2)
    assert len(receiver.at("/other")) == 2
    waits = {row.next_attempt_at - world.clock.instant for row in hooks.rows(state="QUEUED")}
    expected = timedelta(minutes=minutes)
    assert all(
        expected - timedelta(minutes=1) <= wait <= expected + timedelta(seconds=5) for wait in waits
    )
    receiver.status.clear()
    world.clock.pass_(minutes=minutes, seconds=5)
    await hooks.send()
    assert {row.state for row in hooks.rows()} == {"SENT"}


async def test_it_is_given_up_in_the_end(world: World, hooks: Hooks, receiver: Receiver) -> None:
    hooks.make("ci", receiver.url())
    receiver.status["/hook"] = 500
    world.request()
    policy = RetryPolicy(give_up_after=timedelta(minutes=1))
    await hooks.send(policy=policy)
    world.clock.pass_(minutes=2)
    await hooks.send(policy=policy)

    (row,) = hooks.rows()
    assert (row.state, row.attempts, row.last_error) == ("FAILED", 2, "it answered 500")


async def test_gone_switches_it_off_and_administrators_are_told(
    world: World, hooks: Hooks, receiver: Receiver, notices: Notices
) -> None:
    meg = add_administrator(world)
    webhook = hooks.make("old", receiver.url())
    receiver.status["/hook"] = 410
    release = world.request()
    world.decide("ann", release)

    await hooks.send()

    row = hooks.row(webhook.webhook_id)
    assert (row.active, row.disabled_reason) == (False, "it answered 410 Gone")
    assert len(receiver.requests) == 1
    assert [one.state for one in hooks.rows()] == ["FAILED", "VOID"]
    (entry,) = world.ledger(tag="webhook:disabled")
    assert (entry.actor_id, entry.subject_id) == (None, webhook.webhook_id)
    rows = notices.rows(kind="ADMINISTERED", user_id=meg)
    tags = [json.loads(one.facts)["event"]["tag"] for one in rows]
    assert tags == ["webhook:created", "webhook:disabled"]

    world.do("admin", UpdateWebhook(webhook_id=webhook.webhook_id, active=True))
    assert hooks.row(webhook.webhook_id).disabled_reason is None


async def test_hanging_dropping_and_endless_receivers_harm_nobody_else(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    receiver.hanging.add("/hanging")
    receiver.dropping.add("/dropping")
    receiver.endless.add("/endless")
    for name in ("hanging", "dropping", "endless", "well"):
        hooks.make(name, receiver.url(f"/{name}"))
    world.request()

    await hooks.send(time_limit=0.5)

    hanging, dropping, endless, well = hooks.rows()
    assert (hanging.state, hanging.last_error) == ("QUEUED", "no answer within 0.5 seconds")
    assert dropping.state == "QUEUED"
    assert dropping.last_error
    # It said 200; what follows is not read.
    assert endless.state == "SENT"
    assert receiver.sent < 10_000_000
    assert well.state == "SENT"


async def test_nobody_listening(world: World, hooks: Hooks, receiver: Receiver) -> None:
    hooks.make("nobody", "http://127.0.0.1:1/")
    hooks.make("nameless", "http://name.invalid/")
    world.request()

    await hooks.send()

    assert [row.state for row in hooks.rows()] == ["QUEUED", "QUEUED"]
    assert all(row.last_error for row in hooks.rows())


async def test_a_new_secret_signs_beside_the_old_one_for_a_while(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    webhook = hooks.make("ci", receiver.url())
    new = world.do("admin", RotateWebhookSecret(webhook_id=webhook.webhook_id, key=KEY)).secret
    world.request()
    await hooks.send()
    for secret in (webhook.secret, new):
        assert receiver.requests[0].verified_by(secret)["type"] == "release.requested"
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 2

    world.clock.pass_(hours=25)
    world.do("admin", SendTestEvent(webhook_id=webhook.webhook_id))
    await hooks.send()
    last = receiver.requests[-1]
    assert last.verified_by(new)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        last.verified_by(webhook.secret)


async def test_a_leaked_secret_ends_at_once(world: World, hooks: Hooks, receiver: Receiver) -> None:
    webhook = hooks.make("ci", receiver.url())
    rotate = RotateWebhookSecret(webhook_id=webhook.webhook_id, overlap_hours=0, key=KEY)
    new = world.do("admin", rotate).secret
    world.request()
    await hooks.send()

    receiver.requests[0].verified_by(new)
    with pytest.raises(WebhookVerificationError):
        receiver.requests[0].verified_by(webhook.secret)


async def test_another_key_of_the_service_sends_nothing_that_receivers_would_refuse(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    hooks.make("ci", receiver.url())
    world.request()

    await hooks.send(key=bytes(32))

    (row,) = hooks.rows()
    assert receiver.requests == []
    assert row.state == "QUEUED"
    assert row.last_error == "the secret was made with another key: make a new one"


async def test_switched_off_it_gets_nothing_not_even_what_is_queued(
    world: World, hooks: Hooks, receiver: Receiver
) -> None:
    webhook = hooks.make("ci", receiver.url())
    release = world.request()
    world.do("admin", UpdateWebhook(webhook_id=webhook.webhook_id, active=False))
    world.decide("ann", release)

    assert await hooks.send() == 0

    assert [row.state for row in hooks.rows()] == ["VOID"]
    assert receiver.requests == []


async def test_a_refused_attempt_is_told_of_to_whoever_asked_for_that(
    world: World, hooks: Hooks
) -> None:
    hooks.make("releases", "http://127.0.0.1:1/")
    audit = hooks.make("audit", "http://127.0.0.1:1/", "attempt:*").webhook_id

    world.refused("dev", SendTestEvent(webhook_id=audit))

    (row,) = hooks.rows(webhook_id=audit)
    data = json.loads(row.facts)["data"]
    assert data["details"] == {"code": "FORBIDDEN", "command": "send_test_webhook"}
    assert len(hooks.rows()) == 1
