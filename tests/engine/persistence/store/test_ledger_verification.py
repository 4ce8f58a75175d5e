"""The ledger's chain: whatever is done to its rows behind the engine's back is found."""

import hashlib
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.db.canonical_json import canonical
from engine.persistence.store import ledger
from engine.persistence.store.ledger import GENESIS
from engine.persistence.store.ledger_verification import Anchor, verify
from engine.persistence.store.tables import ledger_entries as e
from engine.persistence.store.tables import ledger_heads
from tests.support.world import World

KEY = bytes(32)


def tamper(world: World, change: Callable[[Connection], object]) -> None:
    with world.system.database.writing() as connection:
        change(connection)
        connection.commit()


def broken_at(world: World, anchor: Anchor | None = None) -> int | None:
    with world.system.database.reading() as connection:
        return verify(connection, world.account_id, anchor).broken_at


def anchor_of(world: World) -> Anchor:
    with world.system.database.reading() as connection:
        head = ledger.head(connection, world.account_id)
    return Anchor.of(world.account_id, head, KEY)


def rewrite_from(connection: Connection, world: World, position: int) -> None:
    """What somebody with the whole database would do: change one entry and redo the chain."""
    rows = connection.execute(
        sa.select(e).where(e.c.account_id == world.account_id).order_by(e.c.position)
    ).all()
    previous = rows[position - 2].hash
    for row in rows[position - 1 :]:
        body = json.loads(row.body)
        body["previous"], body["reason"] = previous, "nothing to see"
        text = canonical(body)
        previous = hashlib.sha256(text.encode()).digest()
        connection.execute(
            e.update().where(e.c.position == row.position).values(body=text, hash=previous)
        )
    connection.execute(ledger_heads.update().values(hash=previous))


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
        (lambda c: c.execute(e.update().where(e.c.position == 4).values(body="{}")), 4),
        (lambda c: c.execute(e.update().where(e.c.position == 4).values(tag="x")), 4),
        (lambda c: c.execute(e.delete().where(e.c.position == 4)), 4),
        (lambda c: c.execute(e.delete().where(e.c.position == 1)), 1),
    ],
    ids=["changed text", "changed column", "deleted", "first deleted"],
)
def test_a_changed_or_deleted_row_is_named(
    world: World, change: Callable[[Connection], object], found_at: int
) -> None:
    tamper(world, change)
    assert broken_at(world) == found_at


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"previous": 1}', '{"previous": "&"}'])
def test_a_text_that_is_no_entry_is_named_though_its_hash_fits(world: World, text: str) -> None:
    count, digest = len(world.ledger()), hashlib.sha256(text.encode()).digest()

    def replace(connection: Connection) -> None:
        last = e.update().where(e.c.position == count)
        connection.execute(last.values(body=text, hash=digest))
        connection.execute(ledger_heads.update().values(hash=digest))

    tamper(world, replace)
    assert broken_at(world) == count


def test_what_is_written_while_it_is_verified_is_no_fault(world: World) -> None:
    with world.system.database.snapshot() as connection:
        before = ledger.head(connection, world.account_id)
        world.request()
        verdict = verify(connection, world.account_id)
    assert (verdict.holds, verdict.head) == (True, before)
    assert len(world.ledger()) > before.count


def test_swapped_rows_are_named(world: World) -> None:
    def swap(connection: Connection) -> None:
        for old, new in ((3, -3), (4, 3), (-3, 4)):
            connection.execute(e.update().where(e.c.position == old).values(position=new))

    tamper(world, swap)
    assert broken_at(world) == 3


def test_a_cut_end_is_found_even_without_an_anchor(world: World) -> None:
    count = len(world.ledger())
    tamper(world, lambda c: c.execute(e.delete().where(e.c.position == count)))
    assert broken_at(world) == count


def test_truncation_with_a_fitting_head_is_found_by_the_anchor(world: World) -> None:
    entries = world.ledger()
    anchor = anchor_of(world)

    def truncate(connection: Connection) -> None:
        connection.execute(e.delete().where(e.c.position == len(entries)))
        head = ledger_heads.update().values(count=len(entries) - 1, hash=entries[-2].hash)
        connection.execute(head)

    tamper(world, truncate)
    assert broken_at(world) is None
    assert broken_at(world, anchor) == len(entries)


def test_a_full_rewrite_is_found_by_the_anchor(world: World) -> None:
    entries = world.ledger()
    anchor = anchor_of(world)
    tamper(world, lambda c: rewrite_from(c, world, 3))
    assert broken_at(world) is None
    assert broken_at(world, anchor) == len(entries)


# --- what the texts look like ---------------------------------------------------------------


def as_first_format(connection: Connection, world: World, positions: range) -> None:
    """Write these entries as older versions did, and chain all of them anew."""
    rows = connection.execute(
        sa.select(e).where(e.c.account_id == world.account_id).order_by(e.c.position)
    ).all()
    previous = GENESIS
    for row in rows:
        body = json.loads(row.body) | {"previous": previous}
        if row.position in positions:
            del body["format"], body["credential"]
        text = canonical(body)
        previous = hashlib.sha256(text.encode()).digest()
        change = e.update().where(e.c.position == row.position)
        connection.execute(change.values(body=text, hash=previous))
    connection.execute(ledger_heads.update().values(hash=previous))


def test_entries_of_the_first_format_still_hold_and_new_ones_are_chained_to_them(
    world: World,
) -> None:
    count = len(world.ledger())
    tamper(world, lambda connection: as_first_format(connection, world, range(count + 1)))
    assert broken_at(world) is None
    world.request()
    assert broken_at(world) is None
    formats = [json.loads(entry.body).get("format") for entry in world.ledger()]
    assert formats == [None] * count + [2]
    # While the new version is rolled out, the old one still writes.
    tamper(
        world, lambda connection: as_first_format(connection, world, range(count + 1, count + 2))
    )
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

    tamper(world, reform)
    with world.system.database.reading() as connection:
        verdict = verify(connection, world.account_id)
    assert (verdict.broken_at, verdict.fault) == (count, fault)
