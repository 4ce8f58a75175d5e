"""The instant of a decision is the database's on PostgreSQL; how far it is from here is known."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog

from api.runtime.startup_checks import SKEW, compare_clocks
from engine.persistence.db.clock import DatabaseClock, skew
from engine.persistence.db.database import Database
from engine.system import System
from tests.support.world import HandClock


def test_here_the_clocks_agree(database: Database) -> None:
    with database.reading() as connection:
        assert abs(skew(DatabaseClock(), connection)) < timedelta(seconds=0.5)


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
