"""Browser sessions: who they prove, how they end, and that no foreign page can use one."""

import asyncio
import re
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.credentials.sessions import NewSession, RevokeSession, StartSession
from engine.model.errors import Code
from engine.model.principal import Principal
from engine.model.vocabulary import Channel, SignInMethod
from engine.persistence.store import tables as t
from engine.queries.credentials import live_sessions, principal_of_session
from tests.api.web.sign_in.site import Site
from tests.support.refusals import assert_refused, tags
from tests.support.waiting import WAIT_LIMIT_SECONDS, until
from tests.support.world import World

START = StartSession(method=SignInMethod.MAIL, user_agent="Firefox\n\u202e")
FREEZE = """mutation { updateAccount(input: {signingFrozen: true}) { errors { code } } }"""


def proved(world: World, session: NewSession) -> Principal | None:
    with world.system.database.reading() as connection:
        return principal_of_session(connection, session.secret, world.clock.instant)


def rows(world: World) -> list[Any]:
    with world.system.database.reading() as connection:
        return list(connection.execute(sa.select(t.sessions)))


def test_a_session_proves_its_person_at_the_dashboard_with_all_they_may(world: World) -> None:
    session = world.do("ann", START)
    principal = proved(world, session)
    assert principal == world.principal(
        "ann", channel=Channel.DASHBOARD, session_id=session.session_id
    )
    assert rows(world)[0].user_agent == "Firefox  "
    assert session.secret not in repr(session) + repr(rows(world))


def test_it_ends_after_twelve_idle_hours(world: World) -> None:
    session = world.do("ann", START)
    world.clock.pass_(hours=12, microseconds=-1)
    assert proved(world, session) is not None
    world.clock.pass_(microseconds=1)
    assert proved(world, session) is None


def test_it_ends_after_seven_days_however_busy(world: World) -> None:
    session = world.do("ann", START)
    with world.system.database.writing() as connection:
        seen = world.clock.instant.replace(year=2031)
        connection.execute(t.sessions.update().values(last_seen_at=seen))
        connection.commit()
    world.clock.pass_(days=7, microseconds=-1)
    assert proved(world, session) is not None
    world.clock.pass_(microseconds=1)
    assert proved(world, session) is None


def test_one_ends_ones_own_at_once_and_once(world: World) -> None:
    session, other = world.do("ann", START), world.do("ann", START)
    before = len(world.ledger())
    for _ in range(2):
        world.do("ann", RevokeSession(session_id=session.session_id))
    assert proved(world, session) is None
    assert proved(world, other) is not None
    assert tags(world, before) == ["session:ended"]


def test_others_are_ended_by_those_who_manage_users_and_unseen_by_the_rest(world: World) -> None:
    session = world.do("ann", START)
    command = RevokeSession(session_id=session.session_id)
    assert_refused(world, "bob", command, Code.NOT_FOUND, "id", recorded=False)
    world.do("admin", command)
    assert proved(world, session) is None


def test_a_pipeline_has_no_browser(world: World) -> None:
    world.add_user("bot", "SIGNER", service=True)
    assert_refused(world, "bot", START, Code.FORBIDDEN)


def test_deactivating_ends_them_for_good(world: World) -> None:
    session = world.do("dev", START)
    for active in (False, True):
        world.do("admin", UpdateUser(user_id=world.people["dev"], active=active))
        assert proved(world, session) is None
    assert rows(world)[0].ended_at == world.clock.instant
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))
    assert_refused(world, "dev", START, Code.UNAUTHENTICATED, recorded=False)


def test_one_sees_ones_own_that_live(world: World) -> None:
    first, second = world.do("ann", START), world.do("ann", START)
    world.do("bob", START)
    world.do("ann", RevokeSession(session_id=first.session_id))
    with world.system.database.reading() as connection:
        found = live_sessions(connection, world.principal("ann"), world.clock.instant)
    assert [row.id for row in found] == [second.session_id]
    assert "secret_hash" not in found[0]._mapping


# --- over HTTP ------------------------------------------------------------------------------


async def test_signing_out_ends_it(site: Site) -> None:
    ann = await site.signed_in("ann")
    secret = ann.secret
    answer = await ann.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert ann.secret is None
    assert await (await site.person(Cookie=f"__Host-countersign={secret}")).who() is None
    assert len(site.world.ledger(tag="session:ended")) == 1
    assert (await ann.post("/sign-out")).status_code == 303


