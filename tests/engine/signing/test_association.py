"""Which signatures count toward a release: online and test keypairs, Teams on and off."""

import pytest

from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.errors import Code
from engine.model.vocabulary import KeypairAccess, QuotaOnOnline, ReleaseType, Status
from engine.persistence.store import tables as t
from engine.signing.request import Outcome
from tests.support.refusals import tags
from tests.support.releases import keypair_of, release_in, rows
from tests.support.signing import code_of
from tests.support.world import World

ONLINE_LIKE = [ReleaseType.ONLINE, ReleaseType.TEST]


@pytest.fixture(params=[True, False], ids=["Teams on", "Teams off"])
def teams(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def opened(world: World, type_: ReleaseType, *, teams: bool, maximum: int = 2) -> str:
    """An open release of dev's; with Teams off dev takes part by name. Answers the alias."""
    keypairs = frozenset({keypair_of(world, type_)})
    if not teams:
        world.settings(teams_enabled=False)
    release = world.request(
        type=type_,
        keypair_ids=keypairs,
        starts_at=world.clock.instant,
        max_signatures=maximum,
        teams=teams,
    )
    if type_ is ReleaseType.OFFLINE:
        for name in ("ann", "bob")[: world.release(release).required_approvals]:
            world.decide(name, release)
    assert world.release(release).status is Status.IN_PROGRESS
    return "vault" if type_ is ReleaseType.OFFLINE else type_.lower()


def associated(world: World) -> list[bool]:
    """Of every signature made, those that count toward a release first."""
    found = [row.release_id is not None for row in rows(world, t.signatures)]
    return sorted(found, reverse=True)


def used(world: World) -> int:
    return int(rows(world, t.releases)[0].signatures_used)


def one(world: World, who: str, alias: str) -> Outcome:
    (outcome,) = world.sign(who, alias)
    return outcome


@pytest.mark.parametrize("type_", ReleaseType)
def test_a_participants_signature_in_the_window_is_associated_and_counts(
    world: World, type_: ReleaseType, teams: bool
) -> None:
    alias = opened(world, type_, teams=teams)
    assert code_of(one(world, "dev", alias)) is None
    assert (associated(world), used(world)) == ([True], 1)


def outsider(world: World, alias: str, *, teams: bool) -> str:
    """Eve may use the keypair and takes no part in the release."""
    if teams:
        world.add_user("cid", "LEAD")
        world.add_team("red", ["cid", "eve"], [alias], 1)
    return "eve"


@pytest.mark.parametrize("type_", ReleaseType)
def test_somebody_who_takes_no_part_signs_unassociated_or_with_an_offline_keypair_not(
    world: World, type_: ReleaseType, teams: bool
) -> None:
    alias = opened(world, type_, teams=teams)
    outcome = one(world, outsider(world, alias, teams=teams), alias)
    if type_ is ReleaseType.OFFLINE:
        assert code_of(outcome) is Code.NOT_A_PARTICIPANT
        assert (associated(world), used(world)) == ([], 0)
    else:
        assert code_of(outcome) is None
        assert (associated(world), used(world)) == ([False], 0)


@pytest.mark.parametrize("type_", ONLINE_LIKE)
def test_before_the_start_after_the_end_and_without_a_release_it_is_unassociated(
    world: World, type_: ReleaseType
) -> None:
    alias = type_.lower()
    keypair_of(world, type_)
    assert code_of(one(world, "dev", alias)) is None
    release = release_in(world, Status.ACTIVE, type_)
    assert code_of(one(world, "dev", alias)) is None
    world.clock.instant = world.release(release).fields.ends_at
    before = len(world.ledger())
    assert code_of(one(world, "dev", alias)) is None
    assert tags(world, before) == ["release:opened", "release:closed", "signature:made"]
    assert associated(world) == [False] * 3


@pytest.mark.parametrize("type_", ONLINE_LIKE)
def test_restricted_to_releases_an_online_keypair_signs_in_them_only(
    world: World, type_: ReleaseType, teams: bool
) -> None:
    alias = opened(world, type_, teams=teams, maximum=1)
    world.settings(restrict_signing_to_releases=True, quota_on_online=QuotaOnOnline.UNASSOCIATED)
    eve = outsider(world, alias, teams=teams)
    assert code_of(one(world, eve, alias)) is Code.NOT_A_PARTICIPANT
    assert code_of(one(world, "dev", alias)) is None
    assert code_of(one(world, "dev", alias)) is Code.QUOTA_EXHAUSTED
    world.clock.pass_(hours=3)
    assert code_of(one(world, "dev", alias)) is Code.OUTSIDE_WINDOW
    assert associated(world) == [True]


@pytest.mark.parametrize("type_", ONLINE_LIKE)
@pytest.mark.parametrize("quota", QuotaOnOnline)
def test_over_the_maximum_it_is_refused_or_unassociated_as_the_account_says(
    world: World, type_: ReleaseType, quota: QuotaOnOnline, teams: bool
) -> None:
    alias = opened(world, type_, teams=teams)
    world.settings(quota_on_online=quota)
    codes = [code_of(outcome) for outcome in world.sign("dev", alias, number=4)]
    if quota is QuotaOnOnline.REFUSE:
        assert codes == [None, None, Code.QUOTA_EXHAUSTED, Code.QUOTA_EXHAUSTED]
        assert associated(world) == [True, True]
    else:
        assert codes == [None] * 4
        assert associated(world) == [True, True, False, False]
    assert used(world) == 2


def test_an_offline_keypair_over_its_maximum_is_refused_whatever_the_account_says(
    world: World,
) -> None:
    alias = opened(world, ReleaseType.OFFLINE, teams=True)
    world.settings(quota_on_online=QuotaOnOnline.UNASSOCIATED)
    codes = [code_of(outcome) for outcome in world.sign("dev", alias, number=3)]
    assert codes == [None, None, Code.QUOTA_EXHAUSTED]


@pytest.mark.parametrize("type_", ReleaseType)
def test_the_freeze_stops_every_signature_at_once(
    world: World, type_: ReleaseType, teams: bool
) -> None:
    alias = opened(world, type_, teams=teams)
    world.settings(signing_frozen=True)
    assert code_of(one(world, "dev", alias)) is Code.SIGNING_FROZEN
    world.settings(signing_frozen=False)
    assert code_of(one(world, "dev", alias)) is None


@pytest.mark.parametrize("type_", ReleaseType)
def test_a_restricted_keypair_signs_for_those_mapped_to_it(
    world: World, type_: ReleaseType, teams: bool
) -> None:
    alias = opened(world, type_, teams=teams)
    restricted = UpdateKeypair(
        keypair_id=world.things[alias],
        access=KeypairAccess.RESTRICTED,
        user_ids=frozenset({world.people["eve"]}),
    )
    world.do("admin", restricted)
    assert code_of(one(world, "dev", alias)) is Code.KEYPAIR_RESTRICTED
    both = frozenset({world.people["eve"], world.people["dev"]})
    world.do("admin", UpdateKeypair(keypair_id=world.things[alias], user_ids=both))
    assert code_of(one(world, "dev", alias)) is None


@pytest.mark.parametrize("type_", ONLINE_LIKE)
def test_a_disabled_keypair_signs_nothing_though_no_release_holds_it(
    world: World, type_: ReleaseType
) -> None:
    keypair_of(world, type_)
    alias = type_.lower()
    world.do("admin", UpdateKeypair(keypair_id=world.things[alias], enabled=False))
    assert code_of(one(world, "dev", alias)) is Code.KEYPAIR_DISABLED
    world.do("admin", UpdateKeypair(keypair_id=world.things[alias], enabled=True))
    assert code_of(one(world, "dev", alias)) is None


def test_signing_needs_the_permission_and_a_token_that_reaches_as_far(world: World) -> None:
    alias = opened(world, ReleaseType.ONLINE, teams=True)
    assert code_of(one(world, "ann", alias)) is Code.FORBIDDEN


@pytest.mark.parametrize("type_", ReleaseType)
def test_with_teams_on_a_team_of_the_user_must_have_the_keypair(
    world: World, type_: ReleaseType
) -> None:
    alias = opened(world, type_, teams=True)
    assert code_of(one(world, "eve", alias)) is Code.KEYPAIR_NOT_ALLOWED
    world.set_team("blue", keypairs=["spare"])
    assert code_of(one(world, "dev", alias)) is Code.KEYPAIR_NOT_ALLOWED


def test_who_joins_the_team_takes_part_from_that_moment(world: World) -> None:
    alias = opened(world, ReleaseType.OFFLINE, teams=True)
    assert code_of(one(world, "eve", alias)) is Code.KEYPAIR_NOT_ALLOWED
    world.set_team("blue", members=["ann", "bob", "dev", "eve"])
    assert code_of(one(world, "eve", alias)) is None
