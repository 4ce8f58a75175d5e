"""SQLite, which keeps no statistics here, is not to read a whole account for a few ids."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from engine.commands.administration.users import UpdateUser
from engine.commands.maintenance.advance_due import advance_due
from engine.persistence.db.ids import uuid7s
from engine.persistence.db.pagination import PageArgs
from engine.persistence.store import loading, locks
from engine.persistence.store.locks import Lock
from engine.queries import history, ledger_slices, records, releases, signatures
from engine.queries.buckets import BucketSize
from engine.queries.context import QueryContext, read
from engine.queries.counts import signature_counts
from engine.queries.records import RecordKind
from engine.queries.releases import ReleaseFilter
from engine.queries.signatures import SignatureFilter, SignatureOwner
from notifications.outbox.differences import seen_by
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@contextmanager
def planned(world: World) -> Iterator[list[str]]:
    """How each statement that is said meanwhile gets at its rows."""
    plans: list[str] = []

    def plan(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            found = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(row[3] for row in found)

    sa.event.listen(sa.Engine, "before_cursor_execute", plan)
    try:
        yield plans
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", plan)


IDS: list[UUID] = uuid7s(60)


def test_a_change_of_people_finds_what_awaits_approval_and_what_is_open(world: World) -> None:
    world.decide("ann", world.request())
    command = UpdateUser(user_id=world.people["bob"], active=False)
    with planned(world) as plans:
        world.do("admin", command)
    assert "SEARCH releases USING COVERING INDEX ix_releases_account_id_status_starts_at_id" in {
        plan.partition(" (")[0] for plan in plans
    }
    of_releases = [plan for plan in plans if "releases" in plan or "decisions" in plan]
    assert not [plan for plan in of_releases if plan.startswith("SCAN")]


def test_what_is_asked_for_by_ids_is_found_by_them(world: World) -> None:
    account, ids = world.account_id, frozenset(IDS)
    with planned(world) as plans:
        with world.system.database.writing() as connection:
            locks.acquire(connection, account, Lock(releases=ids))
            loading.load_releases(connection, ids)
            loading.load_keypair_rows(connection, account, IDS)
            loading.load_team_facts(connection, account, IDS)
            loading.load_edits(connection, IDS)
            loading.load_inactive(connection, IDS)
        for kind in RecordKind:
            read(world.system, world.principal("dev"), lambda r, k=kind: records.by_ids(r, k, IDS))
        read(world.system, world.principal("dev"), lambda r: releases.by_ids(r, IDS))
    assert len(plans) > 10
    assert not [plan for plan in plans if "(account_id=?)" in plan or plan.startswith("SCAN")]
    # A release can have as many entries as signatures, and has few edits.
    edits = "SEARCH ledger_entries USING INDEX ix_ledger_entries_release_edits (release_id=?)"
    assert edits in plans


def test_what_readers_know_of_releases_is_found_by_the_releases(world: World) -> None:
    known = [world.release(world.request())]
    with planned(world) as plans, world.system.database.reading() as connection:
        seen_by(connection, known)
    assert [plan for plan in plans if plan.startswith("SCAN")] == []
    assert len([plan for plan in plans if "(release_id=?" in plan]) == 3


@pytest.mark.parametrize("order", sorted(releases.ORDERS))
def test_whoever_sees_few_finds_them_in_order_without_everybodys(world: World, order: str) -> None:
    column = releases.ORDERS[order][0].key

    def find(reading: QueryContext) -> None:
        releases.find(reading, ReleaseFilter(), order, PageArgs(first=5))

    with planned(world) as plans:
        read(world.system, world.principal("dev"), find)
    found = [plan for plan in plans if plan.startswith("SEARCH releases")]
    for whose in ("creator_id", "team_id"):
        assert f"SEARCH releases USING INDEX ix_releases_{whose}_{column} ({whose}=?)" in found
    assert not [plan for plan in found if "account_id" in plan]


def test_what_happened_is_looked_up_release_by_release(world: World) -> None:
    with planned(world) as plans:
        read(
            world.system,
            world.principal("admin"),
            lambda r: ledger_slices.ledger_after(r, 0, None),
        )
    assert "SEARCH releases USING INDEX sqlite_autoindex_releases_1 (id=?)" in plans


def test_signatures_are_counted_by_time_and_listed_by_id(world: World) -> None:
    everybodys, of_dev = SignatureFilter(), SignatureFilter(signer_id=world.people["dev"])
    until = world.clock.instant
    since, hours = until - timedelta(days=1), BucketSize.HOUR

    def plan(query: Callable[[QueryContext], Any]) -> set[str]:
        with planned(world) as plans:
            read(world.system, world.principal("admin"), query)
        return {step for step in plans if "signatures" in step}

    counted = plan(lambda c: signature_counts(c, hours, since, until, ZoneInfo("UTC"), of_dev))
    by_time = (
        "ix_signatures_account_id_reserved_at (account_id=? AND reserved_at>? AND reserved_at<?)"
    )
    assert counted == {f"SEARCH signatures USING INDEX {by_time}"}
    listed = plan(lambda c: signatures.find(c, everybodys, PageArgs(first=10)))
    assert listed == {"SCAN signatures USING INDEX sqlite_autoindex_signatures_1"}
    vault = frozenset({world.things["vault"]})
    of_keypair = plan(
        lambda c: signatures.of_owners(
            c, SignatureOwner.KEYPAIR, vault, everybodys, PageArgs(first=10)
        )
    )
    assert any("ix_signatures_keypair_id_id (keypair_id=?)" in step for step in of_keypair)


def test_entries_about_a_subject_are_found_by_it_in_their_order(world: World) -> None:
    about = history.LedgerFilter(subject_id=world.things["vault"])
    with planned(world) as plans:
        read(
            world.system,
            world.principal("admin"),
            lambda context: history.ledger(context, about, PageArgs(first=10)),
        )
    by_subject = "ix_ledger_entries_account_id_subject_id_position (account_id=? AND subject_id=?)"
    found = [plan for plan in plans if "ledger_entries" in plan]
    assert found == [f"SEARCH ledger_entries USING INDEX {by_subject}"]
    assert not [plan for plan in plans if "TEMP B-TREE" in plan]


def test_overdue_reservations_are_read_by_their_own_index(world: World) -> None:
    world.approved()
    world.clock.pass_(hours=1)
    with planned(world) as plans:
        advance_due(world.system)
    found = {plan for plan in plans if "signatures" in plan}
    assert found
    assert all("ix_signatures_reserved" in plan for plan in found)


def test_overdue_uses_of_keys_are_read_by_their_own_index(world: World) -> None:
    with planned(world) as plans:
        advance_due(world.system)
    assert {plan for plan in plans if "certifications" in plan} == {
        "SEARCH certifications USING INDEX ix_certifications_lapses_at (lapses_at<?)"
    }
