"""The instant of a decision is the database's on PostgreSQL; how far it is from here is known."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import structlog

from api.runtime.startup_checks import SKEW, compare_clocks
from engine.persistence.db.clock import DatabaseClock, clock_reading, skew
from engine.persistence.db.database import Database
from engine.system import System
from tests.support.world import HandClock


def test_here_the_clocks_agree(database: Database) -> None:
    with database.reading() as connection:
        assert abs(skew(DatabaseClock(), connection)) < timedelta(seconds=5)


@pytest.mark.parametrize("ahead", [-30, 30])
def test_a_clock_that_is_off_is_warned_of(database: Database, ahead: int) -> None:
    clock = HandClock(datetime.now(UTC) + timedelta(seconds=ahead))
    with structlog.testing.capture_logs() as logs:
        compare_clocks(System(database=database, clock=clock))
    if database.is_sqlite:
        assert logs == []
        return
    (line,) = logs
    assert line["log_level"] == "warning"
    assert abs(line["database_ahead_seconds"] - ahead) < SKEW


def test_a_transaction_that_reads_has_the_instant_of_its_start(database: Database) -> None:
    with database.reading() as connection:
        first, later = (DatabaseClock().now(connection) for _ in range(2))
    with database.reading() as connection:
        next_one = DatabaseClock().now(connection)
    assert first <= later < next_one
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=10)
    if not database.is_sqlite:
        assert first == later


def test_a_transaction_that_writes_reads_the_clock_whenever_it_is_asked(
    database: Database,
) -> None:
    with database.writing() as connection:
        first, later = (DatabaseClock().now(connection) for _ in range(2))
        assert first < later


def test_an_instant_that_was_read_along_costs_no_statement(database: Database) -> None:
    with database.writing() as connection:
        reading = connection.execute(sa.select(clock_reading())).scalar_one()
        now = DatabaseClock().now(connection, reading)
    if database.is_sqlite:
        assert reading is None
    else:
        assert now == reading
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=10)
