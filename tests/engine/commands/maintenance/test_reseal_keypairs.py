"""A new master key: sealing keypairs under it, and what a start asks for meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.commands.maintenance.remember_master_key import remember_master_key
from engine.commands.maintenance.reseal_keypairs import (
    ResealResult,
    UnopenedKeypair,
    reseal_keypairs,
    unopened_keypairs,
)
from engine.model.vocabulary import Status
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.persistence.store.maintenance.sealed_keypairs import master_keys_in_use
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring, WrongMasterKeyError
from engine.signers.local import LocalSigner
from engine.signing.request import Made
from tests.support.refusals import tags
from tests.support.releases import release_in
from tests.support.world import World, make_world

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
OLD_ID, NEW_ID = Keyring([OLD]).sealing_key_id, Keyring([NEW]).sealing_key_id


@pytest.fixture
def old(database: Database) -> World:
    """Two accounts of two keypairs each, all sealed under the old master key."""
    world = make_world(database, master_key=OLD)
    make_world(world.system.database, account="Other", master_key=OLD)
    remember_master_key(world.system.database, Keyring([OLD]))
    return world


def started(world: World, *keys: bytes) -> World:
    """As after a restart with these master keys."""
    keyring = Keyring(keys)
    remember_master_key(world.system.database, keyring)
    signers = {"local": LocalSigner(SignerContext(keyring, {}))}
    return replace(world, system=replace(world.system, signers=signers))


def in_use(world: World) -> dict[str, int]:
    with world.system.database.reading() as connection:
        return master_keys_in_use(connection)


def reseal(world: World, **more: Any) -> ResealResult:
    return reseal_keypairs(world.system, Keyring([NEW, OLD]), **more)


def refused(world: World, *keys: bytes) -> str:
    before = world.snapshot()
    with pytest.raises(WrongMasterKeyError) as error:
        started(world, *keys)
    assert world.snapshot() == before
    return str(error.value)


def test_after_resealing_the_new_key_alone_is_enough(old: World) -> None:
    both = started(old, NEW, OLD)
    public = [row.public_key for row in keypairs(old)]
    entries = len(old.ledger())
    assert reseal(both) == ResealResult(4, ())
    assert in_use(old) == {NEW_ID: 4}
    assert [row.public_key for row in keypairs(old)] == public
    assert tags(old, entries) == ["keypair:resealed"] * 2
    details = json.loads(old.ledger()[-1].body)["details"]
    assert details == {"changes": {"master_key_id": [OLD_ID, NEW_ID]}}

    alone = started(old, NEW)
    release_in(alone, Status.IN_PROGRESS)
    assert [isinstance(outcome, Made) for outcome in alone.sign("dev")] == [True]
    assert unopened_keypairs(old.system.database, Keyring([NEW])) == ()
    assert "4 keypairs under " + NEW_ID in refused(old, OLD)


def test_done_twice_it_is_done_once(old: World) -> None:
    reseal(started(old, NEW, OLD))
    before, entries = old.snapshot()["keypairs"], len(old.ledger())
    assert reseal(old) == ResealResult(0, ())
    assert (old.snapshot()["keypairs"], len(old.ledger())) == (before, entries)


def test_the_new_key_alone_is_refused_until_then(old: World) -> None:
    started(old, NEW, OLD)
    assert refused(old, NEW) == (
        f"Master keys that are not configured sealed 4 keypairs under {OLD_ID}."
        " Add them to COUNTERSIGN_MASTER_KEY after the first, as in NEW,OLD."
        " `countersign keys reseal` makes the first one enough."
    )


def test_the_old_key_alone_is_refused_once_something_is_sealed_under_the_new(old: World) -> None:
    both = started(old, NEW, OLD)
    both.add_keypair("third")
    assert "sealed 1 keypair under " + NEW_ID in refused(old, OLD)
    started(old, OLD, NEW)  # in either order all can be opened


@pytest.mark.parametrize("keys", [(OLD, NEW), (OLD,)])
def test_going_back_to_the_old_key_is_the_same_the_other_way_round(
    old: World, keys: tuple[bytes, ...]
) -> None:
    reseal(started(old, NEW, OLD))
    keyring = Keyring([OLD, NEW])
    assert reseal_keypairs(started(old, OLD, NEW).system, keyring) == ResealResult(4, ())
    started(old, *keys)
    assert in_use(old) == {OLD_ID: 4}
    assert "4 keypairs under " + OLD_ID in refused(old, NEW)


@pytest.mark.parametrize("survived", [0, 1, 2, 3])
def test_what_an_interrupted_run_did_stays_and_the_next_run_does_the_rest(
    old: World, survived: int
) -> None:
    both = started(old, NEW, OLD)
    commits = 0

    def interrupt(work: Any, entries: Any) -> None:
        nonlocal commits
        if commits == survived:
            raise KeyboardInterrupt
        commits += 1

    interrupted = replace(both, system=replace(both.system, event_handlers=(interrupt,)))
    with pytest.raises(KeyboardInterrupt):
        reseal(interrupted, batch_rows=1)
    expected = {OLD_ID: 4 - survived, NEW_ID: survived}
    assert in_use(old) == {key: number for key, number in expected.items() if number}
    assert f"{4 - survived} keypair" in refused(old, NEW)
    assert unopened_keypairs(old.system.database, Keyring([NEW, OLD])) == ()

    assert reseal(started(old, NEW, OLD), batch_rows=3) == ResealResult(4 - survived, ())
    started(old, NEW)


def test_without_any_keypair_the_check_itself_is_made_anew(
    database: Database,
) -> None:
    world = make_world(database, master_key=OLD)
    with world.system.database.writing() as connection:
        connection.execute(t.keypairs.update().values(master_key_id=None))
        connection.commit()
    remember_master_key(world.system.database, Keyring([OLD]))
    assert "run `countersign keys reseal`" in refused(world, NEW)
    assert reseal(started(world, NEW, OLD)) == ResealResult(0, ())
    started(world, NEW)


def test_a_key_that_was_altered_is_named_and_left_and_keeps_its_master_key_in_use(
    old: World,
) -> None:
    k = t.keypairs
    with old.system.database.writing() as connection:
        damaged = k.update().where(k.c.id == old.things["vault"])
        connection.execute(damaged.values(material=b"\x01" + bytes(60)))
        connection.commit()
    reason = "The sealed key was altered, or belongs to another keypair."
    unopened = (UnopenedKeypair("Acme", "vault", reason),)
    assert unopened_keypairs(old.system.database, Keyring([NEW, OLD])) == unopened
    assert reseal(started(old, NEW, OLD), batch_rows=1) == ResealResult(3, unopened)
    assert in_use(old) == {OLD_ID: 1, NEW_ID: 3}
    assert "1 keypair under " + OLD_ID in refused(old, NEW)


def test_keys_that_a_device_keeps_are_left_alone(old: World) -> None:
    k = t.keypairs
    with old.system.database.writing() as connection:
        device = k.update().where(k.c.id == old.things["vault"])
        connection.execute(device.values(master_key_id=None, material=b"label"))
        connection.commit()
    assert reseal(started(old, NEW, OLD)) == ResealResult(3, ())
    row = next(row for row in keypairs(old) if row.id == old.things["vault"])
    assert (row.material, row.master_key_id) == (b"label", None)


def keypairs(world: World) -> list[Any]:
    with world.system.database.reading() as connection:
        return list(connection.execute(t.keypairs.select().order_by(t.keypairs.c.id)))
