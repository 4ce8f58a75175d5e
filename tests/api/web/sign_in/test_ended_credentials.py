"""A credential that has ended does nothing more, however its requests and proofs are timed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.graphql.ids import to_global
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.credentials.identities import LinkIdentity, UnlinkIdentity
from engine.commands.credentials.sessions import RevokeSession, StartSession
from engine.model.errors import Code
from engine.model.vocabulary import Permission, SignInMethod
from engine.persistence.store import tables as t
from tests.api.web.sign_in.site import PUBLIC, Person, Site
from tests.support.refusals import assert_refused
from tests.support.world import World, make_world

CODE = re.compile(r"[A-Z2-7]{4}-[A-Z2-7]{4}")
MAKE_TOKEN = (
    b'{"query": "mutation { createApiToken(input: {name: \\"kept\\"})'
    b' { secret errors { code } } }"}'
)


def session_id_of(site: Site, name: str) -> UUID:
    """The only session that this person has."""
    query = sa.select(t.sessions.c.id).where(t.sessions.c.user_id == site.world.people[name])
    with site.world.system.database.reading() as connection:
        session_id: UUID = connection.execute(query).scalar_one()
    return session_id


def names_of_tokens(world: World) -> list[str]:
    with world.system.database.reading() as connection:
        return list(connection.execute(sa.select(t.api_tokens.c.name)).scalars())


async def send_slowly(
    person: Person, headers: dict[str, str], end: Any, body: bytes = MAKE_TOKEN
) -> dict[str, Any]:
    """Post to GraphQL; `end` runs while the server reads the body, before it is complete."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:10]
        await asyncio.to_thread(end)
        yield body[10:]

    headers = {"Content-Type": "application/json", **headers}
    answer = await person.client.post("/graphql", content=pieces(), headers=headers)
    data: dict[str, Any] = answer.json()
    return data


async def test_a_session_that_ends_while_the_body_arrives_makes_no_token(site: Site) -> None:
    ann = await site.signed_in("ann")
    session_id = session_id_of(site, "ann")

    def end() -> None:
        site.world.do("ann", RevokeSession(session_id=session_id))

    answer = await send_slowly(ann, {"Sec-Fetch-Site": "same-origin"}, end)
    assert answer["errors"][0]["extensions"]["code"] == Code.UNAUTHENTICATED
    assert names_of_tokens(site.world) == []


async def test_a_token_that_is_revoked_while_the_body_arrives_does_nothing(site: Site) -> None:
    token = site.world.do("ann", CreateApiToken(name="leaked", scopes=frozenset(Permission)))
    body = b'{"query": "{ viewer { user { email } } }"}'

    def end() -> None:
        site.world.do("ann", RevokeApiToken(token_id=token.token_id))

    headers = {"Authorization": f"Bearer {token.secret}"}
    answer = await send_slowly(await site.person(), headers, end, body)
    assert answer["errors"][0]["extensions"]["code"] == Code.UNAUTHENTICATED
    assert "data" not in answer or answer["data"] is None


def test_what_waited_while_its_session_ended_makes_nothing_lasting(world: World) -> None:
    session = world.do("ann", StartSession(method=SignInMethod.MAIL))
    world.do("ann", RevokeSession(session_id=session.session_id))
    for command in (
        CreateApiToken(name="kept"),
        LinkIdentity(issuer="https://login.example.com", subject="kept"),
    ):
        refusal = assert_refused(
            world,
            "ann",
            command,
            Code.UNAUTHENTICATED,
            recorded=False,
            session_id=session.session_id,
        )
        assert refusal.message == "This session was ended. Sign in again."


def test_nor_does_what_waited_until_its_session_or_token_expired(world: World) -> None:
    session = world.do("ann", StartSession(method=SignInMethod.MAIL))
    until = world.clock.instant + timedelta(days=1)
    every = frozenset(Permission)
    token = world.do("ann", CreateApiToken(name="short", scopes=every, expires_at=until))
    world.do("ann", CreateApiToken(name="one"), session_id=session.session_id)
    world.do("ann", CreateApiToken(name="two"), scopes=every, token_id=token.token_id)
    world.clock.pass_(days=7)
    command = CreateApiToken(name="kept")
    for credential in (
        {"session_id": session.session_id},
        {"token_id": token.token_id, "scopes": every},
    ):
        assert_refused(world, "ann", command, Code.UNAUTHENTICATED, recorded=False, **credential)
    assert sorted(names_of_tokens(world)) == ["one", "short", "two"]


def test_an_identity_that_was_unlinked_after_the_proof_starts_no_session(world: World) -> None:
    world.do("ann", LinkIdentity(issuer="https://login.example.com", subject="ann"))
    with world.system.database.reading() as connection:
        identity_id = connection.execute(sa.select(t.identities.c.id)).scalar_one()
    command = StartSession(method=SignInMethod.OPENID_CONNECT, identity_id=identity_id)
    assert_refused(world, "bob", command, Code.UNAUTHENTICATED, recorded=False)
    world.do("ann", command)
    world.do("admin", UnlinkIdentity(identity_id=identity_id))
    assert_refused(world, "ann", command, Code.UNAUTHENTICATED, recorded=False)


