"""Making and changing webhooks: who may, what is refused, and what is told of it."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from engine.commands.administration.roles import CreateRole
from engine.model.errors import Code
from engine.model.vocabulary import Permission
from notifications import tables as n
from notifications.channels.webhook_secrets import OtherKeyError, secret_of
from notifications.outbox.resend_limits import COPIES_PER_PERSON
from notifications.webhooks import base
from notifications.webhooks.create import CreateWebhook
from notifications.webhooks.rotate import RotateWebhookSecret
from notifications.webhooks.send_test_event import SendTestEvent
from notifications.webhooks.update import UpdateWebhook
from tests.support.notices import Notices, add_administrator
from tests.support.refusals import assert_refused
from tests.support.webhooks import KEY, Hooks
from tests.support.world import World, make_world

URL = "https://hooks.example.com/T0/secret-path?x=y"


def create(**changes: Any) -> CreateWebhook:
    return CreateWebhook(**({"name": "CI", "url": URL, "key": KEY} | changes))


def test_the_secret_is_told_once_and_stored_nowhere(world: World, hooks: Hooks) -> None:
    webhook = world.do("admin", create())

    row = hooks.row(webhook.webhook_id)
    assert webhook.secret.startswith("whsec_")
    assert webhook.secret == secret_of(KEY, row.id, row.seed)
    stored = json.dumps(world.snapshot(), default=str) + "".join(e.body for e in world.ledger())
    assert webhook.secret.removeprefix("whsec_") not in stored
    assert webhook.secret not in repr(webhook)
    assert webhook.secret not in repr(create())
    with pytest.raises(OtherKeyError):
        secret_of(bytes(32), row.id, row.seed)
    assert (row.tags, row.active) == ("release:*", True)


def test_administrators_are_told_but_not_the_whole_address(world: World, notices: Notices) -> None:
    add_administrator(world)
    webhook = world.do("admin", create())
    world.do("admin", UpdateWebhook(webhook_id=webhook.webhook_id, name="CD", tags=["release:*"]))
    world.do("admin", RotateWebhookSecret(webhook_id=webhook.webhook_id, key=KEY))

    facts = [json.loads(row.facts) for row in notices.rows(kind="ADMINISTERED")]
    assert [one["event"]["tag"] for one in facts] == [
        "webhook:created",
        "webhook:updated",
        "webhook:secret:rotated",
    ]
    assert facts[0]["subject"] == {"kind": "Webhook", "name": "CI"}
    assert {"field": "url", "before": None, "after": "https://hooks.example.com/…"} in facts[0][
        "event"
    ]["changes"]
    assert facts[1]["event"]["changes"] == [{"field": "name", "before": "CI", "after": "CD"}]
    assert "secret-path" not in "".join(entry.body for entry in world.ledger())


@pytest.mark.parametrize("who", ["dev", "ann"])
def test_only_whoever_manages_the_account_may(world: World, hooks: Hooks, who: str) -> None:
    webhook_id = hooks.make("CI", URL).webhook_id
    before = world.snapshot()

    for command in (
        create(),
        UpdateWebhook(webhook_id=webhook_id, active=False),
        RotateWebhookSecret(webhook_id=webhook_id, key=KEY),
        SendTestEvent(webhook_id=webhook_id),
    ):
        assert world.refused(who, command).code is Code.FORBIDDEN
    assert world.snapshot() == before


def test_another_accounts_webhook_does_not_exist(world: World, hooks: Hooks) -> None:
    webhook_id = hooks.make("CI", URL).webhook_id
    other = make_world(world.system.database, account="Other")

    for command in (
        UpdateWebhook(webhook_id=webhook_id, active=False),
        RotateWebhookSecret(webhook_id=webhook_id, key=KEY),
        SendTestEvent(webhook_id=webhook_id),
    ):
        assert other.refused("admin", command).code is Code.NOT_FOUND
    assert hooks.row(webhook_id).active


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://localhost@127.0.0.1/"}, "url"),
        ({"tags": []}, "tags"),
        ({"tags": ["release:nothing"]}, "tags"),
        ({"tags": ["release:approved account:updated"]}, "tags"),
        ({"tags": ["*release"]}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"name": ""}, "name"),
        ({"name": "a\r\nb"}, "name"),
    ],
)
def test_what_is_malformed_is_refused(
    world: World, hooks: Hooks, changes: dict[str, Any], field: str
) -> None:
    webhook_id = hooks.make("CI", URL).webhook_id
    before = world.snapshot()

    for command in (create(**changes), UpdateWebhook(webhook_id=webhook_id, **changes)):
        refusal = world.refused("admin", command)
        assert (refusal.code, refusal.field) == (Code.INVALID_INPUT, (field,))
    assert world.snapshot() == before


@pytest.mark.parametrize("hours", [-1, 169, 10**9])
def test_an_overlap_has_bounds(world: World, hooks: Hooks, hours: int) -> None:
    webhook_id = hooks.make("CI", URL).webhook_id
    command = RotateWebhookSecret(webhook_id=webhook_id, overlap_hours=hours, key=KEY)

    assert world.refused("admin", command).code is Code.INVALID_INPUT


def test_what_is_not_about_releases_takes_view_ledger(world: World, hooks: Hooks) -> None:
    granted = frozenset({Permission.MANAGE_ACCOUNT, Permission.VIEW_RELEASES})
    world.do("admin", CreateRole(name="Office", permissions=granted))
    world.add_user("ola", "Office")

    webhook = world.do("ola", create())
    for tags in (["account:updated"], ["*"], ["release:approved", "signature:made"]):
        assert world.refused("ola", create(tags=tags)).code is Code.FORBIDDEN
        update = UpdateWebhook(webhook_id=webhook.webhook_id, tags=tags)
        assert world.refused("ola", update).code is Code.FORBIDDEN
        world.do("admin", update)


def test_nobody_sends_elsewhere_what_they_do_not_see(world: World, hooks: Hooks) -> None:
    granted = frozenset({Permission.MANAGE_ACCOUNT})
    world.do("admin", CreateRole(name="Office", permissions=granted))
    world.add_user("ola", "Office")
    hook = hooks.make("CI", URL).webhook_id
    ledger = world.do("admin", create(name="Ledger", tags=["account:updated"])).webhook_id
    world.do("ola", UpdateWebhook(webhook_id=hook, active=False))
    seeing = {Permission.MANAGE_ACCOUNT, Permission.VIEW_RELEASES}

    assert_refused(world, "ola", create(name="Mine"), Code.FORBIDDEN)
    for update in (
        UpdateWebhook(webhook_id=hook, url="https://example.net/"),
        UpdateWebhook(webhook_id=hook, active=True),
    ):
        assert_refused(world, "ola", update, Code.FORBIDDEN)
        world.do("admin", update, scopes=frozenset(seeing))
    moved = UpdateWebhook(webhook_id=ledger, url="https://example.net/")
    assert_refused(world, "admin", moved, Code.FORBIDDEN, scopes=frozenset(seeing))
    world.do("admin", moved, scopes=frozenset(seeing | {Permission.VIEW_LEDGER}))
    world.do("ola", UpdateWebhook(webhook_id=hook, name="Still mine to name"))


def test_there_are_never_too_many_at_a_time(world: World, hooks: Hooks) -> None:
    webhooks = [hooks.make(f"CI {number}", URL) for number in range(base.MAX_ACTIVE_WEBHOOKS)]

    assert world.refused("admin", create()).code is Code.INVALID_INPUT
    world.do("admin", UpdateWebhook(webhook_id=webhooks[0].webhook_id, active=False))
    world.do("admin", create())
    again = UpdateWebhook(webhook_id=webhooks[0].webhook_id, active=True)
    assert world.refused("admin", again).code is Code.INVALID_INPUT


def test_trying_one_that_is_switched_off_is_refused(world: World, hooks: Hooks) -> None:
    webhook_id = hooks.make("CI", URL).webhook_id
    world.do("admin", UpdateWebhook(webhook_id=webhook_id, active=False))

    refusal = world.refused("admin", SendTestEvent(webhook_id=webhook_id))
    assert refusal.code is Code.WRONG_STATUS


def test_one_person_sends_only_so_many_test_messages_in_an_hour(world: World, hooks: Hooks) -> None:
    commands = [
        SendTestEvent(webhook_id=hooks.make(name, URL).webhook_id) for name in ("CI", "Chat")
    ]
    for number in range(COPIES_PER_PERSON):
        world.do("admin", commands[number % 2])
        world.clock.pass_(seconds=10)
    for command in commands:
        refusal = assert_refused(world, "admin", command, Code.RATE_LIMITED, "id")
        assert refusal.message == (
            "You had 30 messages sent again or as a test within an hour."
            " Try again after 2030-06-03 13:00:00 UTC."
        )
    add_administrator(world)
    world.do("meg", commands[0])
    world.clock.pass_(minutes=55, seconds=1)
    world.do("admin", commands[1])
    assert_refused(world, "admin", commands[0], Code.RATE_LIMITED)


def test_a_delivery_has_exactly_one_recipient(world: World, hooks: Hooks) -> None:
    hooks.make("CI", URL)
    world.request()
    (row,) = hooks.rows()
    d = n.deliveries
    for user_id, webhook_id in ((None, None), (world.people["ann"], row.webhook_id)):
        values = {"user_id": user_id, "webhook_id": webhook_id}
        with (
            world.system.database.writing() as connection,
            pytest.raises(sa.exc.IntegrityError),
        ):
            connection.execute(d.update().where(d.c.id == row.id).values(**values))
