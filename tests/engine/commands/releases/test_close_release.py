"""Closing: by time at the end, or early by the creator or an approver."""

from datetime import timedelta

import pytest

from engine.commands.releases.close_release import CloseRelease
from engine.model.errors import Code
from engine.model.vocabulary import Permission, ReleaseType, Status
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import moves, release_in, rows, touch
from tests.support.world import World


@pytest.mark.parametrize("type_", ReleaseType)
@pytest.mark.parametrize("who", ["dev", "ann"])
def test_an_open_release_is_closed_early(world: World, type_: ReleaseType, who: str) -> None:
    release = release_in(world, Status.IN_PROGRESS, type_)
    world.clock.pass_(minutes=5)
    before = len(world.ledger())
    world.do(who, CloseRelease(release_id=release, reason="All is signed."))
    ended = world.release(release)
    assert (ended.status, ended.end_code) == (Status.COMPLETED, "CLOSED_EARLY")
    assert (ended.end_reason, ended.ended_at) == ("All is signed.", world.clock.instant)
    assert tags(world, before) == ["release:closed"]
    assert details_of(world.ledger()[-1])["early"] is True
    assert [row.held for row in rows(world, t.release_keypairs)] == [False]


def test_at_its_end_time_closes_it_whenever_somebody_looks(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    end = world.release(release).fields.ends_at
    world.clock.instant = end - timedelta(microseconds=1)
    touch(world, release)
    assert world.release(release).status is Status.IN_PROGRESS
    world.clock.instant = end + timedelta(days=2)
    touch(world, release)
    ended = world.release(release)
    assert (ended.status, ended.end_code, ended.ended_at) == (
        Status.COMPLETED,
        "WINDOW_ENDED",
        end,
    )
    assert moves(world, release)[-1] == (Status.IN_PROGRESS, Status.COMPLETED, end)
    entry = world.ledger(tag="release:closed")[-1]
    assert (entry.actor_id, details_of(entry)["early"]) == (None, False)
    assert entry.recorded_at == world.clock.instant


def test_to_close_early_what_is_over_is_refused_and_time_closes_it(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    world.clock.pass_(hours=2)
    before = len(world.ledger())
    assert world.refused("dev", CloseRelease(release_id=release)).code is Code.WRONG_STATUS
    assert tags(world, before) == ["release:closed", "attempt:refused"]
    assert world.release(release).end_code == "WINDOW_ENDED"


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        (Status.PENDING, ReleaseType.OFFLINE),
        (Status.APPROVED, ReleaseType.OFFLINE),
        (Status.ACTIVE, ReleaseType.ONLINE),
        (Status.COMPLETED, ReleaseType.OFFLINE),
        (Status.FAILED, ReleaseType.OFFLINE),
        (Status.REJECTED, ReleaseType.OFFLINE),
    ],
)
def test_only_an_open_release_is_closed(world: World, status: Status, type_: ReleaseType) -> None:
    release = release_in(world, status, type_)
    assert_refused(world, "dev", CloseRelease(release_id=release), Code.WRONG_STATUS)


def test_others_do_not_close(world: World) -> None:
    world.add_user("fay", "DEVELOPER")
    world.set_team("blue", members=["ann", "bob", "dev", "fay"])
    release = release_in(world, Status.IN_PROGRESS)
    command = CloseRelease(release_id=release)
    for name in ("fay", "admin"):
        assert_refused(world, name, command, Code.FORBIDDEN)
    assert_refused(world, "eve", command, Code.NOT_FOUND, recorded=False)
    viewing = frozenset({Permission.VIEW_RELEASES})
    assert_refused(world, "ann", command, Code.FORBIDDEN, scopes=viewing)