async def test_deactivated_in_one_account_a_person_goes_on_in_another(site: Site) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    person = await site.person()
    await person.ask("ann@example.com")
    other.do("admin", UpdateUser(user_id=other.people["ann"], active=False))
    link = await site.link("ann")
    answer = await person.post(link)
    assert answer.status_code == 303, answer.text
    assert "in the account Acme" in (await person.get("/sign-in")).text
    # Nor does the link start anything where the person was deactivated.
    assert other.ledger(tag="session:started") == []


@pytest.mark.parametrize("typed", [False, True])
async def test_a_link_from_before_a_deactivation_is_void_where_that_was(
    site: Site, typed: bool
) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    person, phone = await site.person(), await site.person("Phone")
    await person.ask("ann@example.com")
    link = await site.link("ann")
    other.leave_and_return("ann")
    site.world.clock.pass_(minutes=1)
    if typed:
        code = CODE.search((await phone.get(link)).text)
        assert code is not None
        answer = await person.post("/sign-in/code", code=code[0])
    else:
        answer = await person.post(link)
    # There is no choice: the link is of one account now.
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "in the account Acme" in (await person.get("/sign-in")).text
    assert other.ledger(tag="session:started") == []
    # One that is asked for now is of both.
    again = await site.person()
    await again.ask("ann@example.com")
    answer = await again.post(await site.link("ann"))
    assert answer.headers["location"] == "/sign-in/account"


async def test_nor_is_anybody_mailed_whom_a_sign_in_lets_in_nowhere(site: Site) -> None:
    person = await site.person()
    await person.ask("ann@example.com")
    with site.world.system.database.writing() as connection:
        everywhere = t.users.update().values(deactivated_at=site.world.clock.instant)
        connection.execute(everywhere)
        connection.commit()
    assert await site.mails("ann") == []


async def test_a_choice_from_before_a_deactivation_is_void_where_that_was(site: Site) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    person = await site.person()
    await person.ask("ann@example.com")
    assert (await person.post(await site.link("ann"))).headers["location"] == "/sign-in/account"
    site.world.leave_and_return("ann")
    before = site.world.snapshot(), other.ledger()

    answer = await person.post("/sign-in/account", user=str(site.world.people["ann"]))

    assert answer.status_code == 403
    assert person.secret is None
    assert (site.world.snapshot(), other.ledger()) == before
    answer = await person.post("/sign-in/account", user=str(other.people["ann"]))
    assert answer.status_code == 303
    assert "in the account Umbrella" in (await person.get("/sign-in")).text


def test_what_began_before_a_deactivation_completes_nothing_after_it(world: World) -> None:
    begun_at = world.clock.instant
    world.clock.pass_(minutes=1)
    for command in (
        StartSession(method=SignInMethod.MAIL, begun_at=begun_at),
        LinkIdentity(issuer="https://login.example.com", subject="ann", begun_at=begun_at),
    ):
        world.do("bob", command)
        for _ in range(2):  # the last deactivation counts, and the same instant is before it
            at = world.clock.instant
            world.leave_and_return("ann")
            refusal = assert_refused(
                world, "ann", replace(command, begun_at=at), Code.UNAUTHENTICATED, recorded=False
            )
            assert (
                refusal.message == "You were deactivated since this sign-in began. Sign in again."
            )


async def test_signing_out_leaves_nothing_for_the_next_person(site: Site) -> None:
    ann = await site.signed_in("ann")
    names = [f"__Host-countersign-{what}" for what in ("identity", "proof", "asking")]
    for name in names:
        ann.client.cookies.set(name, "left", domain="countersign.example.com", path="/")
    answer = await ann.post("/sign-out")
    assert answer.status_code == 303
    assert PUBLIC.startswith("https://")
    assert not {name for name in ann.client.cookies if name != "__Host-countersign-known"}


async def test_an_operation_goes_no_further_than_its_credential(site: Site) -> None:
    token = site.world.do("admin", CreateApiToken(name="leaked", scopes=frozenset(Permission)))
    query = """
        mutation ($token: ID!) {
          before: createRole(input: {name: "Before", permissions: []}) { errors { code } }
          revoke: revokeApiToken(input: {id: $token}) { errors { code } }
          after: createRole(input: {name: "After", permissions: []}) { errors { code } }
          last: createApiToken(input: {name: "kept"}) { secret errors { code } }
        }"""
    variables = {"token": to_global("ApiToken", token.token_id)}
    person = await site.person()
    answer = await person.client.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {token.secret}"},
    )
    ended = [{"code": Code.UNAUTHENTICATED}]
    assert answer.json() == {
        "data": {
            "before": {"errors": []},
            "revoke": {"errors": []},
            "after": {"errors": ended},
            "last": {"secret": None, "errors": ended},
        }
    }
    created = site.world.ledger(tag="role:created")
    assert [json.loads(entry.body)["details"]["changes"]["name"] for entry in created] == [
        [None, "Before"]
    ]
