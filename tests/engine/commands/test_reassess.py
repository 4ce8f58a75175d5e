"""Facts of a quorum change in the middle of a round: complete requests are approved at once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import UpdateUser
from engine.commands.keys.certificates import RemoveCertificate
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.reassess import REASON
from engine.commands.releases.decide import Decide
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.errors import Code
from engine.model.vocabulary import Channel, Permission, ReleaseType, Status, Verdict
from tests.support.chains import add_certificate
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import keypair_of, moves, release_in
from tests.support.world import World

Change = Callable[[World], None]


def user(name: str, **changes: Any) -> Change:
    return lambda world: world.do("admin", UpdateUser(user_id=world.people[name], **changes))


def team(**changes: Any) -> Change:
    return lambda world: world.set_team("blue", **changes)


def settings(**changes: Any) -> Change:
    return lambda world: world.settings(**changes)


def keypair(**changes: Any) -> Change:
    return lambda world: world.do(
        "admin", UpdateKeypair(keypair_id=world.things["vault"], **changes)
    )


def with_certificate(world: World) -> None:
    world.things["certificate"] = add_certificate(world)


def without_certificate(world: World) -> None:
    command = RemoveCertificate(
        keypair_id=world.things["vault"], certificate_id=world.things["certificate"]
    )
    world.do("admin", command)


def role(*permissions: Permission) -> Change:
    return lambda world: world.do(
        "admin",
        UpdateRole(role_id=world.things["reviewer"], permissions=frozenset(permissions)),
    )


def approving(release: UUID, revision: int = 1) -> Decide:
    return Decide(release_id=release, revision=revision, verdict=Verdict.APPROVE)


@pytest.fixture
def reviewed(world: World) -> World:
    """The world with a third approver, cid, and with ann an approver by a role of the account's."""
    world.add_third_approver()
    permissions = frozenset({Permission.APPROVE_RELEASE, Permission.VIEW_RELEASES})
    command = CreateRole(name="Reviewer", permissions=permissions)
    world.things["reviewer"] = world.do("admin", command)
    user("ann", roles=("Reviewer",))(world)
    return world


#: What takes ann's vote away, and what gives it back.
VOTE_OF_ANN: dict[str, tuple[Change, Change]] = {
    "role": (user("ann", roles=("SIGNER",)), user("ann", roles=("LEAD",))),
    "deactivated": (user("ann", active=False), user("ann", active=True)),
    "permissions of the role": (
        role(Permission.VIEW_RELEASES),
        role(Permission.VIEW_RELEASES, Permission.APPROVE_RELEASE),
    ),
    "team": (
        team(members=["bob", "cid", "dev"]),
        team(members=["ann", "bob", "cid", "dev"]),
    ),
}


@pytest.mark.parametrize("name", VOTE_OF_ANN)
def test_a_vote_that_counts_again_completes_the_quorum_at_once(reviewed: World, name: str) -> None:
    world = reviewed
    away, back = VOTE_OF_ANN[name]
    release = world.request()
    world.decide("ann", release)
    away(world)
    world.decide("bob", release)
    assert world.release(release).status is Status.PENDING
    world.clock.pass_(minutes=1)
    before = len(world.ledger())
    back(world)
    assert world.release(release).status is Status.APPROVED
    changed, approved = world.ledger()[before:]
    assert changed.actor_id == world.admin_id
    assert (approved.tag, approved.actor_id) == ("release:approved", None)
    assert f'"channel":"{Channel.CLOCK}"' in approved.body
    assert f'"reason":"{REASON}"' in approved.body
    assert moves(world, release)[-1] == (Status.PENDING, Status.APPROVED, world.clock.instant)


@pytest.mark.parametrize("name", VOTE_OF_ANN)
def test_while_a_vote_does_not_count_another_one_completes_the_quorum(
    reviewed: World, name: str
) -> None:
    world = reviewed
    release = world.request()
    world.decide("ann", release)
    VOTE_OF_ANN[name][0](world)
    world.decide("bob", release)
    world.decide("cid", release)
    assert world.release(release).status is Status.APPROVED
    before = len(world.ledger())
    VOTE_OF_ANN[name][1](world)
    assert "release:approved" not in tags(world, before)


def test_with_teams_off_the_votes_of_the_account_are_counted_again(world: World) -> None:
    world.settings(teams_enabled=False, required_approvals=2)
    release = world.request(teams=False)
    world.decide("ann", release)
    user("ann", roles=())(world)
    world.decide("bob", release)
    user("ann", roles=("LEAD",))(world)
    assert world.release(release).status is Status.APPROVED


