"""Who joins and leaves a team, and changes that are based on an older revision of it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.commands.administration.teams import AddTeamMembers, RemoveTeamMembers, UpdateTeam
from engine.model.errors import Code
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import rows
from tests.support.world import World

P = Permission


def people(world: World, *names: str) -> frozenset[UUID]:
    return frozenset(world.people[name] for name in names)


def adding(world: World, *names: str) -> AddTeamMembers:
    return AddTeamMembers(team_id=world.things["blue"], user_ids=people(world, *names))


def removing(world: World, *names: str) -> RemoveTeamMembers:
    return RemoveTeamMembers(team_id=world.things["blue"], user_ids=people(world, *names))


def members(world: World) -> set[UUID]:
    return {row.user_id for row in rows(world, t.team_members, team_id=world.things["blue"])}


def revision(world: World) -> int:
    (team,) = rows(world, t.teams, id=world.things["blue"])
    number: int = team.revision
    return number


def test_members_join_and_leave_beside_the_others(world: World) -> None:
    before = len(world.ledger())
    world.do("admin", adding(world, "eve", "dev"))
    assert members(world) == people(world, "ann", "bob", "dev", "eve")
    world.do("admin", removing(world, "eve", "dev"))
    assert members(world) == people(world, "ann", "bob")
    assert tags(world, before) == ["team:updated", "team:updated"]
    (left, stayed) = details_of(world.ledger()[-1])["changes"]["member_ids"]
    assert set(left) - set(stayed) == {str(id_) for id_ in people(world, "dev", "eve")}


def test_who_is_in_already_or_not_in_makes_no_difference(world: World) -> None:
    before, known = len(world.ledger()), revision(world)
    world.do("admin", adding(world, "ann", "dev"))
    world.do("admin", removing(world, "eve"))
    world.do("admin", adding(world))
    assert members(world) == people(world, "ann", "bob", "dev")
    assert (tags(world, before), revision(world)) == ([], known)


def test_members_who_join_at_once_all_join(world: World) -> None:
    names = [f"new{n}" for n in range(4)]
    for name in names:
        world.add_user(name)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: world.do("admin", adding(world, name)), names))
    assert members(world) == people(world, "ann", "bob", "dev", *names)


@pytest.mark.parametrize("kind", [AddTeamMembers, RemoveTeamMembers])
def test_unknown_users_and_teams_are_refused(world: World, kind: type[Any]) -> None:
    blue = world.things["blue"]
    unknown = kind(team_id=blue, user_ids=frozenset({uuid4()}))
    assert_refused(world, "admin", unknown, Code.NOT_FOUND, "user_ids", recorded=False)
    nowhere = kind(team_id=uuid4(), user_ids=people(world, "eve"))
    assert_refused(world, "admin", nowhere, Code.NOT_FOUND, "id", recorded=False)
    mine = kind(team_id=blue, user_ids=people(world, "dev", "eve"))
    assert_refused(world, "dev", mine, Code.FORBIDDEN)


def test_approvers_leave_no_quorum_that_cannot_be_met(world: World) -> None:
    command = removing(world, "bob")
    assert_refused(world, "admin", command, Code.NOT_ENOUGH_APPROVERS, "required_approvals")


def test_who_joins_uses_in_the_team_what_the_credential_covers(world: World) -> None:
    narrow = {"scopes": frozenset({P.MANAGE_TEAMS})}
    assert_refused(world, "ann", adding(world, "eve"), Code.FORBIDDEN, "user_ids", **narrow)
    world.do("admin", adding(world, "eve"))
    world.do("ann", removing(world, "eve"), **narrow)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Red"},
        {"required_approvals": 1},
        {"member_ids": ["ann", "bob"]},
        {"keypair_ids": ["vault"]},
    ],
)
def test_each_change_makes_a_revision_and_refuses_what_is_based_on_the_one_before(
    world: World, change: dict[str, Any]
) -> None:
    named = world.people | world.things
    values = {n: frozenset(named[i] for i in v) if isinstance(v, list) else v
              for n, v in change.items()}  # fmt: skip
    command = UpdateTeam(team_id=world.things["blue"], revision=revision(world), **values)
    known = revision(world)

    world.do("admin", command)

    assert revision(world) == known + 1
    stale = UpdateTeam(team_id=world.things["blue"], revision=known, name="Mine")
    refusal = assert_refused(world, "admin", stale, Code.REVISION_CONFLICT, "revision")
    assert f"at revision {known + 1} now" in refusal.message
    world.do("admin", UpdateTeam(team_id=world.things["blue"], name="Mine"))
