"""What fails during or after the commit of a decision makes no signature twice, or for nobody."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from engine.commands.transactions import transaction
from engine.concurrency.executor import Executor
from engine.model.errors import Refusal, StorageFailed
from engine.model.facts import AccountSettings
from engine.model.vocabulary import Status
from engine.persistence.db.database import Database
from engine.persistence.db.ids import uuid7s
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import Head, lock_head
from engine.persistence.store.retry import DATABASE_UNAVAILABLE
from engine.signing import decide_calls as decision_module
from engine.signing.account_facts import MAX_ACCOUNTS, AccountFacts, FactsCache, KeptFacts
from engine.signing.request import Outcome, SignRequest
from engine.signing.service import SigningService
from engine.system import System
from tests.support.releases import release_in, rows
from tests.support.signing import code_of
from tests.support.threads import at_once
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import DIGEST, World

CALLS = 3


@pytest.fixture
def open_world(world: World) -> World:
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    return world


async def sign_each(world: World, system: System) -> list[list[Outcome] | BaseException]:
    """Calls of one moment, which are decided in one transaction."""
    service = SigningService(system, world.executor)
    keypair_id = world.things["vault"]
    request = SignRequest(keypair_id=keypair_id, digest=DIGEST)
    calls = (service.sign(world.principal("dev"), keypair_id, [request]) for _ in range(CALLS))
    return await asyncio.gather(*calls, return_exceptions=True)


def test_a_hook_that_fails_after_the_commit(open_world: World) -> None:
    def fails(_account_id: UUID) -> None:
        raise RuntimeError("can't start new thread")

    system = replace(open_world.system, commit_hooks=(fails,), delivery_hooks=(fails,))
    answers = asyncio.run(sign_each(open_world, system))
    assert len(rows(open_world, t.signatures)) == CALLS
    assert [code_of(answer[0]) for answer in answers if isinstance(answer, list)] == [None] * CALLS


def test_many_threads_that_keep_facts() -> None:
    """What they keep was committed before: an error would make its signatures once more."""
    cache = FactsCache()
    kept = [
        KeptFacts(id_, Head(1, b""), AccountFacts(settings=_settings(id_)))
        for id_ in uuid7s(MAX_ACCOUNTS + 50)
    ]

    def keep() -> None:
        for facts in kept * 20:
            cache.keep(facts)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        at_once([keep] * 4)
    finally:
        sys.setswitchinterval(interval)
    assert sum(cache.get(facts.account_id) is not None for facts in kept) == MAX_ACCOUNTS


def _settings(account_id: UUID) -> AccountSettings:
    return AccountSettings(account_id=account_id, account_name="Acme")


@pytest.mark.parametrize("error", [StorageFailed("It takes no changes."), ValueError("odd")])
def test_a_commit_that_was_not_confirmed_before_something_else_failed(
    open_world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries: list[int] = []

    @contextmanager
    def failing(*args: Any) -> Iterator[Any]:
        tries.append(1)
        if len(tries) == 2:
            raise error
        with transaction(*args) as uow:
            yield uow
        if len(tries) == 1:
            raise OperationalError("COMMIT", {}, Exception(), connection_invalidated=True)

    monkeypatch.setattr(decision_module, "transaction", failing)
    answers = asyncio.run(sign_each(open_world, open_world.system))
    assert len(rows(open_world, t.signatures)) == CALLS
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [str(refusal) for refusal in refusals] == [DATABASE_UNAVAILABLE] * CALLS


def test_whoever_waits_for_a_commit_that_was_looked_up_is_notified(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    notified: list[str] = []

    @contextmanager
    def unconfirmed(*args: Any) -> Iterator[Any]:
        tries.append(1)
        with transaction(*args) as uow:
            yield uow
        if len(tries) == 1:
            notified.clear()  # a process whose connection breaks comes no further than the commit
            raise OperationalError("COMMIT", {}, Exception(), connection_invalidated=True)

    monkeypatch.setattr(decision_module, "transaction", unconfirmed)
    system = replace(
        open_world.system,
        commit_hooks=(lambda _: notified.append("recorded"),),
        delivery_hooks=(lambda _: notified.append("queued"),),
    )
    asyncio.run(sign_each(open_world, system))
    assert (len(tries), len(rows(open_world, t.signatures))) == (2, CALLS)
    assert sorted(notified) == ["queued", "recorded"]


async def test_what_waits_for_a_lock_until_its_callers_were_refused_makes_nothing(
    open_world: World,
) -> None:
    """Their signatures would be counted, and nobody would have them."""
    database = open_world.system.database
    executor = Executor(database, timeout_seconds=1)
    service = SigningService(open_world.system, executor)
    keypair_id = open_world.things["vault"]
    request = SignRequest(keypair_id=keypair_id, digest=DIGEST)
    other = Database(database.url.render_as_string(hide_password=False))
    with other.writing() as connection:
        lock_head(connection, open_world.account_id)
        with pytest.raises(Refusal) as caught:
            await service.sign(open_world.principal("dev"), keypair_id, [request])
    other.dispose()
    assert str(caught.value) == DATABASE_UNAVAILABLE
    await asyncio.to_thread(wait, set(executor._running), timeout=WAIT_LIMIT_SECONDS)
    executor.shutdown()
    assert rows(open_world, t.signatures) == []
