"""Whoever grants must hold it, and the credential must cover it: every way to grant something."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import CreateTeam, UpdateTeam
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.command import Command, execute
from engine.commands.credentials.api_tokens import CreateApiToken, NewToken, RevokeApiToken
from engine.commands.credentials.identities import LinkIdentity, UnlinkIdentity
from engine.commands.credentials.sessions import RevokeSession, StartSession
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import (
    OWN_PERMISSIONS,
    ROLE_PERMISSIONS,
    KeypairAccess,
    Permission,
    SignInMethod,
)
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.queries.credentials import principal_of_token
from notifications.outbox.preferences import UpdatePreferences
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import rows
from tests.support.world import World

P = Permission
ADMIN = ROLE_PERMISSIONS - {P.SIGN, P.APPROVE_RELEASE}


def scopes(*names: Permission) -> dict[str, Any]:
    return {"scopes": frozenset(names)}


def user(*roles: str, **more: Any) -> CreateUser:
    return CreateUser(email="new@example.com", name="New", roles=roles, **more)


def proved(world: World, new_token: NewToken) -> Principal | None:
    with world.system.database.reading() as connection:
        return principal_of_token(connection, new_token.secret, world.clock.instant)


def with_token(world: World, new_token: NewToken, command: Command[Any]) -> Any:
    principal = proved(world, new_token)
    assert principal is not None
    return execute(world.system, principal, command)


def token(world: World, who: str, name: str = "parent", **more: Any) -> NewToken:
    token: NewToken = world.do(who, CreateApiToken(name=name, **more))
    return token


# --- roles and permissions ------------------------------------------------------------------


@pytest.mark.parametrize("service", [False, True])
def test_a_narrow_token_gives_no_new_user_a_role_that_reaches_further(
    world: World, service: bool
) -> None:
    more = scopes(P.MANAGE_USERS)
    for role in ("ADMIN", "LEAD", "DEVELOPER", "SIGNER", "AUDITOR"):
        command = user(role, service=service)
        refusal = assert_refused(world, "admin", command, Code.FORBIDDEN, "roles", **more)
        assert refusal.message.startswith("This token lacks the scope")
    world.do("admin", user(service=service), **more)


def test_it_gives_what_it_covers_and_its_person_holds(world: World) -> None:
    more = scopes(P.MANAGE_USERS, P.VIEW_RELEASES, P.VIEW_LEDGER)
    world.do("admin", user("AUDITOR"), **more)
    # Covered, and not held by an administrator.
    more = scopes(P.MANAGE_USERS, P.VIEW_RELEASES, P.SIGN)
    command = UpdateUser(user_id=world.people["ann"], roles=("SIGNER",))
    refusal = assert_refused(world, "admin", command, Code.FORBIDDEN, "roles", **more)
    assert refusal.message == (
        "You cannot give others SIGN: you do not hold it yourself."
        " Ask somebody who does, or an administrator."
    )


def test_only_what_is_added_to_a_users_roles_is_given(world: World) -> None:
    more = scopes(P.MANAGE_USERS, P.VIEW_RELEASES, P.VIEW_LEDGER)
    world.do("admin", UpdateUser(user_id=world.people["dev"], roles=("DEVELOPER", "AUDITOR")))
    world.do("admin", UpdateUser(user_id=world.people["dev"], roles=("DEVELOPER",)), **more)
    command = UpdateUser(user_id=world.people["dev"], roles=("DEVELOPER", "AUDITOR"))
    world.do("admin", command, **more)
    # Another role that grants the same outlives the first.
    world.do("admin", CreateRole(name="Signs", permissions=frozenset({P.SIGN})))
    command = UpdateUser(user_id=world.people["dev"], roles=("DEVELOPER", "Signs"))
    assert_refused(world, "admin", command, Code.FORBIDDEN, "roles", **more)


def test_to_activate_somebody_again_gives_them_all_they_held(world: World) -> None:
    eve = world.people["eve"]
    world.do("admin", UpdateUser(user_id=eve, active=False))
    again = UpdateUser(user_id=eve, active=True)
    assert_refused(world, "admin", again, Code.FORBIDDEN, "active", **scopes(P.MANAGE_USERS))
    world.do("admin", again)


def test_an_administrator_appoints_and_a_narrowed_token_does_not(world: World) -> None:
    world.do("admin", user("LEAD"))
    for narrowed in (ADMIN, ADMIN | {P.SIGN}, ADMIN | {P.APPROVE_RELEASE} | OWN_PERMISSIONS):
        command = UpdateUser(user_id=world.people["eve"], roles=("LEAD",))
        assert_refused(world, "admin", command, Code.FORBIDDEN, "roles", **scopes(*narrowed))
    world.do("admin", command, **scopes(*ROLE_PERMISSIONS))


def test_who_manages_users_and_nothing_else_appoints_nobody(world: World) -> None:
    own = frozenset({P.MANAGE_USERS})
    world.do("admin", CreateRole(name="Helpdesk", permissions=own))
    world.add_user("fay", "Helpdesk")
    for role in ("ADMIN", "LEAD", "DEVELOPER", "SIGNER", "AUDITOR"):
        assert_refused(world, "fay", user(role), Code.FORBIDDEN, "roles")
    making = CreateRole(name="Approver", permissions=frozenset({P.APPROVE_RELEASE}))
    assert_refused(world, "fay", making, Code.FORBIDDEN, "permissions")
    world.do("fay", user("Helpdesk"))


def test_a_token_makes_no_administrator_who_then_appoints_in_person(world: World) -> None:
    """It covers all that the role Admin grants, but an administrator in person reaches further."""
    assert_refused(world, "admin", user("ADMIN"), Code.FORBIDDEN, "roles", **scopes(*ADMIN))
    parts = [ADMIN - {P.VIEW_LEDGER}, frozenset({P.VIEW_LEDGER})]
    for number, part in enumerate(parts):
        world.do("admin", CreateRole(name=f"Part {number}", permissions=part))
    more = scopes(*ROLE_PERMISSIONS - {P.APPROVE_RELEASE})
    both = user("Part 0", "Part 1")
    assert_refused(world, "admin", both, Code.FORBIDDEN, "roles", **more)


def test_nor_one_who_places_people_where_the_token_does_not_reach(world: World) -> None:
    world.do("admin", CreateRole(name="Places", permissions=frozenset({P.MANAGE_TEAMS})))
    more = scopes(P.MANAGE_USERS, P.MANAGE_TEAMS)
    assert_refused(world, "admin", user("Places"), Code.FORBIDDEN, "roles", **more)


def test_nor_one_who_loosens_the_account_where_the_token_does_not_reach(world: World) -> None:
    world.do("admin", CreateRole(name="Keeper", permissions=frozenset({P.MANAGE_ACCOUNT})))
    managing = P.MANAGE_USERS, P.MANAGE_ACCOUNT
    refusal = assert_refused(
        world, "admin", user("Keeper"), Code.FORBIDDEN, "roles", **scopes(*managing)
    )
    assert refusal.message == (
        "This token lacks the scopes APPROVE_RELEASE, REQUEST_RELEASE, SIGN, VIEW_RELEASES."
        " Use one that has it, or sign in."
    )
    used = P.APPROVE_RELEASE, P.REQUEST_RELEASE, P.SIGN, P.VIEW_RELEASES
    world.do("admin", user("Keeper"), **scopes(*managing, *used))


def test_what_a_role_grants_is_given_to_all_who_have_it(world: World) -> None:
    role = world.do("admin", CreateRole(name="Helper", permissions=frozenset()))
    world.add_user("fay", "Helper", "DEVELOPER")
    more = scopes(P.MANAGE_USERS, P.VIEW_LEDGER)
    for permission in ROLE_PERMISSIONS - {P.MANAGE_USERS, P.VIEW_LEDGER}:
        for command in (
            UpdateRole(role_id=role, permissions=frozenset({permission})),
            CreateRole(name="Other", permissions=frozenset({permission})),
        ):
            assert_refused(world, "admin", command, Code.FORBIDDEN, "permissions", **more)
    world.do("admin", UpdateRole(role_id=role, permissions=frozenset({P.VIEW_LEDGER})), **more)
    world.do("admin", UpdateRole(role_id=role, name="Aide", permissions=frozenset()), **more)


def test_a_role_that_completes_an_administrator_takes_one_in_person(world: World) -> None:
    most = ADMIN - {P.VIEW_LEDGER}
    world.do("admin", CreateRole(name="Most", permissions=most))
    rest = world.do("admin", CreateRole(name="Rest", permissions=frozenset()))
    world.add_user("fay", "Most", "Rest")
    command = UpdateRole(role_id=rest, permissions=frozenset({P.VIEW_LEDGER}))
    more = scopes(*ROLE_PERMISSIONS - {P.APPROVE_RELEASE})
    assert_refused(world, "admin", command, Code.FORBIDDEN, "permissions", **more)
    world.do("admin", command)


def test_no_role_grants_what_everybody_holds(world: World) -> None:
    role = world.do("admin", CreateRole(name="Helper", permissions=frozenset()))
    for own in OWN_PERMISSIONS:
        for command in (
            CreateRole(name="Own", permissions=frozenset({own})),
            UpdateRole(role_id=role, permissions=frozenset({own})),
        ):
            fields = Code.INVALID_INPUT, "permissions"
            assert_refused(world, "admin", command, *fields, recorded=False)


# --- teams and restricted keypairs ----------------------------------------------------------


def test_who_is_put_into_a_team_uses_there_what_the_credential_covers(world: World) -> None:
    blue, eve = world.things["blue"], world.people["eve"]
    members = frozenset(world.people[name] for name in ("ann", "bob", "dev"))
    command = UpdateTeam(team_id=blue, member_ids=members | {eve})
    covering = {P.MANAGE_TEAMS, P.VIEW_RELEASES, P.REQUEST_RELEASE, P.SIGN}
    for missing in covering - {P.MANAGE_TEAMS}:
        more = scopes(*covering - {missing})
        refusal = assert_refused(world, "ann", command, Code.FORBIDDEN, "member_ids", **more)
        assert f"lacks the scope {missing}." in refusal.message
    world.do("ann", command, **scopes(*covering))
    world.do("ann", UpdateTeam(team_id=blue, member_ids=members), **scopes(P.MANAGE_TEAMS))
    world.do("ann", command)


def test_an_approver_is_put_into_a_team_by_what_covers_approving(world: World) -> None:
    people = frozenset({world.people["ann"]})
    command = CreateTeam(name="red", member_ids=people)
    most = {P.MANAGE_TEAMS, P.VIEW_RELEASES, P.REQUEST_RELEASE, P.SIGN}
    assert_refused(world, "ann", command, Code.FORBIDDEN, "member_ids", **scopes(*most))
    world.do("ann", command, **scopes(*most, P.APPROVE_RELEASE))


def test_a_teams_new_keypair_is_its_members_to_use(world: World) -> None:
    world.add_keypair("third")
    keys = frozenset(world.things[alias] for alias in ("vault", "spare", "third"))
    command = UpdateTeam(team_id=world.things["blue"], keypair_ids=keys)
    more = scopes(P.MANAGE_TEAMS, P.VIEW_RELEASES, P.REQUEST_RELEASE, P.APPROVE_RELEASE)
    assert_refused(world, "ann", command, Code.FORBIDDEN, "keypair_ids", **more)
    world.do("ann", command)


def test_who_is_mapped_to_a_restricted_keypair_signs_with_it(world: World) -> None:
    vault, dev = world.things["vault"], frozenset({world.people["dev"]})
    world.do("admin", UpdateKeypair(keypair_id=vault, access=KeypairAccess.RESTRICTED))
    narrow, wide = scopes(P.MANAGE_KEYPAIRS), scopes(P.MANAGE_KEYPAIRS, P.SIGN)
    commands: list[tuple[Command[Any], str]] = [
        (UpdateKeypair(keypair_id=vault, user_ids=dev), "user_ids"),
        (UpdateKeypair(keypair_id=vault, access=KeypairAccess.OPEN), "access"),
        (CreateKeypair(alias="new", type="OFFLINE", user_ids=dev), "user_ids"),  # type: ignore[arg-type]
    ]
    for command, field in commands:
        assert_refused(world, "admin", command, Code.FORBIDDEN, field, **narrow)
        world.do("admin", command, **wide)
    world.do("admin", UpdateKeypair(keypair_id=vault, user_ids=frozenset()), **narrow)


# --- tokens ---------------------------------------------------------------------------------


def test_no_token_makes_tokens_unless_that_scope_was_asked_for_by_name(world: World) -> None:
    for narrowed in (None, frozenset({P.APPROVE_RELEASE, P.VIEW_RELEASES}), ROLE_PERMISSIONS):
        new_token = token(world, "ann", scopes=narrowed)
        before, known = world.snapshot(), len(world.ledger())
        with pytest.raises(Refusal) as refused:
            with_token(world, new_token, CreateApiToken(name="child", scopes=frozenset()))
        assert refused.value.code is Code.FORBIDDEN
        assert "lacks the scope MANAGE_OWN_TOKENS" in refused.value.message
        assert world.snapshot() == before
        assert tags(world, known) == ["attempt:refused"]


def test_a_child_ends_no_later_than_its_parent_and_names_it(world: World) -> None:
    now, hour = world.clock.instant, timedelta(hours=1)
    wide = frozenset({P.MANAGE_OWN_TOKENS, P.VIEW_RELEASES})
    parent = token(world, "ann", scopes=wide, expires_at=now + hour)
    ends = {}
    for name, end in (("none", None), ("sooner", now + hour / 2), ("then", now + hour)):
        command = CreateApiToken(name=name, scopes=frozenset(), expires_at=end)
        new_token = with_token(world, parent, command)
        (row,) = rows(world, t.api_tokens, id=new_token.token_id)
        assert row.parent_id == parent.token_id
        assert details_of(world.ledger()[-1])["changes"]["parent_id"] == [
            None,
            str(parent.token_id),
        ]
        ends[name] = row.expires_at
    assert ends == {"none": now + hour, "sooner": now + hour / 2, "then": now + hour}
    later = CreateApiToken(name="later", scopes=frozenset(), expires_at=now + hour * 2)
    with pytest.raises(Refusal) as refused:
        with_token(world, parent, later)
    assert (refused.value.code, refused.value.field) == (Code.INVALID_INPUT, ("expires_at",))
    assert "2030-06-03 13:00:00 UTC" in refused.value.message


def test_revoking_a_parent_ends_what_was_made_with_it_and_with_that(world: World) -> None:
    parent = token(world, "admin", scopes=frozenset(Permission))
    bot = world.add_user("bot", "SIGNER", service=True)
    child = with_token(world, parent, CreateApiToken(name="child", scopes=frozenset(Permission)))
    pipeline = with_token(world, child, CreateApiToken(name="ci", user_id=bot))
    other = token(world, "admin", "other")
    before = len(world.ledger())
    revoked = world.do("admin", RevokeApiToken(token_id=parent.token_id))
    assert revoked.ended_ids == (parent.token_id, child.token_id, pipeline.token_id)
    assert [proved(world, ended) for ended in (parent, child, pipeline)] == [None] * 3
    assert proved(world, other) is not None
    assert tags(world, before) == ["token:ended", "token:ended", "token:revoked"]
    entries = world.ledger()[before:]
    assert [entry.subject_id for entry in entries] == [
        child.token_id,
        pipeline.token_id,
        parent.token_id,
    ]
    assert details_of(entries[-1])["changes"]["ended_with_it"] == [None, ["child", "ci"]]
    again = world.do("admin", RevokeApiToken(token_id=parent.token_id))
    assert again.ended_ids == (parent.token_id,)
    assert len(world.ledger()) == before + 3


def test_what_a_deactivated_persons_tokens_made_ends_with_them(world: World) -> None:
    parent = token(world, "admin", scopes=frozenset(Permission))
    bot = world.add_user("bot", "SIGNER", service=True)
    pipeline = with_token(world, parent, CreateApiToken(name="ci", user_id=bot))
    world.add_user("chief", "ADMIN")
    before = len(world.ledger())
    world.do("chief", UpdateUser(user_id=world.admin_id, active=False))
    assert proved(world, pipeline) is None
    assert tags(world, before) == ["token:ended", "user:updated"]
    assert world.ledger()[before].subject_id == pipeline.token_id


def test_a_revoked_token_makes_none_at_the_same_moment(world: World) -> None:
    """It was proved before it was revoked; the child is asked for after that."""
    parent = token(world, "ann", scopes=frozenset({P.MANAGE_OWN_TOKENS}))
    principal = proved(world, parent)
    assert principal is not None
    world.do("ann", RevokeApiToken(token_id=parent.token_id))
    before = world.snapshot()
    with pytest.raises(Refusal) as refused:
        execute(world.system, principal, CreateApiToken(name="late", scopes=frozenset()))
    assert refused.value.code is Code.UNAUTHENTICATED
    assert world.snapshot() == before


def test_a_service_users_token_reaches_no_further_than_what_makes_it(world: World) -> None:
    bot = world.add_user("bot", "SIGNER", service=True)
    for scopes_requested in (None, frozenset({P.SIGN}), frozenset({P.VIEW_RELEASES})):
        command = CreateApiToken(name="ci", user_id=bot, scopes=scopes_requested)
        more = scopes(P.MANAGE_USERS)
        assert_refused(world, "admin", command, Code.FORBIDDEN, "scopes", **more)
    world.do("admin", CreateApiToken(name="ci", user_id=bot, scopes=frozenset({P.SIGN})))
    helpdesk = frozenset({P.MANAGE_USERS})
    world.do("admin", CreateRole(name="Helpdesk", permissions=helpdesk))
    world.add_user("fay", "Helpdesk")
    command = CreateApiToken(name="ci", user_id=bot)
    assert_refused(world, "fay", command, Code.FORBIDDEN, "scopes")


# --- what is one's own ----------------------------------------------------------------------


def own_things(world: World) -> list[tuple[Permission, Command[Any]]]:
    """What dev may do for themself, each with the scope that names it."""
    dev = world.people["dev"]
    session: UUID = world.do("dev", StartSession(method=SignInMethod.MAIL)).session_id
    world.do("dev", LinkIdentity(issuer="https://login.example.com", subject=str(session)))
    identity = rows(world, t.identities)[-1].id
    return [
        (P.MANAGE_OWN_PROFILE, UpdateUser(user_id=dev, name="Somebody")),
        (P.MANAGE_OWN_PROFILE, UpdateUser(user_id=dev, time_zone="Europe/Vienna")),
        (P.MANAGE_OWN_PROFILE, UpdateUser(user_id=dev, locale="de")),
        (P.MANAGE_OWN_PROFILE, RevokeSession(session_id=session)),
        (P.MANAGE_OWN_PROFILE, UnlinkIdentity(identity_id=identity)),
        (P.MANAGE_OWN_PROFILE, UpdatePreferences(chosen={}, channels=frozenset({"email"}))),
        (P.MANAGE_OWN_TOKENS, CreateApiToken(name="mine", scopes=frozenset())),
        (P.MANAGE_OWN_TOKENS, RevokeApiToken(token_id=token(world, "dev").token_id)),
    ]


def test_what_is_ones_own_takes_a_session_or_a_token_with_the_scope(world: World) -> None:
    for own, command in own_things(world):
        refusal = Code.FORBIDDEN
        every_other = scopes(*frozenset(Permission) - {own})
        said = assert_refused(world, "dev", command, refusal, **every_other)
        if not isinstance(command, UpdateUser):
            assert said.message.startswith(f"This token lacks the scope {own}.")
        world.do("dev", command, **scopes(own))
    for _, command in own_things(world):
        world.do("dev", command)


def test_an_administrators_token_manages_anybodys_too(world: World) -> None:
    for _, command in own_things(world):
        if not isinstance(command, UpdatePreferences | CreateApiToken):
            world.do("admin", command, **scopes(P.MANAGE_USERS))


def test_no_token_opens_a_way_to_sign_in(world: World) -> None:
    for command in (
        StartSession(method=SignInMethod.MAIL),
        LinkIdentity(issuer="https://login.example.com", subject="x"),
        UpdateUser(user_id=world.people["dev"], email="dev@example.org", link_key=b"l" * 32),
        UpdateUser(user_id=world.people["dev"], email="dev@example.com", link_key=b"l" * 32),
    ):
        assert_refused(world, "dev", command, Code.FORBIDDEN, **scopes(*Permission))


def test_everybody_holds_their_own_and_nobody_else(world: World) -> None:
    with world.system.database.reading() as connection:
        nobody = world.principal("dev")
        actor = loading.load_actor(connection, nobody)
    assert actor.permissions == {
        P.REQUEST_RELEASE,
        P.VIEW_RELEASES,
        P.SIGN,
        P.MANAGE_OWN_PROFILE,
        P.MANAGE_OWN_TOKENS,
    }