def test_ones_own_vote_counts_again_once_self_approval_is_switched_on(world: World) -> None:
    world.add_third_approver()
    world.settings(allow_self_approval=True)
    release = world.request("ann")
    world.decide("ann", release)
    world.settings(allow_self_approval=False)
    world.decide("bob", release)
    assert world.release(release).status is Status.PENDING
    world.settings(allow_self_approval=True)
    assert world.release(release).status is Status.APPROVED


def test_every_request_that_a_change_completes_is_approved_and_no_other(world: World) -> None:
    world.add_third_approver()
    spare = frozenset({world.things["spare"]})
    first, second = world.request(), world.request(name="Eagle", keypair_ids=spare)
    world.add_keypair("further")
    team(keypairs=["vault", "spare", "further"])(world)
    third = world.request(name="Raven", keypair_ids=frozenset({world.things["further"]}))
    for release in (first, second, third):
        world.decide("ann", release)
    user("ann", active=False)(world)
    world.decide("bob", first)
    world.decide("bob", second)
    before = len(world.ledger())
    user("ann", active=True)(world)
    assert tags(world, before) == ["user:updated", "release:approved", "release:approved"]
    statuses = [world.release(release).status for release in (first, second, third)]
    assert statuses == [Status.APPROVED, Status.APPROVED, Status.PENDING]


def test_completed_after_its_start_it_opens_at_once(world: World) -> None:
    release = world.request()
    world.decide("ann", release)
    user("ann", active=False)(world)
    world.decide("bob", release)
    world.clock.pass_(hours=2)
    before = len(world.ledger())
    user("ann", active=True)(world)
    assert tags(world, before) == ["user:updated", "release:approved", "release:opened"]
    assert world.release(release).status is Status.IN_PROGRESS


def test_what_is_over_when_it_would_be_complete_has_expired(world: World) -> None:
    release = world.request()
    world.decide("ann", release)
    user("ann", active=False)(world)
    world.decide("bob", release)
    world.clock.pass_(hours=3)
    before = len(world.ledger())
    user("ann", active=True)(world)
    assert tags(world, before) == ["release:expired", "user:updated"]
    assert world.release(release).status is Status.FAILED


def test_a_refused_change_completes_nothing(world: World) -> None:
    release = world.request()
    world.decide("ann", release)
    user("ann", active=False)(world)
    world.decide("bob", release)
    command = UpdateUser(user_id=world.people["ann"], active=True)
    assert_refused(world, "dev", command, Code.FORBIDDEN)
    assert world.release(release).status is Status.PENDING


def test_a_material_edit_of_a_voter_voids_the_votes_and_is_no_case_for_it(world: World) -> None:
    world.add_third_approver()
    release = world.request()
    world.decide("ann", release)
    command = ReviseRelease(release_id=release, revision=1, changes={"max_signatures": 6})
    world.do("ann", command)
    world.decide("bob", release)
    world.settings(allow_self_approval=True)
    assert world.release(release).status is Status.PENDING


# --- what creation checked ------------------------------------------------------------------

