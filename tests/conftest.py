"""What all tests share: the event loop, a PostgreSQL server, and what ends or refuses a test."""

import faulthandler
import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from engine.persistence.db.database import Database
from tests.support.databases import BACKENDS, Templates
from tests.support.postgres import PostgresServer, quickest_place, running_postgres
from tests.support.world import World

REQUIRE_ALL = "COUNTERSIGN_REQUIRE_ALL"

# How much a property test tries; `scripts/test --all` asks for the long profile.
settings.register_profile("everyday", max_examples=50, deadline=None)
settings.register_profile("long", max_examples=400, deadline=None)
settings.load_profile("everyday")

#: An operation that was not prepared reads the database as a prepared one: it runs on SQLite alone.
EXECUTED_ON_POSTGRESQL = "postgresql-executed"

#: After how many new objects the garbage collector looks at them; Python's own number is 700.
YOUNG_OBJECTS = 20_000

#: Seconds a test may take beyond its time limit, and its teardown altogether.
GRACE_SECONDS = 120
#: The file descriptor that the stacks of a stuck test are written to.
STACKS = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for each process that runs tests; a test takes a database of its own from it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def templates(postgres_server: PostgresServer) -> Iterator[Templates]:
    """Migrated databases to copy; in memory, where nothing waits for a disk."""
    with TemporaryDirectory(prefix="countersign-sqlite-", dir=quickest_place()) as folder:
        yield Templates(Path(folder), postgres_server)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, templates: Templates) -> Iterator[str]:
    """A fresh migrated database; the test runs on SQLite and on PostgreSQL."""
    with templates.fresh(request.param, settled="settled" in request.fixturenames) as url:
        yield url


@pytest.fixture
def database(templates: Templates, database_url: str) -> Iterator[Database]:
    """The same, opened."""
    with templates.opened(database_url) as database:
        yield database


@pytest.fixture(scope="session")
def settled(templates: Templates) -> Templates:
    """Asking for it makes `database_url` one that has the small account in it already."""
    return templates


@pytest.fixture
def world(database: Database, settled: Templates) -> World:
    """A small account on it, with a clock set by hand."""
    return settled.world_on(database)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without collecting garbage, and spare it later what all modules hold.

    Otherwise half a million objects that stay are gone through again and again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of tests that run on both databases, repetitions on PostgreSQL are long.

    The first of a kind runs there every day. What the others distinguish shows on SQLite already,
    unless the database itself is what is tested.
    """
    repeated = [item for item in items if EXECUTED_ON_POSTGRESQL in item.nodeid]
    if repeated:
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if EXECUTED_ON_POSTGRESQL not in item.nodeid]
    ids = {item.nodeid for item in items}
    seen: set[str] = set()
    for item in items:
        on_sqlite = item.nodeid.replace("postgresql", "sqlite", 1)
        if on_sqlite == item.nodeid or on_sqlite not in ids or item.get_closest_marker("long"):
            continue
        if "persistence" in item.path.parts:
            continue
        kind = _kind(item)
        if kind in seen:
            item.add_marker(pytest.mark.long)
        seen.add(kind)


def _kind(item: pytest.Item) -> str:
    """What tests repeat: in the engine a function with other parameters, else those of a module."""
    is_of_engine = "engine" in item.path.parts
    return item.nodeid.partition("[")[0] if is_of_engine else str(item.path)


def pytest_configure(config: pytest.Config) -> None:
    """Keep standard error as it is before it is captured."""
    config.stash[STACKS] = os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the process of a test that its time limit does not end, with the stacks of its threads.

    The limit raises once, in the main thread: whoever waits for a lock or for threads meanwhile
    swallows it or goes on waiting, and so does a teardown after it.
    """
    marker = item.get_closest_marker("timeout")
    limit = float(marker.args[0] if marker else item.config.getini("timeout") or 0)
    if limit:
        _end_after(item, limit + GRACE_SECONDS)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """End it also here: when a test fails, pytest calls off what it was to be ended by."""
    _end_after(item, GRACE_SECONDS)
    return (yield)


def _end_after(item: pytest.Item, seconds: float) -> None:
    stderr = item.config.stash[STACKS]
    faulthandler.dump_traceback_later(seconds, file=stderr, exit=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where everything must run, a skipped test has failed. An expected failure is no skip."""
    if report.skipped and os.environ.get(REQUIRE_ALL) and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} did not run, and {REQUIRE_ALL} is set: {reason}"
