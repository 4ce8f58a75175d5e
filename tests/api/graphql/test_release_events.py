"""`releaseEvents`: from where one may resume, and when a slow follower is told no more."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from api.graphql.context import Context
from api.graphql.limits.response_limit import BoundedExecution
from api.graphql.schema import schema
from api.graphql.subscriptions import following
from api.graphql.subscriptions.cursors import cursor_of
from api.runtime.runtime import Runtime
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.transactions import bare_transaction
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import GENESIS
from engine.queries import ledger_slices
from engine.queries.context import read
from engine.queries.credentials import principal_of_token
from tests.support.api import make_api
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World, make_world

FOLLOW = "subscription ($after: String) { releaseEvents(after: $after) { cursor tag } }"
BEGINNING = cursor_of(0, GENESIS)


@pytest.fixture
def runtime(world: World) -> Iterator[Runtime]:
    runtime = make_api(world)[1]
    yield runtime
    runtime.executor.shutdown()


@asynccontextmanager
async def followed(
    runtime: Runtime, secret: str, after: str, query: str = FOLLOW
) -> AsyncIterator[AsyncIterator[Any]]:
    """The answers of a subscription, each taken when the follower asks for it."""

    async def look_up(*_: object, again: bool = False) -> Any:
        return await runtime.authenticator.of(principal_of_token, secret)

    context = Context(runtime, await look_up(), look_up)
    answers: Any = await schema.subscribe(query, {"after": after}, context_value=context)
    yield answers
    await answers.aclose()


def code_of(answer: Any) -> str:
    (error,) = answer.errors
    return str(error.extensions["code"])


async def first_answer(runtime: Runtime, world: World, after: str) -> Any:
    secret = world.do("dev", CreateApiToken(name="test", scopes=frozenset(Permission))).secret
    async with followed(runtime, secret, after) as answers:
        return await anext(answers)


@pytest.mark.parametrize(("lost", "code"), [("token", "UNAUTHENTICATED"), ("roles", "FORBIDDEN")])
async def test_a_slow_follower_is_not_told_the_rest_of_what_was_read_before_the_loss(
    world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, lost: str, code: str
) -> None:
    monkeypatch.setattr(following, "POLL_SECONDS", 0)
    world.approved()
    token = world.do("dev", CreateApiToken(name="test", scopes=frozenset(Permission)))
    async with followed(runtime, token.secret, BEGINNING) as answers:
        tags = [(await anext(answers)).data["releaseEvents"]["tag"] for _ in range(2)]
        assert tags == ["release:requested", "release:approval:recorded"]
        if lost == "token":
            world.do("dev", RevokeApiToken(token_id=token.token_id))
        else:
            world.do("admin", UpdateUser(user_id=world.people["dev"], roles=()))
        assert code_of(await anext(answers)) == code
        assert [answer async for answer in answers] == []


async def test_a_slow_follower_misses_nothing_and_gets_nothing_twice(
    world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL_SECONDS", 0)
    world.approved()
    secret = world.do("dev", CreateApiToken(name="test")).secret
    async with followed(runtime, secret, BEGINNING) as answers:
        received = [(await anext(answers)).data["releaseEvents"]["cursor"] for _ in range(4)]
    entries = [row for row in world.ledger() if row.release_id is not None]
    assert received == [cursor_of(row.position, row.hash) for row in entries]


async def test_however_many_events_there_are_nothing_more_is_kept_of_them(
    world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[int, int]] = []
    begin = BoundedExecution.build_per_event_executor

    def noted(execution: Any, payload: Any) -> Any:
        kept.append((len(execution._readers._readers), len(execution._relevant_sub_fields)))
        return begin(execution, payload)

    monkeypatch.setattr(BoundedExecution, "build_per_event_executor", noted)
    world.approved()
    secret = world.do("dev", CreateApiToken(name="test")).secret
    async with followed(runtime, secret, BEGINNING) as answers:
        received = [(await anext(answers)).data["releaseEvents"]["tag"] for _ in range(4)]
    assert received[0] == "release:requested"
    assert len(kept) == 4
    assert (0, 0) == kept[0] < kept[1] == kept[2] == kept[3]


async def test_whoever_sees_few_goes_through_the_rest_without_waiting_for_news(
    world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_slices, "MAX_SCANNED_ENTRIES", 2)
    monkeypatch.setattr(following, "POLL_SECONDS", 60)
    # Nothing of eve's, and more than one reading goes through.
    world.approved()
    world.add_team("red", ["ann", "bob", "eve"], ["spare"], 1)
    fields = {"team_id": world.things["red"], "keypair_ids": {world.things["spare"]}}
    mine = world.request("eve", name="Mine", **fields)
    secret = world.do("eve", CreateApiToken(name="test")).secret
    async with followed(runtime, secret, BEGINNING) as answers, asyncio.timeout(WAIT_LIMIT_SECONDS):
        cursor = (await anext(answers)).data["releaseEvents"]["cursor"]
    entries = [row for row in world.ledger() if row.release_id == mine]
    assert [cursor] == [cursor_of(row.position, row.hash) for row in entries]


def test_one_release_is_followed_without_going_through_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_slices, "MAX_SCANNED_ENTRIES", 2)
    world.approved()
    other = world.request(name="Kestrel", keypair_ids=frozenset({world.things["spare"]}))
    found = read(
        world.system, world.principal("dev"), lambda r: ledger_slices.ledger_after(r, 0, other)
    )
    assert [row.tag for row in found.entries] == ["release:requested"]
    assert (found.position, found.has_more) == (world.ledger()[-1].position, False)


async def test_a_cursor_past_the_head_of_a_restored_ledger_is_refused(
    world: World, runtime: Runtime
) -> None:
    world.request()
    *_, before, last = world.ledger()
    cursor = cursor_of(last.position, last.hash)

    def restore(db: sa.Connection) -> None:
        db.execute(t.ledger_entries.delete().where(t.ledger_entries.c.position == last.position))
        db.execute(t.ledger_heads.update().values(count=before.position, hash=before.hash))

    bare_transaction(world.system.database, restore)
    answer = await first_answer(runtime, world, cursor_of(last.position + 5, last.hash))
    assert code_of(answer) == "INVALID_INPUT"
    assert "a backup was restored" in answer.errors[0].message
    # Making the token above took the position that the cursor is of.
    assert world.ledger()[-1].position >= last.position
    assert code_of(await first_answer(runtime, world, cursor)) == "INVALID_INPUT"


async def test_a_cursor_of_another_account_is_refused(world: World, runtime: Runtime) -> None:
    other = make_world(world.system.database, account="Umbrella")
    other.request()
    theirs = next(row for row in other.ledger() if row.release_id is not None)
    answer = await first_answer(runtime, world, cursor_of(theirs.position, theirs.hash))
    assert code_of(answer) == "INVALID_INPUT"
    assert "another account's" in answer.errors[0].message


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "\u00e9", urlsafe_b64encode(b"event:7").decode(), "_" * 22 + "==", "A" * 10_000],
)
async def test_what_is_no_cursor_is_refused(world: World, runtime: Runtime, cursor: str) -> None:
    answer = await first_answer(runtime, world, cursor)
    assert code_of(answer) == "INVALID_INPUT"
    assert answer.errors[0].extensions["field"] == ["after"]
