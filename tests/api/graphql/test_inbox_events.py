"""`inboxEvents` and `accountEvents`: what they deliver, to whom, and from where they resume."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from api.graphql.ids import to_global
from api.runtime.change_notifier import ChangeNotifier
from api.runtime.runtime import Runtime
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.maintenance.advance_due import advance_due
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.commands.transactions import transaction
from engine.model.facts import CLOCK
from engine.model.vocabulary import Permission, Verdict
from engine.persistence.store.locks import Lock
from engine.queries import releases
from engine.queries.context import read
from notifications.outbox.trouble import DeliveryTroubleReported
from tests.api.graphql.test_release_events import BEGINNING, code_of, followed
from tests.support.api import make_api
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World

INBOX = """subscription ($after: String) { inboxEvents(after: $after) {
  cursor tag began { id name status } endedIds } }"""
ACCOUNT = """subscription ($after: String) { accountEvents(after: $after) {
  cursor tag occurredAt entry { position } deliveryTrouble { channel failing failed }
  subject { __typename ... on Keypair { alias enabled } ... on Account { signingFrozen } } } }"""


@pytest.fixture
def runtime(world: World) -> Iterator[Runtime]:
    runtime = make_api(world)[1]
    yield runtime
    runtime.executor.shutdown()


class UpToDate(BaseException):
    """A subscription has delivered everything; nothing on the way takes it for an error."""


class NothingMore(ChangeNotifier):
    """Ends a subscription where it would wait for the next change."""

    async def wait(self, account_id: UUID, seconds: float) -> None:
        raise UpToDate


def secret_of(world: World, name: str) -> str:
    secret: str = world.do(name, CreateApiToken(name="test", scopes=frozenset(Permission))).secret
    return secret


async def events_after(
    runtime: Runtime, secret: str, after: str, query: str = INBOX
) -> list[dict[str, Any]]:
    """All events after a cursor, up to now."""
    runtime, events = replace(runtime, change_notifier=NothingMore()), []
    async with followed(runtime, secret, after, query) as answers:
        with suppress(UpToDate):
            async for answer in answers:
                assert answer.errors is None, answer.errors
                events += answer.data.values()
    return events


def inbox(world: World, name: str) -> set[str]:
    ids = read(world.system, world.principal(name), releases.inbox_ids)
    return {to_global("Release", id_) for id_ in ids}


def spare(world: World, name: str, **changes: Any) -> UUID:
    """A request with a keypair of its own."""
    world.add_keypair(name)
    keypairs = ["vault", "spare", *(key for key in world.things if key.startswith("K-"))]
    world.set_team("blue", keypairs=keypairs)
    keypair_ids = frozenset({world.things[name]})
    return world.request("dev", name=name, keypair_ids=keypair_ids, **changes)


def edit(world: World, release: UUID, revision: int, **changes: Any) -> None:
    world.do("dev", ReviseRelease(release_id=release, revision=revision, changes=changes))


@POSTGRESQL_IS_LONG
async def test_who_applies_each_event_has_the_inbox_at_every_moment(
    world: World, runtime: Runtime
) -> None:
    requests: dict[str, UUID] = {}

    def request(name: str, **changes: Any) -> None:
        requests[name] = spare(world, name, **changes)

    steps: list[Callable[[], Any]] = [
        lambda: request("K-one"),
        lambda: request("K-two"),
        lambda: world.decide("ann", requests["K-one"], Verdict.APPROVE),
        lambda: edit(world, requests["K-one"], 1, note="only a label"),
        lambda: edit(world, requests["K-one"], 2, max_signatures=7),
        lambda: world.decide("bob", requests["K-one"], Verdict.APPROVE, revision=3),
        lambda: world.set_team("blue", members=["bob", "cid", "dev"]),
        lambda: world.set_team("blue", members=["ann", "bob", "cid", "dev"]),
        lambda: world.decide("ann", requests["K-one"], Verdict.APPROVE, revision=3),
        lambda: world.do("dev", WithdrawRelease(release_id=requests["K-two"], reason="later")),
        lambda: world.settings(allow_self_approval=True),
        lambda: request("K-three"),
        lambda: (world.clock.pass_(days=30), advance_due(world.system)),
    ]
    world.add_third_approver()
    secret, cursor, waiting = secret_of(world, "ann"), BEGINNING, set[str]()
    sizes = []
    for step in steps:
        step()
        for event in await events_after(runtime, secret, cursor):
            cursor = event["cursor"]
            waiting |= {release["id"] for release in event["began"]}
            waiting -= set(event["endedIds"])
        assert waiting == inbox(world, "ann")
        sizes.append(len(waiting))
    assert sizes == [1, 2, 1, 1, 2, 2, 0, 2, 1, 0, 0, 1, 0]


async def test_what_began_and_ended_meanwhile_is_told_as_two_events(
    world: World, runtime: Runtime
) -> None:
    release = world.request("dev")
    world.decide("ann", release, Verdict.APPROVE)
    world.decide("bob", release, Verdict.APPROVE)
    id_ = to_global("Release", release)
    secret = secret_of(world, "ann")
    events = await events_after(runtime, secret, BEGINNING)
    changes = [(e["tag"], [r["id"] for r in e["began"]], e["endedIds"]) for e in events]
    assert changes == [
        ("release:requested", [id_], []),
        ("release:approval:recorded", [], [id_]),
    ]
    assert events[0]["began"][0]["status"] == "APPROVED", "in its present state"
    # Nothing twice: after the first there is the second alone.
    again = await events_after(runtime, secret, events[0]["cursor"])
    assert again == events[1:]


async def test_nothing_waits_for_whoever_asked_or_may_not_approve(
    world: World, runtime: Runtime
) -> None:
    world.add_third_approver()
    world.request("ann")
    for name in ("ann", "dev", "eve"):
        assert await events_after(runtime, secret_of(world, name), BEGINNING) == []
    (event,) = await events_after(runtime, secret_of(world, "bob"), BEGINNING)
    assert event["tag"] == "release:requested"


async def test_the_account_is_followed_by_everybody_as_far_as_they_see(
    world: World, runtime: Runtime
) -> None:
    secrets = {name: secret_of(world, name) for name in ("dev", "admin")}
    async with followed(runtime, secrets["dev"], BEGINNING, ACCOUNT) as answers:
        async with asyncio.timeout(WAIT_LIMIT_SECONDS):
            cursor = (await anext(answers)).data["accountEvents"]["cursor"]
    cursor = (await events_after(runtime, secrets["dev"], cursor, ACCOUNT))[-1]["cursor"]
    world.settings(signing_frozen=True)
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))
    world.request("dev", keypair_ids=frozenset({world.things["spare"]}))
    events = await events_after(runtime, secrets["dev"], cursor, ACCOUNT)
    assert [(event["tag"], event["subject"]) for event in events] == [
        ("account:updated", {"__typename": "Account", "signingFrozen": True}),
        ("keypair:updated", {"__typename": "Keypair", "alias": "vault", "enabled": False}),
    ]
    assert [event["entry"] for event in events] == [None, None], "that needs VIEW_LEDGER"
    seen = await events_after(runtime, secrets["admin"], cursor, ACCOUNT)
    positions = [row.position for row in world.ledger()]
    assert all(event["entry"]["position"] in positions for event in seen)
    assert await events_after(runtime, secrets["dev"], events[0]["cursor"], ACCOUNT) == events[1:]


async def test_messages_that_do_not_arrive_are_for_those_who_manage_the_account(
    world: World, runtime: Runtime
) -> None:
    secrets = {name: secret_of(world, name) for name in ("dev", "admin")}
    world.settings(signing_frozen=True)
    with transaction(world.system, world.account_id, None, Lock()) as uow:
        event = DeliveryTroubleReported(
            subject_id=world.account_id, channel="email", failing=2, failed=1
        )
        uow.record(event, actor=CLOCK)
    seen = {
        name: [
            (event["tag"], event["deliveryTrouble"])
            for event in await events_after(runtime, secrets[name], BEGINNING, ACCOUNT)
            if event["subject"]["__typename"] == "Account"
        ]
        for name in secrets
    }
    reported = {"channel": "email", "failing": 2, "failed": 1}
    assert seen["dev"] == [("account:updated", None)]
    assert seen["admin"] == [*seen["dev"], ("delivery:trouble:reported", reported)]


@pytest.mark.parametrize("query", [INBOX, ACCOUNT], ids=["inbox", "account"])
@pytest.mark.parametrize(("lost", "code"), [("token", "UNAUTHENTICATED"), ("roles", "FORBIDDEN")])
async def test_they_end_with_the_credential_or_the_permissions(
    world: World, runtime: Runtime, query: str, lost: str, code: str
) -> None:
    world.request("dev")
    token = world.do("ann", CreateApiToken(name="test", scopes=frozenset(Permission)))
    async with followed(runtime, token.secret, BEGINNING, query) as answers:
        assert (await anext(answers)).errors is None
        if lost == "token":
            world.do("ann", RevokeApiToken(token_id=token.token_id))
        else:
            world.do("admin", UpdateUser(user_id=world.people["ann"], roles=()))
        async with asyncio.timeout(WAIT_LIMIT_SECONDS):
            while (answer := await anext(answers)).errors is None:
                pass
    assert code_of(answer) == code


@pytest.mark.parametrize("query", [INBOX, ACCOUNT], ids=["inbox", "account"])
async def test_a_cursor_that_is_none_is_refused(world: World, runtime: Runtime, query: str) -> None:
    async with followed(runtime, secret_of(world, "ann"), "x", query) as answers:
        assert code_of(await anext(answers)) == "INVALID_INPUT"
