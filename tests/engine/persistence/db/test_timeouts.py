"""Whoever goes silent is given up on: PostgreSQL, or whoever holds a lock in it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.commands import transactions
from engine.model.errors import Code, Refusal
from engine.persistence.db import pg_notify
from engine.persistence.db.database import Database
from engine.persistence.db.postgresql import PgConnection
from engine.persistence.db.timeouts import (
    CONNECT_SECONDS,
    IDLE_TRANSACTION_SECONDS,
    LOCK_WAIT_SECONDS,
)
from engine.persistence.store import ledger
from engine.persistence.store import tables as t
from engine.persistence.store.retry import translate_db_error
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.world import World

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of this test's own, to be frozen."""
    with running_postgres() as found:
        yield found
        found.thaw()


@pytest.mark.parametrize("moment", [pytest.param("before", marks=pytest.mark.long), "within"])
def test_a_server_that_is_frozen_is_given_up_on(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(PgConnection, "silence", 0.5)
    database = Database(server.create_database(), pool_size=1)
    with database.reading() as connection:
        connection.execute(sa.text("SELECT 1"))

    def ask() -> None:
        if moment == "before":
            server.freeze()
        with database.reading() as connection:
            server.freeze()
            connection.execute(sa.text("SELECT 1"))

    with pytest.raises(DBAPIError) as raised:
        ask()  # a connection that does not answer is tried once more, as a new one
    server.thaw()

    refusal = translate_db_error(raised.value)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.OVERLOADED
    with database.reading() as connection:
        assert connection.execute(sa.text("SELECT 2")).scalar_one() == 2
    database.dispose()


@on_postgresql
def test_a_migration_may_take_its_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PgConnection, "silence", 0.2)
    with database.migrating() as connection, connection.begin():
        connection.execute(sa.text("SELECT pg_sleep(0.5)"))


@pytest.mark.long
@on_postgresql
def test_whoever_stops_in_the_middle_of_a_transaction_gives_its_locks_back(
    world: World, database_url: str
) -> None:
    frozen = Database(database_url)
    with ExitStack() as stack:
        connection = stack.enter_context(frozen.writing())
        connection.execute(sa.select(t.ledger_heads).with_for_update()).all()

        with pytest.raises(Refusal) as refused:
            world.request()
        assert refused.value.code is Code.OVERLOADED
        time.sleep(IDLE_TRANSACTION_SECONDS + 1 - LOCK_WAIT_SECONDS)
        world.request()

        with pytest.raises(DBAPIError, match="idle-in-transaction"):
            connection.commit()
    frozen.dispose()


@on_postgresql
def test_a_command_that_was_frozen_for_too_long_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, append = list[str](), ledger.append

    def frozen_at_first(connection: sa.Connection, *more: Any) -> Any:
        tries.append("try")
        if len(tries) == 1:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 20")
            time.sleep(0.5)
        return append(connection, *more)

    monkeypatch.setattr(transactions.ledger, "append", frozen_at_first)
    release = world.request()
    assert len(tries) == 2
    assert [row.tag for row in world.ledger(release_id=release)] == ["release:requested"]


@on_postgresql
@pytest.mark.parametrize("of", ["pool", "signals"])
def test_every_connection_notices_a_host_that_is_gone(
    database: Database, database_url: str, of: str
) -> None:
    if of == "pool":
        with database.reading() as connection:
            driver = connection.connection.dbapi_connection
            assert isinstance(driver, psycopg.Connection)
            assert_reaches(driver)
    else:
        with pg_notify.open_connection(database.url) as driver:
            assert_reaches(driver)


def assert_reaches(driver: psycopg.Connection) -> None:
    assert isinstance(driver, PgConnection)
    translate_db_error = driver.info.get_parameters()
    for name, value in CONNECT_SECONDS.items():
        assert translate_db_error[name] == str(value)
