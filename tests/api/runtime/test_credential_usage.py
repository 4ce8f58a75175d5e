"""When tokens and sessions were last used: exact to a minute, and never on the request's way."""

from collections.abc import Iterator
from datetime import datetime
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from api.runtime.credential_usage import REMEMBERED, CredentialUsage, write_usage
from api.runtime.runtime import Runtime
from engine.commands.credentials.record_use import record_use
from engine.commands.credentials.sessions import StartSession
from engine.model.principal import Principal
from engine.model.vocabulary import SignInMethod
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from tests.support.api import Api, make_api
from tests.support.world import World

WHO = "{ viewer { user { email } } }"


@pytest.fixture
def parts(world: World) -> Iterator[tuple[Api, Runtime]]:
    api, runtime = make_api(world)
    with api.client:
        yield api, runtime
    runtime.executor.shutdown()


def last_used(world: World) -> list[datetime | None]:
    with world.system.database.reading() as connection:
        return list(connection.scalars(sa.select(t.api_tokens.c.last_used_at)))


async def test_a_use_is_written_once_a_minute_at_most(
    parts: tuple[Api, Runtime], world: World
) -> None:
    api, runtime = parts
    api.token("ann")
    noon = world.clock.instant
    seen = []
    for seconds in (0, 30, 29.999999, 0.000001):
        world.clock.pass_(seconds=seconds)
        api.ask("ann", WHO)
        await write_usage(runtime)
        seen += last_used(world)
    assert seen == [noon, noon, noon, world.clock.instant]


def test_a_request_writes_nothing(parts: tuple[Api, Runtime], world: World) -> None:
    api, runtime = parts
    api.token("ann")
    written: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        written.append(statement)

    engine = world.system.database._writer
    event.listen(engine, "before_cursor_execute", note)
    api.ask("ann", WHO)
    event.remove(engine, "before_cursor_execute", note)

    assert [s for s in written if not s.startswith(("SELECT", "BEGIN"))] == []
    assert last_used(world) == [None]
    assert len(runtime.credential_usage.drain()[0]) == 1


def test_a_wrong_or_revoked_token_was_not_used(parts: tuple[Api, Runtime]) -> None:
    api, runtime = parts
    api.tokens["nobody"] = "csn_nothing"
    api.post("nobody", WHO)
    assert runtime.credential_usage.drain() == (set(), set())


def test_no_more_are_remembered_than_memory_is_given() -> None:
    usage, account = CredentialUsage(), uuid7()
    for _ in range(REMEMBERED + 10):
        usage.note(Principal(account_id=account, user_id=account, token_id=uuid7()))
    tokens, sessions = usage.drain()
    assert (len(tokens), len(sessions)) == (REMEMBERED, 0)
    assert usage.drain() == (set(), set())


def test_a_sessions_use_keeps_it_alive(world: World) -> None:
    session = world.do("ann", StartSession(method=SignInMethod.MAIL))
    world.clock.pass_(hours=11)
    record_use(world.system, (), [session.session_id])
    with world.system.database.reading() as connection:
        (seen,) = connection.scalars(sa.select(t.sessions.c.last_seen_at))
    assert seen == world.clock.instant


def test_processes_that_write_the_same_at_once_do_not_stop_each_other(world: World) -> None:
    session_ids = [
        world.do("ann", StartSession(method=SignInMethod.MAIL)).session_id for _ in range(20)
    ]
    world.clock.pass_(minutes=5)
    barrier, failed = Barrier(4), []

    def write(ids: list[Any]) -> None:
        barrier.wait()
        try:
            record_use(world.system, (), ids)
        except SQLAlchemyError as error:
            failed.append(error)

    threads = [Thread(target=write, args=(session_ids[:: 1 - 2 * (n % 2)],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with world.system.database.reading() as connection:
        seen = set(connection.scalars(sa.select(t.sessions.c.last_seen_at)))
    assert seen == {world.clock.instant}
