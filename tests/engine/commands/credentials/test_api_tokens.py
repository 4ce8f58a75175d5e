"""API tokens: the user's permissions, narrowed by scopes; never approval unless by name."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.commands.administration.account import create_account
from engine.commands.command import execute
from engine.commands.credentials.api_tokens import (
    CreateApiToken,
    NewToken,
    RevokeApiToken,
    create_token_as_operator,
)
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import Permission
from engine.persistence.store import loading, locks
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold, Lock
from engine.queries.credentials import principal_of_token
from tests.support.refusals import assert_refused, tags
from tests.support.releases import rows
from tests.support.world import World, make_world

P = Permission


def proved(world: World, token: NewToken) -> Principal | None:
    with world.system.database.reading() as connection:
        return principal_of_token(connection, token.secret, world.clock.instant)


def reach(world: World, token: NewToken) -> frozenset[Permission]:
    principal = proved(world, token)
    assert principal is not None
    with world.system.database.reading() as connection:
        return loading.load_actor(connection, principal).permissions


def test_a_token_is_kept_as_a_hash_and_written_down_without_its_secret(world: World) -> None:
    before = len(world.ledger())
    token = world.do("dev", CreateApiToken(name=" laptop "))
    assert token.secret.startswith("csn_")
    assert token.secret not in repr(token)
    (row,) = rows(world, t.api_tokens)
    assert (row.name, row.user_id, len(row.secret_hash)) == ("laptop", world.people["dev"], 32)
    assert token.secret not in repr(world.snapshot())
    assert tags(world, before) == ["token:created"]
    assert token.secret not in world.ledger()[-1].body


def test_a_token_proves_its_user_and_token(world: World) -> None:
    token = world.do("dev", CreateApiToken(name="laptop"))
    principal = proved(world, token)
    assert principal is not None
    assert (principal.user_id, principal.token_id) == (world.people["dev"], token.token_id)
    for wrong in (token.secret[:-1], token.secret + "x", "", "csn_", token.secret[4:]):
        assert proved(world, NewToken(token.token_id, wrong)) is None


def test_a_token_never_approves_unless_that_scope_was_asked_for_by_name(world: World) -> None:
    everything = world.do("ann", CreateApiToken(name="all"))
    assert reach(world, everything) == {P.REQUEST_RELEASE, P.VIEW_RELEASES, P.MANAGE_TEAMS}
    named = world.do("ann", CreateApiToken(name="bot", scopes=frozenset({P.APPROVE_RELEASE})))
    assert reach(world, named) == {P.APPROVE_RELEASE}


def test_scopes_narrow_and_never_add(world: World) -> None:
    scopes = frozenset({P.SIGN, P.MANAGE_USERS})
    assert reach(world, world.do("dev", CreateApiToken(name="ci", scopes=scopes))) == {P.SIGN}
    nothing = world.do("dev", CreateApiToken(name="none", scopes=frozenset()))
    assert reach(world, nothing) == frozenset()


def test_a_token_makes_no_token_that_reaches_further(world: World) -> None:
    scopes = frozenset({P.SIGN, P.MANAGE_OWN_TOKENS})
    for wider in (None, frozenset({P.SIGN, P.REQUEST_RELEASE}), frozenset({P.APPROVE_RELEASE})):
        command = CreateApiToken(name="more", scopes=wider)
        assert_refused(world, "dev", command, Code.FORBIDDEN, "scopes", scopes=scopes)
    world.do("dev", CreateApiToken(name="same", scopes=scopes), scopes=scopes)


def test_a_token_ends_at_its_end(world: World) -> None:
    now = world.clock.instant
    command = CreateApiToken(name="old", expires_at=now)
    assert_refused(world, "dev", command, Code.INVALID_INPUT, "expires_at", recorded=False)
    token = world.do("dev", CreateApiToken(name="new", expires_at=now + timedelta(seconds=1)))
    assert proved(world, token) is not None
    world.clock.pass_(seconds=1)
    assert proved(world, token) is None


@pytest.mark.parametrize("name", ["", " ", "a\nb", "n" * 201])
def test_a_tokens_name_is_clean(world: World, name: str) -> None:
    command = CreateApiToken(name=name)
    assert_refused(world, "dev", command, Code.INVALID_INPUT, "name", recorded=False)


def test_pipelines_get_their_tokens_from_an_administrator(world: World) -> None:
    bot = world.add_user("bot", "SIGNER", service=True)
    token = world.do("admin", CreateApiToken(name="ci", user_id=bot))
    assert reach(world, token) == {P.SIGN, P.VIEW_RELEASES}
    assert_refused(world, "ann", CreateApiToken(name="ci", user_id=bot), Code.FORBIDDEN)


def test_people_make_their_own_tokens(world: World) -> None:
    command = CreateApiToken(name="spy", user_id=world.people["ann"])
    assert_refused(world, "admin", command, Code.FORBIDDEN, "user_id")


def test_a_token_is_revoked_at_once_and_once(world: World) -> None:
    token = world.do("dev", CreateApiToken(name="laptop"))
    before = len(world.ledger())
    for _ in range(2):
        world.do("dev", RevokeApiToken(token_id=token.token_id))
    assert tags(world, before) == ["token:revoked"]
    assert proved(world, token) is None


def test_others_tokens_are_revoked_by_those_who_manage_users_and_unseen_by_the_rest(
    world: World,
) -> None:
    token = world.do("dev", CreateApiToken(name="laptop"))
    command = RevokeApiToken(token_id=token.token_id)
    assert_refused(world, "ann", command, Code.NOT_FOUND, recorded=False)
    assert proved(world, token) is not None
    world.do("admin", command)
    assert proved(world, token) is None


def test_unknown_and_foreign_tokens_and_users_do_not_exist(world: World) -> None:
    other = make_world(world.system.database, account="Other")
    theirs = other.do("dev", CreateApiToken(name="laptop"))
    for token_id in (uuid4(), theirs.token_id):
        command = RevokeApiToken(token_id=token_id)
        assert_refused(world, "admin", command, Code.NOT_FOUND, recorded=False)
    bot = other.add_user("bot", "SIGNER", service=True)
    making = CreateApiToken(name="ci", user_id=bot)
    assert_refused(world, "admin", making, Code.NOT_FOUND, "user_id", recorded=False)


def test_nobody_gets_a_token_while_being_deactivated(world: World) -> None:
    """Whoever makes one waits for the deactivation, and then finds it done."""
    dev, database = world.principal("dev"), world.system.database
    making = [
        lambda: execute(world.system, dev, CreateApiToken(name="laptop")),
        lambda: by_operator(world, None, "dev@example.com"),
    ]
    with ThreadPoolExecutor(len(making)) as threads:
        with database.writing() as connection:
            locks.acquire(connection, world.account_id, Lock(account=Hold.EXCLUSIVE))
            waiting = [threads.submit(make) for make in making]
            time.sleep(0.2)  # long enough to get ahead, if it did not wait
            u = t.users
            connection.execute(u.update().where(u.c.id == dev.user_id).values(active=False))
            connection.commit()
        refused = [one.exception() for one in waiting]
    codes = [error.code for error in refused if isinstance(error, Refusal)]
    assert codes == [Code.UNAUTHENTICATED, Code.NOT_FOUND]
    assert rows(world, t.api_tokens) == []


# --- by an operator on the machine ----------------------------------------------------------


def by_operator(world: World, account: str | None, email: str) -> tuple[UUID, UUID, NewToken]:
    return create_token_as_operator(world.system, account, email, "shell", None)


def test_an_operator_makes_a_token_for_any_active_user(world: World) -> None:
    account_id, user_id, token = by_operator(world, None, " ADMIN@example.com ")
    assert (account_id, user_id) == (world.account_id, world.admin_id)
    principal = proved(world, token)
    assert principal is not None
    assert principal.user_id == world.admin_id
    assert world.ledger()[-1].actor_id is None


def test_an_operator_makes_no_token_for_whose_address_only_looks_the_same(world: World) -> None:
    world.add_user("strasse", "DEVELOPER")
    with pytest.raises(Refusal) as refused:
        by_operator(world, None, "stra\N{LATIN SMALL LETTER SHARP S}e@example.com")
    assert refused.value.code is Code.NOT_FOUND
    assert by_operator(world, None, "Strasse@example.com")[1] == world.people["strasse"]


def test_an_operator_names_the_account_where_several_have_the_address(world: World) -> None:
    create_account(world.system, "Other", "admin@example.com")
    with pytest.raises(Refusal) as refused:
        by_operator(world, None, "admin@example.com")
    assert refused.value.code is Code.NOT_FOUND
    assert "Name the account" in refused.value.message
    assert by_operator(world, "acme", "admin@example.com")[0] == world.account_id
    with pytest.raises(Refusal):
        by_operator(world, "Other", "dev@example.com")
