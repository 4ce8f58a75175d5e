"""Users: added, changed, deactivated. Nobody grants themselves anything; somebody manages."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.transactions import bare_transaction
from engine.model.errors import Code
from engine.model.vocabulary import ROLE_PERMISSIONS, Permission, Status
from engine.persistence.store import tables as t
from engine.persistence.store.loading.sign_in import people_with_address
from engine.queries.credentials import principal_of_token
from notifications.links import sign_in_links
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import rows
from tests.support.world import World, make_world


def adding(**changes: Any) -> CreateUser:
    values: dict[str, Any] = {"email": "fay@example.com", "name": "Fay", "roles": ("DEVELOPER",)}
    return CreateUser(**(values | changes))


def changing(world: World, whom: str, /, **changes: Any) -> UpdateUser:
    return UpdateUser(user_id=world.principal(whom).user_id, **changes)


def test_a_user_is_added_active_and_written_down(world: World) -> None:
    before = len(world.ledger())
    user_id = world.do("admin", adding(email=" Fay@Example.com ", roles=("signer", "AUDITOR")))
    (row,) = rows(world, t.users, id=user_id)
    assert (row.email, row.email_key, row.active, row.service) == (
        "Fay@example.com",
        "fay@example.com",
        True,
        False,
    )
    assert tags(world, before) == ["user:created"]
    assert details_of(world.ledger()[-1])["changes"]["roles"] == [None, ["AUDITOR", "SIGNER"]]


BAD_INPUT: list[tuple[Any, ...]] = [
    ({"email": ""}, Code.INVALID_INPUT, "email"),
    ({"email": "fay"}, Code.INVALID_INPUT, "email"),
    ({"email": "fay@a@b.com"}, Code.INVALID_INPUT, "email"),
    ({"email": "fay@example.com, eve@example.com"}, Code.INVALID_INPUT, "email"),
    ({"email": "Fay <fay@example.com>"}, Code.INVALID_INPUT, "email"),
    ({"email": "fay@example.com\r\nBcc: eve@example.com"}, Code.INVALID_INPUT, "email"),
    *(
        ({"email": email}, Code.INVALID_INPUT, "email")
        for email in (
            "x@example..com",
            ".x@example.com",
            "x.@example.com",
            "x@example.com.",
            "x@-a.com",
            "x@exam\u200bple.com",
            "x\u200b@example.com",
            "x\u3164@example.com",
            "x@a_b.com",
            "x@[127.0.0.1]",
            '"x y"@example.com',
            "müller@example.com",
            "x@\ud800.com",
            "x@",
        )
    ),
    ({"name": "\u200b"}, Code.INVALID_INPUT, "name"),
    ({"name": "\u3164"}, Code.INVALID_INPUT, "name"),
    ({"name": "\u2800"}, Code.INVALID_INPUT, "name"),
    ({"name": "Fa\u200by"}, Code.INVALID_INPUT, "name"),
    *(
        ({"time_zone": zone}, Code.INVALID_INPUT, "time_zone")
        for zone in ("localtime", "Factory", "posix/UTC", "right/UTC", "posixrules", "utc", "")
    ),
    ({"email": "f" * 250 + "@example.com"}, Code.INVALID_INPUT, "email"),
    ({"name": " "}, Code.INVALID_INPUT, "name"),
    ({"name": "Fay\nEve"}, Code.INVALID_INPUT, "name"),
    ({"time_zone": "Mars/Olympus"}, Code.INVALID_INPUT, "time_zone"),
    ({"time_zone": "../../etc/passwd"}, Code.INVALID_INPUT, "time_zone"),
    ({"locale": "english please"}, Code.INVALID_INPUT, "locale"),
    ({"roles": ("PHARAOH",)}, Code.NOT_FOUND, "roles"),
    ({"roles": ("",)}, Code.NOT_FOUND, "roles"),
    ({"roles": ("ADMIN\0",)}, Code.NOT_FOUND, "roles"),
    ({"roles": ("ADMIN\ud800",)}, Code.NOT_FOUND, "roles"),
]


def test_bad_input_adds_nobody(world: World) -> None:
    for changes, code, field in BAD_INPUT:
        assert_refused(world, "admin", adding(**changes), code, field, recorded=False)


@pytest.mark.parametrize(
    "same",
    ["fay@münchen.example", "FAY@MÜNCHEN.EXAMPLE", "fay@xn--mnchen-3ya.example",
     "fay@ｍünchen.example", " fay@mu\u0308nchen.example "],
)  # fmt: skip
def test_one_mailbox_is_one_user_however_it_is_spelt(world: World, same: str) -> None:
    user_id = world.do("admin", adding(email="Fay@München.example"))
    (row,) = rows(world, t.users, id=user_id)
    assert (row.email, row.email_key) == (
        "Fay@xn--mnchen-3ya.example",
        "fay@xn--mnchen-3ya.example",
    )
    assert_refused(world, "admin", adding(email=same), Code.NAME_TAKEN, "email")
    with world.system.database.reading() as connection:
        assert [one.id for one in people_with_address(connection, same, world.clock.instant)] == [
            user_id
        ]


def test_an_address_whose_domain_was_stored_as_typed_is_found_and_taken(world: World) -> None:
    user_id = world.do("admin", adding(email="fay@example.com"))
    with world.system.database.writing() as connection:
        before = {"email": "fay@münchen.example", "email_key": "fay@münchen.example"}
        connection.execute(t.users.update().where(t.users.c.id == user_id).values(**before))
        connection.commit()
    for spelling in ("fay@münchen.example", "fay@xn--mnchen-3ya.example"):
        with world.system.database.reading() as connection:
            assert [
                one.id for one in people_with_address(connection, spelling, world.clock.instant)
            ] == [user_id]
        command = adding(email=spelling)
        assert_refused(world, "admin", command, Code.NAME_TAKEN, "email")


def test_letters_beyond_ascii_before_the_at_need_a_mail_server_that_carries_them(
    world: World,
) -> None:
    command = adding(email="müller@example.com")
    refusal = assert_refused(world, "admin", command, Code.INVALID_INPUT, "email", recorded=False)
    assert "carries only ASCII letters" in refusal.message
    carries = replace(world, system=replace(world.system, international_addresses=True))
    (row,) = rows(world, t.users, id=carries.do("admin", command))
    assert row.email == "müller@example.com"


def test_an_address_is_unique_in_its_account_whatever_its_letter_case(world: World) -> None:
    command = adding(email="DEV@example.COM")
    assert_refused(world, "admin", command, Code.NAME_TAKEN, "email")
    other = make_world(world.system.database, account="Other")
    assert other.people["dev"] != world.people["dev"]


def test_adding_and_changing_others_needs_manage_users(world: World) -> None:
    assert_refused(world, "ann", adding(), Code.FORBIDDEN)
    assert_refused(world, "ann", changing(world, "dev", name="Devon"), Code.FORBIDDEN)
    narrowed = frozenset({Permission.VIEW_RELEASES})
    assert_refused(world, "admin", adding(), Code.FORBIDDEN, scopes=narrowed)


def test_ones_own_name_zone_and_language_are_ones_own_to_change(world: World) -> None:
    command = changing(world, "dev", name="Devon", time_zone="Europe/Berlin", locale="de-AT")
    world.do("dev", command)
    (row,) = rows(world, t.users, id=world.people["dev"])
    assert (row.name, row.time_zone, row.locale) == ("Devon", "Europe/Berlin", "de-AT")
    for rights in ({"roles": ("ADMIN",)}, {"active": False}):
        assert_refused(world, "dev", changing(world, "dev", **rights), Code.FORBIDDEN)


def test_an_account_may_keep_its_users_from_renaming_themselves(world: World) -> None:
    world.settings(users_may_rename_themselves=False)

    rename = changing(world, "dev", name="Ann", time_zone="Europe/Berlin")
    assert_refused(world, "dev", rename, Code.FORBIDDEN, "name")
    # What is no new name is one's own to say, and all the rest.
    world.do("dev", changing(world, "dev", name=" Dev ", time_zone="Europe/Berlin"))
    world.do("admin", changing(world, "dev", name="Devon"))
    own = changing(world, "admin", name="Chief")
    narrowed = frozenset({Permission.MANAGE_OWN_PROFILE})
    assert_refused(world, "admin", own, Code.FORBIDDEN, "name", scopes=narrowed)
    world.do("admin", own)

    (row,) = rows(world, t.users, id=world.people["dev"])
    assert (row.name, row.time_zone) == ("Devon", "Europe/Berlin")
    (row,) = rows(world, t.users, id=world.admin_id)
    assert row.name == "Chief"


BAD_CHANGES: list[tuple[Any, ...]] = [
    ({"name": ""}, "name"),
    ({"name": "a\0"}, "name"),
    ({"time_zone": "Nowhere"}, "time_zone"),
    ({"locale": "?"}, "locale"),
]


def test_a_change_is_checked_like_a_new_user(world: World) -> None:
    for changes, field in BAD_CHANGES:
        command = changing(world, "dev", **changes)
        assert_refused(world, "admin", command, Code.INVALID_INPUT, field, recorded=False)


def test_a_change_says_what_was_and_what_is(world: World) -> None:
    world.do("admin", changing(world, "dev", name="Devon", roles=("SIGNER",)))
    assert details_of(world.ledger()[-1])["changes"] == {
        "name": ["Dev", "Devon"],
        "roles": [["DEVELOPER"], ["SIGNER"]],
    }
    known = len(world.ledger())
    world.do("admin", changing(world, "dev", name="Devon", roles=("signer",)))
    assert tags(world, known) == []


# --- rights ---------------------------------------------------------------------------------


def test_nobody_gives_themselves_a_permission(world: World) -> None:
    for roles in (("ADMIN", "LEAD"), ("ADMIN", "SIGNER")):
        refusal = assert_refused(
            world, "admin", changing(world, "admin", roles=roles), Code.FORBIDDEN, "roles"
        )
        assert "yourself" in refusal.message


def test_another_administrator_can_give_it_and_one_may_give_up_what_one_has(world: World) -> None:
    world.add_user("amy", "ADMIN")
    world.do("amy", changing(world, "admin", roles=("ADMIN", "LEAD")))
    world.do("admin", changing(world, "admin", roles=("ADMIN",)))
    world.do("amy", changing(world, "amy", roles=()))
    assert_refused(world, "amy", adding(), Code.FORBIDDEN)


def test_the_last_administrator_stays(world: World) -> None:
    for change in ({"active": False}, {"roles": ()}, {"roles": ("AUDITOR",)}):
        command = changing(world, "admin", **change)
        assert_refused(world, "admin", command, Code.LAST_ADMINISTRATOR)


def test_who_manages_users_and_no_more_does_not_end_the_last_who_appoints(world: World) -> None:
    only = frozenset({Permission.MANAGE_USERS})
    world.do("admin", CreateRole(name="Helpdesk", permissions=only))
    world.add_user("fay", "Helpdesk")
    for change in ({"active": False}, {"roles": ()}, {"roles": ("Helpdesk",)}):
        for who in ("fay", "admin"):
            command = changing(world, "admin", **change)
            refusal = assert_refused(world, who, command, Code.LAST_ADMINISTRATOR)
            assert "role ADMIN" in refusal.message
    # By whatever roles together.
    rest = ROLE_PERMISSIONS - {Permission.SIGN, Permission.APPROVE_RELEASE} - only
    world.do("admin", CreateRole(name="Rest", permissions=rest))
    world.do("admin", changing(world, "fay", roles=("Helpdesk", "Rest")))
    world.do("fay", changing(world, "admin", active=False))


def test_neither_a_pipeline_nor_somebody_inactive_is_an_administrator(world: World) -> None:
    world.add_user("bot", "ADMIN", service=True)
    world.add_user("amy", "ADMIN")
    world.do("admin", changing(world, "amy", active=False))
    leaving = changing(world, "admin", active=False)
    assert_refused(world, "admin", leaving, Code.LAST_ADMINISTRATOR)
    world.do("admin", changing(world, "amy", active=True))
    world.do("admin", leaving)


def test_a_role_of_the_accounts_own_makes_an_administrator_too(world: World) -> None:
    permissions = ROLE_PERMISSIONS - {Permission.SIGN, Permission.APPROVE_RELEASE}
    world.do("admin", CreateRole(name="Owner", permissions=permissions))
    world.add_user("amy", "owner")
    world.do("amy", changing(world, "admin", active=False))


# --- deactivating ---------------------------------------------------------------------------


def test_deactivating_ends_tokens_and_every_right_at_once(world: World) -> None:
    new_token = world.do("dev", CreateApiToken(name="laptop"))
    release = world.request()
    world.do("admin", changing(world, "dev", active=False))
    with world.system.database.reading() as connection:
        assert principal_of_token(connection, new_token.secret, world.clock.instant) is None
    (token,) = rows(world, t.api_tokens)
    assert token.revoked_at == world.clock.instant
    command = changing(world, "dev", name="Devon")
    assert_refused(world, "dev", command, Code.UNAUTHENTICATED, recorded=False)
    assert world.release(release).status is Status.PENDING


def test_activated_again_one_has_ones_rights_but_not_ones_tokens(world: World) -> None:
    token = world.do("dev", CreateApiToken(name="laptop"))
    for active in (False, True):
        world.do("admin", changing(world, "dev", active=active))
    world.request()
    with world.system.database.reading() as connection:
        assert principal_of_token(connection, token.secret, world.clock.instant) is None


def test_a_link_to_sign_in_with_ends_with_the_deactivation(world: World) -> None:
    def write(change: Callable[[Connection], Any]) -> Any:
        return bare_transaction(world.system.database, change)

    now, addresses = world.clock.instant, ["Dev@Example.com", "ann@example.com"]
    links = [
        write(partial(sign_in_links.request, address=address, browser="b", now=now))
        for address in addresses
    ]
    for active in (False, True):
        world.do("admin", changing(world, "dev", active=active))
    use = partial(sign_in_links.use, browser="b", now=now)
    used = [write(partial(use, sign_in_id=sign_in_id)) for sign_in_id in links]
    assert used == [False, True]


def test_unknown_and_foreign_users_do_not_exist(world: World) -> None:
    other = make_world(world.system.database, account="Other")
    for user_id in (uuid4(), other.people["dev"], other.admin_id):
        command = UpdateUser(user_id=user_id, active=False)
        assert_refused(world, "admin", command, Code.NOT_FOUND, "id", recorded=False)
