"""Accounts: how one begins, its settings, and switching Teams."""

from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from engine.commands.administration.account import UpdateAccount, create_account
from engine.commands.administration.roles import CreateRole
from engine.commands.administration.teams import UpdateTeam
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.request_release import RequestRelease
from engine.model.errors import Code, Refusal
from engine.model.facts import AccountSettings
from engine.model.grants import LOOSENED_BY
from engine.model.vocabulary import Permission, QuotaOnOnline, ReleaseType, Status
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import release_in, rows
from tests.support.world import World

P = Permission


def setting(world: World, **settings: Any) -> UpdateAccount:
    return UpdateAccount(account_id=world.account_id, settings=settings)


def test_an_account_begins_with_the_specified_settings_and_one_administrator(
    world: World,
) -> None:
    account = create_account(world.system, " Other ", "root@example.com")
    with world.system.database.reading() as connection:
        settings = loading.load_settings(connection, account.account_id)
    assert settings.account_name == "Other"
    assert (settings.signing_frozen, settings.teams_enabled) == (False, True)
    assert (settings.reapprove_on_edit, settings.allow_self_approval) == (True, False)
    assert (settings.required_approvals, settings.quota_on_online) == (1, QuotaOnOnline.REFUSE)
    assert settings.enabled_release_types == frozenset(ReleaseType)
    assert settings.restrict_signing_to_releases is False
    assert settings.max_window_days == 366
    (user,) = rows(world, t.users, account_id=account.account_id)
    assert (user.id, user.email, user.active) == (account.user_id, "root@example.com", True)
    entries = rows(world, t.ledger_entries, account_id=account.account_id)
    assert {e.position: e.tag for e in entries} == {1: "account:created", 2: "user:created"}


@pytest.mark.parametrize("days", [-1, 0, 36_501])
def test_the_longest_window_is_a_day_or_more(world: World, days: int) -> None:
    command = setting(world, max_window_days=days)
    assert_refused(world, "admin", command, Code.INVALID_INPUT, "max_window_days", recorded=False)


@pytest.mark.parametrize("days", [1, 36_500])
def test_a_window_may_be_as_long_as_the_settings_say(world: World, days: int) -> None:
    world.settings(max_window_days=days)
    starts_at = world.clock.instant + timedelta(hours=1)
    longest = starts_at + timedelta(days=days)
    fields = world.fields(starts_at=starts_at, ends_at=longest + timedelta(microseconds=1))
    asking = RequestRelease(fields=fields)
    assert_refused(world, "dev", asking, Code.WINDOW_INVALID, "ends_at")

    release = world.request(starts_at=starts_at, ends_at=longest)

    assert world.release(release).fields.ends_at == longest


@pytest.mark.parametrize(
    ("name", "email", "code"),
    [
        ("", "root@example.com", Code.INVALID_INPUT),
        ("a\nb", "root@example.com", Code.INVALID_INPUT),
        ("Other", "root", Code.INVALID_INPUT),
        ("ACME", "root@example.com", Code.NAME_TAKEN),
    ],
)
def test_a_refused_account_leaves_nothing_behind(
    world: World, name: str, email: str, code: Code
) -> None:
    before = world.snapshot()
    with pytest.raises(Refusal) as refused:
        create_account(world.system, name, email)
    assert refused.value.code is code
    assert world.snapshot() == before
    assert len(rows(world, t.ledger_heads)) == 1


def test_every_setting_is_changed_and_written_down(world: World) -> None:
    expected = {
        "signing_frozen": True,
        "teams_enabled": False,
        "reapprove_on_edit": False,
        "allow_self_approval": True,
        "required_approvals": 3,
        "enabled_release_types": frozenset({ReleaseType.OFFLINE}),
        "quota_on_online": QuotaOnOnline.UNASSOCIATED,
        "restrict_signing_to_releases": True,
    }
    before = len(world.ledger())
    world.settings(**expected)
    with world.system.database.reading() as connection:
        settings = loading.load_settings(connection, world.account_id)
    assert {name: getattr(settings, name) for name in expected} == expected
    assert tags(world, before) == ["account:updated"]
    changes = details_of(world.ledger()[-1])["changes"]
    assert set(changes) == set(expected)
    assert changes["required_approvals"] == [1, 3]