#: What makes a request of blue's unfit, the refusal of its approval, and what mends it.
UNFIT: dict[str, tuple[Change, Code, Change]] = {
    "keypair not the team's": (
        team(keypairs=["spare"]),
        Code.KEYPAIR_NOT_ALLOWED,
        team(keypairs=["vault"]),
    ),
    "type switched off": (
        settings(enabled_release_types=frozenset({ReleaseType.ONLINE})),
        Code.RELEASE_TYPE_DISABLED,
        settings(enabled_release_types=frozenset(ReleaseType)),
    ),
    "keypair disabled": (
        keypair(enabled=False),
        Code.KEYPAIR_DISABLED,
        keypair(enabled=True),
    ),
    "no default certificate": (
        without_certificate,
        Code.KEYPAIR_CERTIFICATE_MISMATCH,
        with_certificate,
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_creation_would_refuse_is_not_approved_and_the_change_names_it(
    world: World, name: str
) -> None:
    breaks, code, mends = UNFIT[name]
    with_certificate(world)
    release = world.request(with_default_certificate=True)
    world.decide("ann", release)
    breaks(world)
    entry = world.ledger()[-1]
    assert details_of(entry)["changes"]["releases_in_conflict"] == [[], ["Falcon 1.0"]]
    refusal = assert_refused(world, "bob", approving(release), code)
    assert refusal.message.startswith("The request cannot be approved as it stands. ")
    mends(world)
    assert details_of(world.ledger()[-1])["changes"]["releases_in_conflict"] == [["Falcon 1.0"], []]
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED


@pytest.mark.parametrize("name", UNFIT)
def test_a_complete_quorum_waits_for_what_creation_would_refuse(world: World, name: str) -> None:
    breaks, _, mends = UNFIT[name]
    with_certificate(world)
    release = world.request(with_default_certificate=True)
    world.decide("ann", release)
    user("ann", active=False)(world)
    world.decide("bob", release)
    breaks(world)
    user("ann", active=True)(world)
    assert world.release(release).status is Status.PENDING
    mends(world)
    assert world.release(release).status is Status.APPROVED


def test_an_inactive_participant_is_left_out_before_a_request_is_approved(world: World) -> None:
    world.settings(teams_enabled=False)
    release = world.request("eve", teams=False)
    user("dev", active=False)(world)
    assert details_of(world.ledger()[-1])["changes"]["releases_in_conflict"] == [[], ["Falcon 1.0"]]
    assert_refused(world, "ann", approving(release), Code.INVALID_INPUT, recorded=False)
    changes = {"participant_ids": frozenset({world.people["eve"]})}
    world.do("eve", ReviseRelease(release_id=release, revision=1, changes=changes))
    world.decide("ann", release)
    assert world.release(release).status is Status.APPROVED


@pytest.mark.parametrize("status", [Status.APPROVED, Status.ACTIVE, Status.IN_PROGRESS])
def test_a_change_names_the_releases_that_are_past_their_approval_too(
    world: World, status: Status
) -> None:
    type_ = ReleaseType.ONLINE if status is Status.ACTIVE else ReleaseType.OFFLINE
    keypair_of(world, type_)
    release_in(world, status, type_)
    for change in (
        team(keypairs=["spare"]),
        settings(enabled_release_types=frozenset({ReleaseType.TEST})),
    ):
        change(world)
    first, second = (details_of(entry)["changes"] for entry in world.ledger()[-2:])
    assert first["releases_in_conflict"] == [[], ["Falcon 1.0"]]
    assert "releases_in_conflict" not in second


def test_of_an_approved_release_a_participant_may_leave_without_breaking_it(world: World) -> None:
    world.settings(teams_enabled=False)
    release = world.request("eve", teams=False)
    world.decide("ann", release)
    user("dev", active=False)(world)
    assert details_of(world.ledger()[-1])["changes"].keys() == {"active"}


def test_only_so_many_releases_are_named_and_the_rest_is_counted(world: World) -> None:
    aliases = [f"key {number}" for number in range(22)]
    for alias in aliases:
        world.add_keypair(alias)
    team(keypairs=aliases)(world)
    for alias in aliases:
        world.request(name=f"Release of {alias}", keypair_ids=frozenset({world.things[alias]}))
    team(keypairs=["vault"])(world)
    before, named = details_of(world.ledger()[-1])["changes"]["releases_in_conflict"]
    assert before == []
    assert (len(named), named[0], named[-1]) == (21, "Release of key 0", "+2")


# --- a quorum that cannot be met any more ---------------------------------------------------


def test_a_change_names_the_requests_that_too_few_can_approve(world: World) -> None:
    release = world.request()
    user("ann", active=False)(world)
    changes = details_of(world.ledger()[-1])["changes"]
    assert changes["releases_short_of_approvers"] == [[], ["Falcon 1.0"]]
    assert changes["teams_short_of_approvers"] == [[], ["blue"]]
    world.decide("bob", release)
    user("ann", active=True)(world)
    changes = details_of(world.ledger()[-1])["changes"]
    assert changes["releases_short_of_approvers"] == [["Falcon 1.0"], []]


def test_a_request_is_short_of_approvers_where_its_team_is_not(world: World) -> None:
    world.settings(allow_self_approval=True)
    release = world.request("ann")
    world.settings(allow_self_approval=False)
    assert details_of(world.ledger()[-1])["changes"] == {
        "allow_self_approval": [True, False],
        "releases_short_of_approvers": [[], ["Falcon 1.0"]],
    }
    # The round keeps the number it began with: to lower that of the team changes nothing for it.
    world.do("admin", UpdateTeam(team_id=world.things["blue"], required_approvals=1))
    assert details_of(world.ledger()[-1])["changes"] == {"required_approvals": [2, 1]}
    world.decide("bob", release)
    assert world.release(release).status is Status.PENDING
