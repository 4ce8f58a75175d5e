"""Teams: members, keypairs they may use, and a quorum their approvers could reach."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.commands.administration.teams import CreateTeam, UpdateTeam
from engine.commands.administration.users import UpdateUser
from engine.model.errors import Code
from engine.model.vocabulary import Permission, Status
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import release_in, rows
from tests.support.world import World, make_world


def making(world: World, *members: str, **changes: Any) -> CreateTeam:
    people = frozenset(world.people[name] for name in members or ("ann", "dev"))
    return CreateTeam(**({"name": "Red", "member_ids": people} | changes))


def updating(world: World, **changes: Any) -> UpdateTeam:
    return UpdateTeam(team_id=world.things["blue"], **changes)


@pytest.mark.parametrize("who", ["admin", "ann"])
def test_a_team_is_made_and_written_down(world: World, who: str) -> None:
    before = len(world.ledger())
    team_id = world.do(who, making(world, keypair_ids=frozenset({world.things["spare"]})))
    assert tags(world, before) == ["team:created"]
    assert {row.user_id for row in rows(world, t.team_members, team_id=team_id)} == {
        world.people["ann"],
        world.people["dev"],
    }
    assert len(rows(world, t.team_keypairs, team_id=team_id)) == 1
    assert details_of(world.ledger()[-1])["changes"]["required_approvals"] == [None, 1]


BAD_INPUT: list[tuple[Any, ...]] = [
    ({"name": ""}, Code.INVALID_INPUT, "name"),
    ({"name": "a\r\nb"}, Code.INVALID_INPUT, "name"),
    ({"required_approvals": 0}, Code.INVALID_INPUT, "required_approvals"),
    ({"required_approvals": -1}, Code.INVALID_INPUT, "required_approvals"),
    ({"required_approvals": 10**9}, Code.INVALID_INPUT, "required_approvals"),
    ({"member_ids": frozenset({uuid4()})}, Code.NOT_FOUND, "member_ids"),
    ({"keypair_ids": frozenset({uuid4()})}, Code.NOT_FOUND, "keypair_ids"),
]


def test_bad_input_makes_and_changes_no_team(world: World) -> None:
    for changes, code, field in BAD_INPUT:
        assert_refused(world, "admin", making(world, **changes), code, field, recorded=False)
        assert_refused(world, "admin", updating(world, **changes), code, field, recorded=False)


def test_a_name_is_taken_once_in_the_account(world: World) -> None:
    assert_refused(world, "admin", making(world, name="BLUE"), Code.NAME_TAKEN, "name")
    world.do("admin", making(world))
    assert_refused(world, "admin", updating(world, name="red"), Code.NAME_TAKEN, "name")
    make_world(world.system.database, account="Other")


def test_a_quorum_is_never_more_than_the_possible_approvers(world: World) -> None:
    field = "required_approvals"
    too_few = making(world, "ann", "dev", required_approvals=2)
    assert_refused(world, "admin", too_few, Code.NOT_ENOUGH_APPROVERS, field)
    assert_refused(world, "admin", making(world, "dev"), Code.NOT_ENOUGH_APPROVERS, field)
    over = updating(world, required_approvals=3)
    assert_refused(world, "admin", over, Code.NOT_ENOUGH_APPROVERS, field)
    fewer = updating(world, member_ids=frozenset({world.people["ann"], world.people["dev"]}))
    assert_refused(world, "admin", fewer, Code.NOT_ENOUGH_APPROVERS, field)


@pytest.mark.parametrize("change", [{"active": False}, {"roles": ("SIGNER",)}])
def test_whoever_leaves_a_quorum_unmet_may_go_and_the_teams_are_named(
    world: World, change: dict[str, Any]
) -> None:
    world.add_user("cid", "LEAD")
    world.add_team("red", ["ann", "bob", "cid"], [], 2)
    bob = world.people["bob"]
    world.do("admin", UpdateUser(user_id=bob, **change))
    said = details_of(world.ledger()[-1])["changes"]
    assert said.keys() == {*change, "teams_short_of_approvers"}
    assert said["teams_short_of_approvers"] == [[], ["blue"]]
    world.do("admin", UpdateUser(user_id=bob, active=True, roles=("LEAD",)))
    assert details_of(world.ledger()[-1])["changes"]["teams_short_of_approvers"] == [["blue"], []]


def test_a_team_left_short_is_edited_in_every_way_that_makes_it_no_worse(world: World) -> None:
    world.add_user("cid", "LEAD")
    world.add_user("fay", "LEAD")
    world.do("admin", UpdateUser(user_id=world.people["bob"], active=False))

    def members(*names: str) -> frozenset[UUID]:
        return frozenset(world.people[name] for name in names)

    world.do("admin", updating(world, name="Azure", member_ids=members("ann", "dev")))
    world.do("admin", updating(world, member_ids=members("ann", "dev", "eve")))
    for worse in (
        {"required_approvals": 3},
        {"member_ids": members("dev", "eve")},
        {"member_ids": members("dev", "cid"), "required_approvals": 3},
    ):
        command = updating(world, **worse)
        assert_refused(world, "admin", command, Code.NOT_ENOUGH_APPROVERS, "required_approvals")
    world.do("admin", updating(world, member_ids=members("ann", "cid", "fay", "dev")))
    fewer = updating(world, member_ids=members("ann", "dev"))
    assert_refused(world, "admin", fewer, Code.NOT_ENOUGH_APPROVERS, "required_approvals")


def test_pipelines_and_the_inactive_are_no_possible_approvers(world: World) -> None:
    world.add_user("bot", "LEAD", service=True)
    pipeline = making(world, "ann", "bot", required_approvals=2)
    assert_refused(world, "admin", pipeline, Code.NOT_ENOUGH_APPROVERS)


def test_a_change_says_what_was_and_what_is_and_none_leaves_as_it_is(world: World) -> None:
    world.do("ann", updating(world, name="Azure", required_approvals=1))
    assert details_of(world.ledger()[-1])["changes"] == {
        "name": ["blue", "Azure"],
        "required_approvals": [2, 1],
    }
    known = len(world.ledger())
    world.do("ann", updating(world, name="Azure"))
    assert tags(world, known) == []
    assert len(rows(world, t.team_members)) == 3


def test_making_and_changing_need_manage_teams(world: World) -> None:
    assert_refused(world, "dev", making(world), Code.FORBIDDEN)
    assert_refused(world, "dev", updating(world, name="Azure"), Code.FORBIDDEN)
    narrowed = frozenset({Permission.REQUEST_RELEASE})
    assert_refused(world, "ann", making(world), Code.FORBIDDEN, scopes=narrowed)


def test_unknown_and_foreign_teams_people_and_keypairs_do_not_exist(world: World) -> None:
    other = make_world(world.system.database, account="Other")
    for team_id in (uuid4(), other.things["blue"]):
        command = UpdateTeam(team_id=team_id, name="Mine")
        assert_refused(world, "admin", command, Code.NOT_FOUND, recorded=False)
    people = frozenset({other.people["dev"]})
    command = updating(world, member_ids=people)
    assert_refused(world, "admin", command, Code.NOT_FOUND, "member_ids", recorded=False)
    keypairs = frozenset({other.things["vault"]})
    command = updating(world, keypair_ids=keypairs)
    assert_refused(world, "admin", command, Code.NOT_FOUND, "keypair_ids", recorded=False)


def test_a_round_under_way_keeps_its_quorum_and_its_votes(world: World) -> None:
    release = world.request()
    world.do("admin", updating(world, required_approvals=1))
    world.decide("ann", release)
    assert world.release(release).status is Status.PENDING
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED


def test_who_leaves_the_team_signs_no_more_in_its_releases(world: World) -> None:
    release_in(world, Status.IN_PROGRESS)
    world.set_team("blue", members=["ann", "bob"])
    (outcome,) = world.sign("dev")
    assert getattr(outcome, "refusal", None) is not None
    assert outcome.refusal.code is Code.KEYPAIR_NOT_ALLOWED  # type: ignore[union-attr]
