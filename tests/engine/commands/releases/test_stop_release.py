"""The kill switch: by an approver, for online and test also the creator, with a reason."""

import pytest

from engine.commands.releases.stop_release import StopRelease
from engine.model.errors import Code
from engine.model.vocabulary import Permission, ReleaseType, Status
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import moves, release_in, rows
from tests.support.world import World

STOPPABLE = [
    (Status.APPROVED, ReleaseType.OFFLINE),
    (Status.IN_PROGRESS, ReleaseType.OFFLINE),
    (Status.ACTIVE, ReleaseType.ONLINE),
    (Status.IN_PROGRESS, ReleaseType.ONLINE),
    (Status.ACTIVE, ReleaseType.TEST),
    (Status.IN_PROGRESS, ReleaseType.TEST),
]


@pytest.mark.parametrize(("status", "type_"), STOPPABLE)
def test_an_approver_stops_it_and_its_creator_unless_it_is_offline(
    world: World, status: Status, type_: ReleaseType
) -> None:
    release = release_in(world, status, type_)
    command = StopRelease(release_id=release, reason="The key leaked.")
    if type_ is ReleaseType.OFFLINE:
        assert_refused(world, "dev", command, Code.FORBIDDEN)
    before = len(world.ledger())
    world.do("bob" if type_ is ReleaseType.OFFLINE else "dev", command)
    ended = world.release(release)
    assert (ended.status, ended.end_code) == (Status.FAILED, "STOPPED")
    assert (ended.end_reason, ended.ended_at) == ("The key leaked.", world.clock.instant)
    assert tags(world, before) == ["release:stopped"]
    assert details_of(world.ledger()[-1])["code"] == "STOPPED"
    assert moves(world, release)[-1] == (status, Status.FAILED, world.clock.instant)
    assert [row.held for row in rows(world, t.release_keypairs)] == [False]


@pytest.mark.parametrize("type_", [ReleaseType.ONLINE, ReleaseType.TEST])
def test_an_approver_of_its_team_stops_an_online_release_too(
    world: World, type_: ReleaseType
) -> None:
    release = release_in(world, Status.IN_PROGRESS, type_)
    world.do("ann", StopRelease(release_id=release, reason="leaked"))
    assert world.release(release).status is Status.FAILED


@pytest.mark.parametrize("reason", ["", " \n\t"])
def test_a_stop_without_a_reason_is_refused(world: World, reason: str) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    command = StopRelease(release_id=release, reason=reason)
    assert_refused(world, "ann", command, Code.INVALID_INPUT, "reason", recorded=False)


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.COMPLETED, Status.FAILED, Status.REJECTED]
)
def test_what_awaits_approval_or_has_ended_is_not_stopped(world: World, status: Status) -> None:
    release = release_in(world, status)
    command = StopRelease(release_id=release, reason="leaked")
    assert_refused(world, "ann", command, Code.WRONG_STATUS)


def test_others_do_not_stop(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS, ReleaseType.ONLINE)
    command = StopRelease(release_id=release, reason="leaked")
    assert_refused(world, "admin", command, Code.FORBIDDEN)
    assert_refused(world, "eve", command, Code.NOT_FOUND, recorded=False)
    viewing = frozenset({Permission.VIEW_RELEASES})
    for name in ("ann", "dev"):
        assert_refused(world, name, command, Code.FORBIDDEN, scopes=viewing)
