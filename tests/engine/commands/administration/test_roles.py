"""Roles: the built-in ones as specified and unchangeable, and the account's own."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.users import UpdateUser
from engine.model.errors import Code
from engine.model.grants import ADMINISTRATION
from engine.model.vocabulary import ROLE_PERMISSIONS, Permission
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import rows
from tests.support.world import World, make_world

P = Permission
#: Spec section 2, "Built-in roles".
BUILT_IN = {
    "ADMIN": {
        P.REQUEST_RELEASE,
        P.VIEW_RELEASES,
        P.MANAGE_KEYPAIRS,
        P.MANAGE_TEAMS,
        P.MANAGE_USERS,
        P.MANAGE_ACCOUNT,
        P.VIEW_LEDGER,
    },
    "LEAD": {P.REQUEST_RELEASE, P.APPROVE_RELEASE, P.VIEW_RELEASES, P.MANAGE_TEAMS},
    "DEVELOPER": {P.REQUEST_RELEASE, P.VIEW_RELEASES, P.SIGN},
    "SIGNER": {P.VIEW_RELEASES, P.SIGN},
    "AUDITOR": {P.VIEW_RELEASES, P.VIEW_LEDGER},
}


def held(world: World, user_id: UUID) -> frozenset[Permission]:
    with world.system.database.reading() as connection:
        return loading.load_permissions(connection, user_id)


def test_every_account_begins_with_the_built_in_roles(world: World) -> None:
    found = {
        role.name: {row.permission for row in rows(world, t.role_permissions, role_id=role.id)}
        for role in rows(world, t.roles, built_in=True)
    }
    assert found == BUILT_IN


def test_there_are_the_permissions_of_the_specification_and_no_others() -> None:
    own = {P.MANAGE_OWN_PROFILE, P.MANAGE_OWN_TOKENS}
    assert set().union(*BUILT_IN.values()) == set(Permission) - own


def test_a_role_of_ones_own_grants_what_it_names(world: World) -> None:
    before = len(world.ledger())
    permissions = frozenset({P.SIGN, P.APPROVE_RELEASE})
    world.do("admin", CreateRole(name=" Signing lead ", permissions=permissions))
    assert tags(world, before) == ["role:created"]
    fay = world.add_user("fay", "signing LEAD")
    assert held(world, fay) == permissions


def test_roles_add_up(world: World) -> None:
    fay = world.add_user("fay", "SIGNER", "AUDITOR")
    assert held(world, fay) == BUILT_IN["SIGNER"] | BUILT_IN["AUDITOR"]


def test_a_changed_role_holds_at_once_for_everyone_who_has_it(world: World) -> None:
    role = world.do("admin", CreateRole(name="Helper", permissions=frozenset({P.SIGN})))
    fay = world.add_user("fay", "Helper")
    command = UpdateRole(role_id=role, name="Aide", permissions=frozenset({P.VIEW_LEDGER}))
    world.do("admin", command)
    assert held(world, fay) == {P.VIEW_LEDGER}
    assert details_of(world.ledger()[-1])["changes"] == {
        "name": ["Helper", "Aide"],
        "permissions": [["SIGN"], ["VIEW_LEDGER"]],
    }
    known = len(world.ledger())
    world.do("admin", command)
    assert tags(world, known) == []


def test_a_role_that_approves_no_more_names_the_teams_it_leaves_short(world: World) -> None:
    role = world.do(
        "admin", CreateRole(name="Approver", permissions=frozenset({P.APPROVE_RELEASE}))
    )
    for name in ("fay", "gus"):
        world.add_user(name, "Approver")
    world.add_team("red", ["fay", "gus", "ann"], [], 2)
    world.add_team("Azure", ["fay", "ann", "bob"], [], 2)
    world.do("admin", UpdateRole(role_id=role, permissions=frozenset({P.SIGN})))
    assert details_of(world.ledger()[-1])["changes"] == {
        "permissions": [["APPROVE_RELEASE"], ["SIGN"]],
        "teams_short_of_approvers": [[], ["red"]],
    }


def test_the_built_in_roles_stay_as_they_are(world: World) -> None:
    for role in rows(world, t.roles, built_in=True):
        for change in ({"name": "Other"}, {"permissions": ROLE_PERMISSIONS}):
            command = UpdateRole(role_id=role.id, **change)
            assert_refused(world, "admin", command, Code.FIELD_LOCKED)


@pytest.mark.parametrize(
    ("name", "code", "recorded"),
    [
        ("", Code.INVALID_INPUT, False),
        ("a\nb", Code.INVALID_INPUT, False),
        ("r" * 201, Code.INVALID_INPUT, False),
        ("admin", Code.NAME_TAKEN, True),
    ],
)
def test_a_name_is_clean_and_taken_once(
    world: World, name: str, code: Code, recorded: bool
) -> None:
    command: Any = CreateRole(name=name, permissions=frozenset())
    assert_refused(world, "admin", command, code, "name", recorded=recorded)
    role = world.do("admin", CreateRole(name="Helper", permissions=frozenset()))
    command = UpdateRole(role_id=role, name=name)
    assert_refused(world, "admin", command, code, "name", recorded=recorded)


def test_roles_need_manage_users(world: World) -> None:
    role = world.do("admin", CreateRole(name="Helper", permissions=frozenset()))
    for command in (
        CreateRole(name="Mine", permissions=ROLE_PERMISSIONS),
        UpdateRole(role_id=role, permissions=ROLE_PERMISSIONS),
    ):
        assert_refused(world, "ann", command, Code.FORBIDDEN)


def test_nobody_gives_themselves_a_permission_through_a_role_they_have(world: World) -> None:
    own = frozenset({P.MANAGE_USERS})
    role = world.do("admin", CreateRole(name="Helpdesk", permissions=own))
    world.add_user("fay", "Helpdesk")
    command = UpdateRole(role_id=role, permissions=own | {P.APPROVE_RELEASE})
    assert_refused(world, "fay", command, Code.FORBIDDEN)
    world.do("admin", command)


def test_the_last_role_that_manages_users_keeps_that_permission(world: World) -> None:
    own = frozenset({P.MANAGE_USERS})
    role = world.do("admin", CreateRole(name="Helpdesk", permissions=own))
    world.add_user("fay", "Helpdesk")
    # In an account that nobody with every permission was left in, by an earlier version.
    with world.system.database.writing() as connection:
        theirs = t.users.c.id == world.admin_id
        connection.execute(t.users.update().where(theirs).values(active=False))
        connection.commit()
    command = UpdateRole(role_id=role, permissions=frozenset())
    assert_refused(world, "fay", command, Code.LAST_ADMINISTRATOR)
    world.do("fay", UpdateRole(role_id=role, name="Service desk"))
    world.do("fay", UpdateUser(user_id=world.people["eve"], roles=()))


def test_the_last_role_that_grants_every_permission_keeps_them(world: World) -> None:
    role = world.do("admin", CreateRole(name="Owner", permissions=ADMINISTRATION))
    world.add_user("fay", "Owner")
    fewer = UpdateRole(role_id=role, permissions=ADMINISTRATION - {P.VIEW_LEDGER})
    world.do("admin", fewer)
    world.do("admin", UpdateRole(role_id=role, permissions=ADMINISTRATION))
    world.do("fay", UpdateUser(user_id=world.admin_id, active=False))
    refusal = assert_refused(world, "fay", fewer, Code.LAST_ADMINISTRATOR)
    assert "role ADMIN" in refusal.message


def test_unknown_and_foreign_roles_do_not_exist(world: World) -> None:
    other = make_world(world.system.database, account="Other")
    theirs = other.do("admin", CreateRole(name="Theirs", permissions=frozenset()))
    for role_id in (uuid4(), theirs):
        command = UpdateRole(role_id=role_id, name="Mine")
        assert_refused(world, "admin", command, Code.NOT_FOUND, recorded=False)
    giving = UpdateUser(user_id=world.people["dev"], roles=("Theirs",))
    assert_refused(world, "admin", giving, Code.NOT_FOUND, "roles", recorded=False)