def test_what_is_as_it_was_is_no_change(world: World) -> None:
    before = len(world.ledger())
    world.settings(teams_enabled=True, required_approvals=1)
    world.settings()
    assert tags(world, before) == []


def test_settings_need_manage_account(world: World) -> None:
    assert_refused(world, "ann", setting(world, signing_frozen=True), Code.FORBIDDEN)
    narrowed = frozenset({Permission.MANAGE_USERS})
    command = setting(world, signing_frozen=True)
    assert_refused(world, "admin", command, Code.FORBIDDEN, scopes=narrowed)


#: Changes that let others do more, with what the credential then has to cover, and their opposites.
LOOSENINGS: list[tuple[dict[str, Any], dict[str, Any], set[Permission]]] = [
    ({"signing_frozen": True}, {"signing_frozen": False}, {P.SIGN}),
    ({"reapprove_on_edit": True}, {"reapprove_on_edit": False}, {P.APPROVE_RELEASE}),
    ({"allow_self_approval": False}, {"allow_self_approval": True}, {P.APPROVE_RELEASE}),
    ({"required_approvals": 3}, {"required_approvals": 2}, {P.APPROVE_RELEASE}),
    ({"signed_in_approvals": True}, {"signed_in_approvals": False}, {P.APPROVE_RELEASE}),
    (
        {"enabled_release_types": frozenset({ReleaseType.OFFLINE})},
        {"enabled_release_types": frozenset({ReleaseType.ONLINE})},
        {P.REQUEST_RELEASE},
    ),
    (
        {"quota_on_online": QuotaOnOnline.REFUSE},
        {"quota_on_online": QuotaOnOnline.UNASSOCIATED},
        {P.SIGN},
    ),
    ({"restrict_signing_to_releases": True}, {"restrict_signing_to_releases": False}, {P.SIGN}),
    ({"max_window_days": 30}, {"max_window_days": 31}, {P.SIGN}),
    ({"teams_enabled": False}, {"teams_enabled": True}, {P.APPROVE_RELEASE}),
    (
        {"teams_enabled": True},
        {"teams_enabled": False},
        {P.VIEW_RELEASES, P.REQUEST_RELEASE, P.APPROVE_RELEASE, P.SIGN},
    ),
]


@pytest.mark.parametrize(("strict", "loose", "used"), LOOSENINGS)
def test_a_token_loosens_a_setting_only_as_far_as_it_covers_what_others_then_do(
    world: World, strict: dict[str, Any], loose: dict[str, Any], used: set[Permission]
) -> None:
    world.settings(**strict)
    every = frozenset(Permission)
    for missing in used:
        refusal = assert_refused(
            world,
            "admin",
            setting(world, **loose),
            Code.FORBIDDEN,
            *loose,
            scopes=every - {missing},
        )
        assert refusal.message == (
            f"This token lacks the scope {missing}. Use one that has it, or sign in."
        )
    world.do("admin", setting(world, **loose), scopes=frozenset({P.MANAGE_ACCOUNT, *used}))
    # The way back makes the account stricter.
    if strict.keys().isdisjoint({"teams_enabled", "enabled_release_types"}):
        world.do("admin", setting(world, **strict), scopes=frozenset({P.MANAGE_ACCOUNT}))


def test_a_refused_loosening_changes_none_of_the_other_settings(world: World) -> None:
    command = setting(world, max_window_days=30, allow_self_approval=True)
    scopes = frozenset({P.MANAGE_ACCOUNT})
    assert_refused(world, "admin", command, Code.FORBIDDEN, "allow_self_approval", scopes=scopes)


def test_whoever_manages_the_account_in_person_loosens_it(world: World) -> None:
    world.do("admin", CreateRole(name="Keeper", permissions=frozenset({P.MANAGE_ACCOUNT})))
    world.add_user("kim", "Keeper")
    world.do("kim", setting(world, allow_self_approval=True))
    assert world.ledger()[-1].tag == "account:updated"


def test_it_is_decided_of_every_setting_what_loosens_it() -> None:
    names = {field.name for field in fields(AccountSettings)} - {"account_id", "account_name"}
    assert LOOSENED_BY.keys() == names


@pytest.mark.parametrize("required", [0, -1, 10**9])
def test_a_quorum_is_one_or_more(world: World, required: int) -> None:
    command = setting(world, required_approvals=required, signing_frozen=True)
    assert_refused(world, "admin", command, Code.INVALID_INPUT, recorded=False)


