"""The ledger's head says what webhooks listen to: exact at any moment, and free for all others."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from engine.commands.transactions import transaction
from engine.model.events import SessionEnded
from engine.model.facts import CLOCK
from engine.persistence.store import ledger
from engine.persistence.store.locks import Lock
from engine.persistence.store.tables import ledger_heads
from notifications.webhooks.disable import disable_gone
from notifications.webhooks.subscriptions import repair_subscriptions
from notifications.webhooks.update import UpdateWebhook
from tests.support.threads import at_once
from tests.support.webhooks import Hooks
from tests.support.world import World

NOWHERE = "http://127.0.0.1:1/"


def subscribed_tags(world: World) -> str:
    with world.system.database.reading() as connection:
        return ledger.head(connection, world.account_id).subscribed_tags


@contextmanager
def counting(world: World) -> Iterator[list[str]]:
    """The statements that change something, and those beside them."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    engine = world.system.database._writer
    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)


def signing(world: World) -> int:
    with counting(world) as sent:
        world.sign("dev")
    is_concerned = any("webhooks" in statement or "deliveries" in statement for statement in sent)
    assert is_concerned is ("signature:" in subscribed_tags(world))
    return len(sent)


def test_a_signature_that_no_webhook_wants_costs_no_statement(world: World, hooks: Hooks) -> None:
    world.approved(max_signatures=50)
    world.clock.pass_(hours=1)
    world.sign("dev")  # which opens the release
    without = signing(world)

    hooks.make("releases", NOWHERE, "release:*")
    assert signing(world) == without

    hooks.make("signatures", NOWHERE, "signature:*")
    assert signing(world) > without
    assert [json.loads(row.facts)["type"] for row in hooks.rows()] == ["signature.made"]


def test_it_follows_every_change_of_webhooks(world: World, hooks: Hooks) -> None:
    assert subscribed_tags(world) == ""
    first = hooks.make("first", NOWHERE, "release:*", "team:*").webhook_id
    second = hooks.make("second", NOWHERE, "release:*", "user:*").webhook_id
    assert subscribed_tags(world) == "release:* team:* user:*"

    world.do("admin", UpdateWebhook(webhook_id=first, tags=["release:opened"]))
    assert subscribed_tags(world) == "release:* release:opened user:*"
    disable_gone(world.system, world.account_id, second, "it answered 410 Gone")
    assert subscribed_tags(world) == "release:opened"
    world.do("admin", UpdateWebhook(webhook_id=first, active=False))
    assert subscribed_tags(world) == ""
    world.do("admin", UpdateWebhook(webhook_id=second, active=True))
    assert subscribed_tags(world) == "release:* user:*"


def test_a_webhook_that_an_older_version_made_is_heard_soon(world: World, hooks: Hooks) -> None:
    hooks.make("releases", NOWHERE, "release:*")
    with world.system.database.writing() as connection:  # what that version leaves behind
        connection.execute(sa.update(ledger_heads).values(subscribed_tags=""))
        connection.commit()
    world.request()
    assert hooks.rows() == []

    assert repair_subscriptions(world.system) == 1
    assert repair_subscriptions(world.system) == 0

    world.request(keypair_ids=frozenset({world.things["spare"]}), name="Next")
    assert [json.loads(row.facts)["type"] for row in hooks.rows()] == ["release.requested"]


def test_of_changes_at_once_none_is_forgotten(world: World, hooks: Hooks) -> None:
    gone = [hooks.make(kind, NOWHERE, f"{kind}:*") for kind in ("team", "role")]

    def end(webhook_id: UUID) -> None:
        disable_gone(world.system, world.account_id, webhook_id, "it answered 410 Gone")

    ends = [partial(end, one.webhook_id) for one in gone]
    makes = [partial(hooks.make, kind, NOWHERE, f"{kind}:*") for kind in ("user", "keypair")]
    at_once([*ends, *makes])

    assert subscribed_tags(world) == "keypair:* user:*"


def test_from_its_making_on_it_is_told_each_entry_once(world: World, hooks: Hooks) -> None:
    def happen() -> None:
        for _ in range(10):
            with transaction(world.system, world.account_id, None, Lock()) as uow:
                uow.record(SessionEnded(subject_id=uuid4(), session_id=uuid4()), actor=CLOCK)

    make = partial(hooks.make, "late", NOWHERE, "session:*", "webhook:*")
    at_once([happen, happen, make, happen])

    (entry,) = world.ledger(tag="webhook:created")
    positions_expected = [e.position for e in world.ledger() if e.position >= entry.position]
    positions = [json.loads(row.facts)["data"]["position"] for row in hooks.rows()]
    assert sorted(positions) == positions_expected
