"""Withdrawing: by the requester or an approver, before the start; the reason is kept."""

from uuid import uuid4

import pytest

from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code
from engine.model.vocabulary import Permission, ReleaseType, Status
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, tags
from tests.support.releases import moves, release_in, rows
from tests.support.world import World

BEFORE_THE_START = [
    (Status.PENDING, ReleaseType.OFFLINE),
    (Status.APPROVED, ReleaseType.OFFLINE),
    (Status.ACTIVE, ReleaseType.ONLINE),
]


@pytest.mark.parametrize(("status", "type_"), BEFORE_THE_START)
@pytest.mark.parametrize("who", ["dev", "bob"])
def test_before_the_start_it_is_rejected_and_the_reason_kept(
    world: World, status: Status, type_: ReleaseType, who: str
) -> None:
    release = release_in(world, status, type_)
    before = len(world.ledger())
    world.do(who, WithdrawRelease(release_id=release, reason=" Not needed. "))
    ended = world.release(release)
    assert (ended.status, ended.end_code) == (Status.REJECTED, "WITHDRAWN")
    assert (ended.end_reason, ended.ended_at) == ("Not needed.", world.clock.instant)
    assert tags(world, before) == ["release:withdrawn"]
    assert moves(world, release)[-1] == (status, Status.REJECTED, world.clock.instant)
    assert [row.held for row in rows(world, t.release_keypairs)] == [False]


def test_a_reason_is_not_asked_for_but_must_be_plain_text(world: World) -> None:
    release = world.request()
    command = WithdrawRelease(release_id=release, reason="ding\a")
    assert_refused(world, "dev", command, Code.INVALID_INPUT, "reason", recorded=False)
    world.do("dev", WithdrawRelease(release_id=release))
    assert world.release(release).end_reason is None


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        (Status.IN_PROGRESS, ReleaseType.OFFLINE),
        (Status.IN_PROGRESS, ReleaseType.ONLINE),
        (Status.COMPLETED, ReleaseType.OFFLINE),
        (Status.FAILED, ReleaseType.OFFLINE),
        (Status.REJECTED, ReleaseType.OFFLINE),
    ],
)
def test_what_has_begun_or_ended_is_not_withdrawn(
    world: World, status: Status, type_: ReleaseType
) -> None:
    release = release_in(world, status, type_)
    assert_refused(world, "dev", WithdrawRelease(release_id=release), Code.WRONG_STATUS)


def test_others_do_not_withdraw(world: World) -> None:
    release = world.request()
    command = WithdrawRelease(release_id=release)
    assert_refused(world, "admin", command, Code.FORBIDDEN)
    assert_refused(world, "eve", command, Code.NOT_FOUND, recorded=False)
    viewing = frozenset({Permission.VIEW_RELEASES})
    assert_refused(world, "dev", command, Code.FORBIDDEN, scopes=viewing)
    assert_refused(
        world, "dev", WithdrawRelease(release_id=uuid4()), Code.NOT_FOUND, recorded=False
    )


def test_the_start_makes_it_too_late_though_nobody_was_looking(world: World) -> None:
    release = release_in(world, Status.APPROVED)
    world.clock.pass_(hours=1)
    before = len(world.ledger())
    command = WithdrawRelease(release_id=release)
    assert world.refused("dev", command).code is Code.WRONG_STATUS
    assert world.release(release).status is Status.IN_PROGRESS
    assert tags(world, before) == ["release:opened", "attempt:refused"]