async def test_another_session_of_ones_own_is_ended_from_the_page(site: Site) -> None:
    desk, phone = await site.signed_in("ann"), await site.signed_in("ann")
    page = (await desk.get("/sign-in")).text
    (other,) = re.findall(r'name="session" value="([^"]+)"', page)
    bob = await site.signed_in("bob")
    assert (await bob.post("/sign-in/end", session=other)).status_code == 403
    await desk.post("/sign-in/end", session=other)
    assert (await desk.who(), await phone.who()) == ("ann@example.com", None)


async def test_deactivation_holds_at_the_next_request(site: Site) -> None:
    ann = await site.signed_in("ann")
    assert await ann.who() == "ann@example.com"
    site.world.do("admin", UpdateUser(user_id=site.world.people["ann"], active=False))
    assert await ann.who() is None


@pytest.mark.parametrize("says", [{"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}, {}])
async def test_a_foreign_page_cannot_use_it(site: Site, says: dict[str, str]) -> None:
    admin = await site.signed_in("admin")
    before = site.world.snapshot(), len(site.world.ledger())
    answer = await admin.client.post("/graphql", json={"query": FREEZE}, headers=says)
    body = answer.json()
    codes = {error["extensions"]["code"] for error in body["errors"]}
    assert codes <= {"UNAUTHENTICATED", "FOREIGN_ORIGIN"}, body
    assert (site.world.snapshot(), len(site.world.ledger())) == before


async def test_who_sends_a_token_means_the_token(site: Site) -> None:
    ann = await site.signed_in("ann")
    token = site.world.do("bob", CreateApiToken(name="ci")).secret
    who = "{ viewer { user { email } } }"
    answer = await ann.query(who, Authorization=f"Bearer {token}")
    assert answer["data"]["viewer"]["user"]["email"] == "bob@example.com"
    for wrong in ("Bearer csn_x", "Basic abc", "Bearer", ""):
        refused = await ann.query(who, Authorization=wrong)
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_websocket_of_a_foreign_page_is_nobodys(site: Site) -> None:
    ann = await site.signed_in("ann")
    cookie = f"__Host-countersign={ann.secret}"

    def who(origin: str | None) -> Any:
        headers = {"Cookie": cookie} | ({"Origin": origin} if origin else {})
        with (
            TestClient(site.app, base_url="https://countersign.example.com") as client,
            client.websocket_connect("/graphql", ["graphql-transport-ws"], headers=headers) as ws,
        ):
            ws.send_json({"type": "connection_init"})
            assert ws.receive_json()["type"] == "connection_ack"
            query = {"query": "{ viewer { user { email } } }"}
            ws.send_json({"id": "1", "type": "subscribe", "payload": query})
            return ws.receive_json()

    site.runtime.credential_usage.drain()
    ours = who("https://countersign.example.com")
    assert site.runtime.credential_usage.drain() == (set(), set())
    assert ours["payload"]["data"]["viewer"]["user"]["email"] == "ann@example.com"
    for foreign in ("https://evil.example", "http://countersign.example.com", "null", None):
        try:
            answer = who(foreign)
        except (WebSocketDisconnect, KeyError):
            continue
        assert "ann@example.com" not in str(answer)


async def test_following_is_no_sign_that_somebody_sits_there(site: Site) -> None:
    ann = await site.signed_in("ann")
    site.runtime.credential_usage.drain()
    headers = {"Accept": "text/event-stream", "Sec-Fetch-Site": "same-origin"}
    query = {"query": "subscription { releaseEvents { tag } }"}
    following = asyncio.create_task(ann.client.post("/graphql", json=query, headers=headers))
    await asyncio.to_thread(until, lambda: site.runtime.credential_usage._sessions)
    tokens, (session,) = site.runtime.credential_usage.drain()
    assert tokens == set()
    await asyncio.sleep(1)
    assert site.runtime.credential_usage.drain() == (set(), set())
    site.world.do("ann", RevokeSession(session_id=session))
    answer = await asyncio.wait_for(following, WAIT_LIMIT_SECONDS)
    assert "UNAUTHENTICATED" in answer.text


async def test_a_cookie_that_could_not_be_ours_is_not_looked_up(site: Site) -> None:
    for value in ("x", "a" * 44, "é" * 43, "a" * 42 + ";"):
        person = await site.person()
        header = {"Cookie": f"__Host-countersign={value}".encode("latin-1")}
        answer = await person.client.get("/sign-in", headers=header)
        assert "Send the link" in answer.text
