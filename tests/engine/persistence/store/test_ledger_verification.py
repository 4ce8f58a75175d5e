"""The ledger's chain: whatever is done to its rows behind the engine's back is found."""

import hashlib
import json

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.db.canonical_json import canonical
from engine.persistence.store import ledger
from engine.persistence.store.ledger_verification import Anchor, verify
from engine.persistence.store.tables import ledger_entries as e
from engine.persistence.store.tables import ledger_heads
from tests.support.ledger_changes import (
    Change,
    as_first_format,
    change_text,
    cut_end,
    delete_entry,
    rewrite,
    swap_entries,
    tamper,
)
from tests.support.world import World

KEY = bytes(32)


def broken_at(world: World, anchor: Anchor | None = None) -> int | None:
    with world.system.database.reading() as connection:
        return verify(connection, world.account_id, anchor).broken_at


def anchor_of(world: World) -> Anchor:
    with world.system.database.reading() as connection:
        head = ledger.head(connection, world.account_id)
    return Anchor.of(world.account_id, head, KEY)


def test_an_untouched_ledger_holds_and_agrees_with_its_head(world: World) -> None:
    world.approved()
    anchor = anchor_of(world)
    world.clock.pass_(hours=1)
    world.sign("dev")
    assert broken_at(world) is None
    assert broken_at(world, anchor) is None
    assert anchor.is_genuine(KEY)
    assert not anchor.is_genuine(bytes([1]) * 32)


@pytest.mark.parametrize(
    ("change", "found_at"),
    [
        (change_text(4), 4),
        (lambda c: c.execute(e.update().where(e.c.position == 4).values(tag="x")), 4),
        (delete_entry(4), 4),
        (delete_entry(1), 1),
    ],
    ids=["changed text", "changed column", "deleted", "first deleted"],
)
def test_a_changed_or_deleted_row_is_named(world: World, change: Change, found_at: int) -> None:
    tamper(world.system.database, change)
    assert broken_at(world) == found_at


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"previous": 1}', '{"previous": "&"}'])
def test_a_text_that_is_no_entry_is_named_though_its_hash_fits(world: World, text: str) -> None:
    count, digest = len(world.ledger()), hashlib.sha256(text.encode()).digest()

    def replace(connection: Connection) -> None:
        last = e.update().where(e.c.position == count)
        connection.execute(last.values(body=text, hash=digest))
        connection.execute(ledger_heads.update().values(hash=digest))

    tamper(world.system.database, replace)
    assert broken_at(world) == count


def test_what_is_written_while_it_is_verified_is_no_fault(world: World) -> None:
    with world.system.database.snapshot() as connection:
        before = ledger.head(connection, world.account_id)
        world.request()
        verdict = verify(connection, world.account_id)
    assert (verdict.holds, verdict.head) == (True, before)
    assert len(world.ledger()) > before.count


def test_swapped_rows_are_named(world: World) -> None:
    tamper(world.system.database, swap_entries(3, 4))
    assert broken_at(world) == 3


def test_a_cut_end_is_found_even_without_an_anchor(world: World) -> None:
    count = len(world.ledger())
    tamper(world.system.database, delete_entry(count))
    assert broken_at(world) == count


def test_truncation_with_a_fitting_head_is_found_by_the_anchor(world: World) -> None:
    entries = world.ledger()
    anchor = anchor_of(world)

    tamper(world.system.database, cut_end(world.account_id, len(entries) - 1))
    assert broken_at(world) is None
    assert broken_at(world, anchor) == len(entries)


def test_a_full_rewrite_is_found_by_the_anchor(world: World) -> None:
    entries = world.ledger()
    anchor = anchor_of(world)
    tamper(world.system.database, rewrite(world.account_id, 3, reason="nothing to see"))
    assert broken_at(world) is None
    assert broken_at(world, anchor) == len(entries)


# --- what the texts look like ---------------------------------------------------------------


def test_entries_of_the_first_format_still_hold_and_new_ones_are_chained_to_them(
    world: World,
) -> None:
    count = len(world.ledger())
    tamper(world.system.database, as_first_format(world.account_id, range(count + 1)))
    assert broken_at(world) is None
    world.request()
    assert broken_at(world) is None
    formats = [json.loads(entry.body).get("format") for entry in world.ledger()]
    assert formats == [None] * count + [2]
    # While the new version is rolled out, the old one still writes.
    tamper(world.system.database, as_first_format(world.account_id, range(count + 1, count + 2)))
    assert broken_at(world) is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": 3}, "its format 3 is not known to this version"),
        ({"format": 1}, "its format 1 is not known to this version"),
        ({"format": None}, "its format None is not known to this version"),
        ({"credential": None}, "it does not say with which credential it was done"),
        ({"credential": {"kind": "TOKEN"}}, "it does not say with which credential it was done"),
    ],
)
def test_a_text_of_no_known_format_is_named(
    world: World, change: dict[str, object], fault: str
) -> None:
    count = len(world.ledger())

    def reform(connection: Connection) -> None:
        (row,) = connection.execute(sa.select(e).where(e.c.position == count)).all()
        text = canonical(json.loads(row.body) | change)
        digest = hashlib.sha256(text.encode()).digest()
        connection.execute(e.update().where(e.c.position == count).values(body=text, hash=digest))
        connection.execute(ledger_heads.update().values(hash=digest))

    tamper(world.system.database, reform)
    with world.system.database.reading() as connection:
        verdict = verify(connection, world.account_id)
    assert (verdict.broken_at, verdict.fault) == (count, fault)
