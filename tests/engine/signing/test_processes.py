"""Processes that sign together or are killed meanwhile: nothing is lost, nothing is made twice."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import pytest

from engine.commands.maintenance.advance_due import advance_due
from engine.commands.releases.stop_release import StopRelease
from engine.model.vocabulary import SignatureState, Status
from engine.persistence.store import tables as t
from engine.persistence.store.ledger_verification import verify
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.releases import release_in, rows
from tests.support.signing import declare_quick
from tests.support.signing_process import Answered, sign_until
from tests.support.threads import at_once
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World

KEYS_PER_BATCH = 3
MAXIMUM = 1000


@POSTGRESQL_IS_LONG
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("is_atomic", "is_quick"),
    [
        pytest.param(False, False, id="calls, reserve and settle"),
        pytest.param(True, True, id="atomic batch, one transaction", marks=pytest.mark.long),
        pytest.param(False, True, id="calls, one transaction", marks=pytest.mark.long),
        pytest.param(True, False, id="atomic batch, reserve and settle", marks=pytest.mark.long),
    ],
)
def test_at_every_step(
    world: World, monkeypatch: pytest.MonkeyPatch, is_quick: bool, is_atomic: bool
) -> None:
    if not is_quick:
        declare_quick(monkeypatch, None)
    release_in(world, Status.IN_PROGRESS, max_signatures=MAXIMUM)
    requested_keys: set[str] = set()
    step, was_killed = 0, True
    while was_killed:
        step += 1
        keys = [f"step {step}, {number}" for number in range(KEYS_PER_BATCH)]
        requested_keys |= set(keys)
        killed = _sign(world, keys, step, is_atomic=is_atomic)
        was_killed = killed.was_killed
        _assert_stored(world, killed)
        if is_atomic:
            stored = rows(world, t.signatures, state=SignatureState.MADE)
            assert len({row.idempotency_key for row in stored} & set(keys)) in {0, KEYS_PER_BATCH}
        # Whoever was not answered asks again, when what was left reserved is over.
        world.clock.instant += timedelta(seconds=31)
        again = _sign(world, keys, is_atomic=is_atomic)
        assert not again.was_killed
        assert again.ids.keys() == set(keys)
        assert killed.ids.items() <= again.ids.items(), "the same, not another one"
        _assert_stored(world, again)
    assert step > 8, "so many steps there are at least"
    _assert_exact(world, requested_keys)


@pytest.mark.parametrize("is_quick", [True, False], ids=["one transaction", "reserve and settle"])
def test_several_processes_on_one_release_make_exactly_the_maximum(
    world: World, monkeypatch: pytest.MonkeyPatch, is_quick: bool
) -> None:
    if not is_quick:
        declare_quick(monkeypatch, None)
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    batches = [[f"{process}: {number}" for number in range(40)] for process in range(3)]
    answers = at_once([partial(_sign, world, keys) for keys in batches])
    ids = [id_ for answered in answers for id_ in answered.ids.values()]
    assert len(ids) == len(set(ids)) == 50
    _assert_exact(world, {key for answered in answers for key in answered.ids})


def test_after_a_stop_no_process_makes_another_signature(world: World) -> None:
    release_id = release_in(world, Status.IN_PROGRESS, max_signatures=MAXIMUM)
    batches = [[f"{process}: {number}" for number in range(300)] for process in range(2)]

    def stop() -> None:
        deadline = time.monotonic() + WAIT_LIMIT_SECONDS
        while not world.ledger(tag="signature:made"):
            assert time.monotonic() < deadline, "neither process has made a signature"
            time.sleep(0.001)
        world.do("ann", StopRelease(release_id=release_id, reason="leak"))

    *answers, _ = at_once([*(partial(_sign, world, keys) for keys in batches), stop])
    signature_ids = {key for answered in answers for key in answered.ids}
    tags = [entry.tag for entry in world.ledger()]
    assert "signature:made" not in tags[tags.index("release:stopped") :]
    _assert_exact(world, signature_ids)


def _sign(world: World, keys: list[str], step: int = 0, *, is_atomic: bool = False) -> Answered:
    return sign_until(
        world.system,
        world.principal("dev"),
        world.things["vault"],
        keys,
        step,
        is_atomic=is_atomic,
    )


def _assert_stored(world: World, answered: Answered) -> None:
    """Whatever was answered is in the database as it was answered."""
    signatures = rows(world, t.signatures, state=SignatureState.MADE)
    assert answered.ids.items() <= {(row.idempotency_key, row.id) for row in signatures}
    assert answered.values.items() <= {(row.idempotency_key, row.value) for row in signatures}


def _assert_exact(world: World, requested_keys: set[str]) -> None:
    """Each key has one signature, which is counted once and recorded once."""
    advance_due(world.system)
    signatures = rows(world, t.signatures, state=SignatureState.MADE)
    assert sorted(row.idempotency_key for row in signatures) == sorted(requested_keys)
    (release,) = rows(world, t.releases)
    assert (release.signatures_used, release.signatures_reserved) == (len(requested_keys), 0)
    entries = world.ledger(tag="signature:made")
    assert sorted(entry.subject_id for entry in entries) == sorted(row.id for row in signatures)
    with world.system.database.reading() as connection:
        assert verify(connection, world.account_id).holds
