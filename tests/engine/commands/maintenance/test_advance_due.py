"""Any number of workers advance what is due: none waits for another, each step is taken once."""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from engine.commands.maintenance.advance_due import advance_due
from engine.lifecycle.table import TIME_TRIGGERS
from engine.model.vocabulary import Status
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.persistence.store.maintenance.due_items import DUE_RELEASES
from engine.persistence.store.unit_of_work import UnitOfWork
from tests.support.releases import release_in
from tests.support.signing import reserved
from tests.support.threads import at_once
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World, make_world, world_on

RELEASES = 12


@pytest.fixture
def due(world: World) -> list[UUID]:
    """Releases whose whole window has passed unopened, and one that expires."""
    releases = []
    for number in range(RELEASES):
        key = world.add_keypair(f"key {number}")
        world.set_team("blue", keypairs=[name for name in world.things if name != "blue"])
        release = world.request(name=f"Falcon {number}", keypair_ids=frozenset({key}))
        if number:
            world.decide("ann", release)
            world.decide("bob", release)
        releases.append(release)
    world.clock.pass_(hours=5)
    return releases


def entries(world: World, tag: str) -> int:
    return len(world.ledger(tag=tag))


def test_many_workers_take_each_step_once(world: World, due: list[UUID]) -> None:
    found = at_once([lambda: advance_due(world.system, limit=3)] * 8)
    while advance_due(world.system):
        pass
    assert max(found) <= 3
    assert entries(world, "release:opened") == entries(world, "release:closed") == RELEASES - 1
    assert entries(world, "release:expired") == 1
    ended = {world.release(release).status for release in due}
    assert ended == {Status.COMPLETED, Status.FAILED}
    positions = [row.position for row in world.ledger()]
    assert positions == list(range(1, len(positions) + 1))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_another_worker_holds_is_passed_by(world: World, due: list[UUID]) -> None:
    held, rest = due[:4], due[4:]
    with world.system.database.writing() as other:
        locked = sa.select(t.releases.c.id).where(t.releases.c.id.in_(held)).with_for_update()
        assert len(other.execute(locked).all()) == len(held)

        worker = threading.Thread(target=advance_due, args=(world.system,))
        worker.start()
        worker.join(timeout=WAIT_LIMIT_SECONDS)  # a lock's time limit would have ended it

        assert not worker.is_alive()
        assert {world.release(release).opened_at is None for release in held} == {True}
        assert {world.release(release).status for release in rest} == {Status.COMPLETED}
    assert advance_due(world.system) == len(held)
    assert {world.release(release).status for release in due} == {Status.COMPLETED, Status.FAILED}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_reservations_that_another_holds_are_no_reason_to_hurry(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    reserved(world, number=3)
    world.clock.pass_(minutes=1)
    with world.system.database.writing() as other:
        locked = sa.select(t.releases.c.id).where(t.releases.c.id == release).with_for_update()
        other.execute(locked).all()
        assert advance_due(world.system, limit=2) == 0
    assert [advance_due(world.system, limit=2) for _ in range(2)] == [3, 0]


def test_one_accounts_fault_stops_time_for_no_other(database: Database) -> None:
    broken = set[UUID]()

    def listen(uow: UnitOfWork, _entries: object) -> None:
        if uow.account_id in broken:
            raise RuntimeError("a listener's bug")

    one = make_world(database, event_handlers=(listen,))
    other = make_world(database, account="Other", event_handlers=(listen,))
    system = one.system
    other.clock.instant = one.clock.instant
    at_fault = [
        one.approved(name=f"R {alias}", keypair_ids=frozenset({one.things[alias]}))
        for alias in ("vault", "spare")
    ]
    release = other.approved()
    for world in (one, other):
        world.clock.pass_(hours=2)
    broken.add(one.account_id)

    with capture_logs() as logs:
        assert advance_due(system, limit=2) == 1
        assert advance_due(system, limit=2) == 0
    assert other.release(release).status is Status.IN_PROGRESS
    assert {one.release(id_).status for id_ in at_fault} == {Status.APPROVED}
    accounts = [line["account"] for line in logs if line["log_level"] == "error"]
    assert accounts == [str(one.account_id)]

    broken.clear()
    assert advance_due(system, limit=2) == 2
    assert {one.release(id_).status for id_ in at_fault} == {Status.IN_PROGRESS}


def test_what_has_been_due_longest_comes_first(world: World, due: list[UUID]) -> None:
    world.clock.pass_(hours=-5)
    world.add_keypair("early")
    world.set_team("blue", keypairs=[name for name in world.things if name != "blue"])
    starts = world.clock.instant + timedelta(minutes=1)
    keypairs = frozenset({world.things["early"]})
    early = world.approved(name="Early", keypair_ids=keypairs, starts_at=starts)
    world.clock.pass_(hours=5)
    assert advance_due(world.system, limit=1) == 1
    assert world.release(early).opened_at == starts


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_is_away_is_no_accounts_fault(world: World, due: list[UUID]) -> None:
    def gone(_work: UnitOfWork, _entries: object) -> None:
        raise OperationalError("COMMIT", {}, psycopg.OperationalError("gone"))

    with capture_logs() as logs, pytest.raises(OperationalError):
        advance_due(replace(world.system, event_handlers=(gone,)))
    assert logs == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_workers_with_databases_of_their_own(
    world: World, database_url: str, due: list[UUID]
) -> None:
    other = Database(database_url)
    second = world_on(other, world)
    second.clock.instant = world.clock.instant
    at_once([lambda: advance_due(world.system), lambda: advance_due(second.system)] * 4)
    assert advance_due(world.system) == 0
    assert entries(world, "release:closed") == RELEASES - 1
    other.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_due_is_found_by_indexes_of_its_own(world: World) -> None:
    with world.system.database.reading() as connection:
        explained = f"EXPLAIN QUERY PLAN {DUE_RELEASES.compile(connection)}"
        now, limit = world.clock.instant.isoformat(), 100
        plan = connection.exec_driver_sql(explained, (now, now, limit, 0)).all()
    steps = " ".join(row[-1] for row in plan)
    assert "ix_releases_due_to_open" in steps and "ix_releases_due_to_end" in steps
    assert "SCAN" not in steps


def test_each_status_that_time_moves_is_found_by_its_edge() -> None:
    found = {"starts_at": str(t.IS_DUE_TO_OPEN), "ends_at": str(t.IS_DUE_TO_END)}
    for status in Status:
        edges = {edge for edge, condition in found.items() if f"'{status}'" in condition}
        assert edges == ({TIME_TRIGGERS[status][1]} if status in TIME_TRIGGERS else set())