def test_another_account_does_not_exist(world: World) -> None:
    other = create_account(world.system, "Other", "root@example.com")
    for account_id in (other.account_id, uuid4()):
        command = UpdateAccount(account_id=account_id, settings={"signing_frozen": True})
        assert_refused(world, "admin", command, Code.NOT_FOUND, recorded=False)


# --- switching Teams ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.APPROVED, Status.ACTIVE, Status.IN_PROGRESS]
)
def test_teams_are_not_switched_while_a_release_is_open_and_it_is_named(
    world: World, status: Status
) -> None:
    type_ = ReleaseType.ONLINE if status is Status.ACTIVE else ReleaseType.OFFLINE
    release_in(world, status, type_)
    command = setting(world, teams_enabled=False)
    refusal = assert_refused(world, "admin", command, Code.WRONG_STATUS, "teams_enabled")
    assert "Falcon 1.0" in refusal.message


def test_every_release_in_the_way_is_named_up_to_twenty(world: World) -> None:
    keys = [f"key {number}" for number in range(22)]
    for key in keys:
        world.add_keypair(key)
    world.set_team("blue", keypairs=keys)
    for number, key in enumerate(keys):
        world.request(name=f"Release {number:02}", keypair_ids=frozenset({world.things[key]}))
    refusal = assert_refused(world, "admin", setting(world, teams_enabled=False), Code.WRONG_STATUS)
    named = [number for number in range(22) if f"Release {number:02}" in refusal.message]
    assert named == list(range(20))
    assert "and 2 more" in refusal.message


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.REJECTED])
def test_ended_releases_are_in_nobodys_way(world: World, status: Status) -> None:
    release = release_in(world, status)
    world.settings(teams_enabled=False)
    world.settings(teams_enabled=True)
    assert world.release(release).fields.team_id == world.things["blue"]


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED, Status.IN_PROGRESS])
def test_a_release_whose_window_is_over_has_ended_though_nobody_looked(
    world: World, status: Status
) -> None:
    release = release_in(world, status)
    world.clock.instant = world.release(release).fields.ends_at - timedelta(microseconds=1)
    command = setting(world, teams_enabled=False)
    assert_refused(world, "admin", command, Code.WRONG_STATUS)
    world.clock.pass_(microseconds=1)
    world.do("admin", command)


def test_switching_to_teams_needs_the_same_and_releases_then_name_a_team(world: World) -> None:
    world.settings(teams_enabled=False)
    release = world.request(teams=False)
    command = setting(world, teams_enabled=True)
    assert_refused(world, "admin", command, Code.WRONG_STATUS)
    world.decide("ann", release)
    world.clock.pass_(hours=3)
    world.do("admin", command)
    world.request(name="Eagle")


def test_a_token_lowers_a_teams_quorum_only_if_it_covers_approving(world: World) -> None:
    blue = world.things["blue"]
    command = UpdateTeam(team_id=blue, required_approvals=1)
    for scopes in (frozenset({P.MANAGE_TEAMS}), frozenset(Permission) - {P.APPROVE_RELEASE}):
        refusal = assert_refused(
            world, "admin", command, Code.FORBIDDEN, "required_approvals", scopes=scopes
        )
        assert "lacks the scope APPROVE_RELEASE" in refusal.message
    world.do("admin", command, scopes=frozenset({P.MANAGE_TEAMS, P.APPROVE_RELEASE}))
    stricter = UpdateTeam(team_id=blue, required_approvals=2)
    world.do("admin", stricter, scopes=frozenset({P.MANAGE_TEAMS}))
    # Whoever manages teams in person lowers it without approving themselves.
    world.do("admin", command)


def test_a_token_enables_a_keypair_only_if_it_covers_signing(world: World) -> None:
    vault = world.things["vault"]
    disable, enable = (UpdateKeypair(keypair_id=vault, enabled=on) for on in (False, True))
    world.do("admin", disable, scopes=frozenset({P.MANAGE_KEYPAIRS}))
    refusal = assert_refused(
        world, "admin", enable, Code.FORBIDDEN, "enabled", scopes=frozenset({P.MANAGE_KEYPAIRS})
    )
    assert "lacks the scope SIGN" in refusal.message
    world.do("admin", enable, scopes=frozenset({P.MANAGE_KEYPAIRS, P.SIGN}))
