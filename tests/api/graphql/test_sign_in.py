"""Sessions and identities over GraphQL: one's own, and with MANAGE_USERS anybody's."""

from __future__ import annotations

from typing import Any

import pytest

from api.graphql.ids import to_global
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.credentials.identities import LinkIdentity
from engine.commands.credentials.sessions import RevokeSession, StartSession
from engine.model.vocabulary import Permission, SignInMethod
from tests.api.web.sign_in.site import Site, open_site
from tests.support.api import Api
from tests.support.refusals import tags
from tests.support.world import World

OWN = """{ viewer { user {
  sessions { id method userAgent createdAt lastSeenAt expiresAt endedAt current user { name } }
  identities { id issuer subject createdAt user { name } } } } }"""
OF = """query ($id: ID!) { node(id: $id) { ... on User {
  sessions { id } identities { id } } } }"""
START = StartSession(method=SignInMethod.MAIL, user_agent="Firefox/150")
LINK = LinkIdentity(issuer="https://login.example.com", subject="248289761001")
SESSION = "session { id endedAt }"
USER = "user { name identities { id } }"


def seen(api: Api, name: str, of: str) -> Any:
    return api.ask(name, OF, id=api.id("User", of))["node"]


def test_one_sees_where_one_is_signed_in_and_who_one_is_elsewhere(api: Api, world: World) -> None:
    ended, live = world.do("dev", START), world.do("dev", START)
    world.do("dev", RevokeSession(session_id=ended.session_id))
    world.do("dev", LINK)
    world.do("ann", START)
    user = api.ask("dev", OWN)["viewer"]["user"]

    (session,) = user["sessions"]
    assert session == {
        "id": to_global("Session", live.session_id),
        "method": "MAIL",
        "userAgent": "Firefox/150",
        "createdAt": "2030-06-03T12:00:00.000000Z",
        "lastSeenAt": "2030-06-03T12:00:00.000000Z",
        "expiresAt": "2030-06-10T12:00:00.000000Z",
        "endedAt": None,
        "current": False,
        "user": {"name": "Dev"},
    }
    (identity,) = user["identities"]
    assert (identity["issuer"], identity["subject"]) == (LINK.issuer, LINK.subject)
    assert identity["user"] == {"name": "Dev"}


def test_idle_sessions_are_gone(api: Api, world: World) -> None:
    world.do("dev", START)
    world.clock.pass_(hours=12)
    assert api.ask("dev", OWN)["viewer"]["user"]["sessions"] == []


def test_others_are_shown_to_those_who_manage_users(api: Api, world: World) -> None:
    world.do("dev", START)
    world.do("dev", LINK)
    for name, number in (("dev", 1), ("admin", 1), ("ann", 0)):
        shown = seen(api, name, "dev")
        assert (len(shown["sessions"]), len(shown["identities"])) == (number, number), name
    narrow = world.do("admin", CreateApiToken(name="narrow", scopes=frozenset({Permission.SIGN})))
    api.tokens["admin"] = narrow.secret
    assert seen(api, "admin", "dev") == {"sessions": [], "identities": []}


@pytest.mark.parametrize("name", ["dev", "admin"])
def test_a_session_is_ended_at_once_and_once(api: Api, world: World, name: str) -> None:
    session = world.do("dev", START)
    input_ = {"id": to_global("Session", session.session_id)}
    api.token(name)
    before = len(world.ledger())
    for _ in range(2):
        ended = api.change(name, "revokeSession", input_, SESSION)["session"]
        assert ended == {"id": input_["id"], "endedAt": "2030-06-03T12:00:00.000000Z"}
    assert tags(world, before) == ["session:ended"]
    assert api.ask("dev", OWN)["viewer"]["user"]["sessions"] == []


@pytest.mark.parametrize("name", ["dev", "admin"])
def test_an_identity_is_unlinked(api: Api, world: World, name: str) -> None:
    world.do("dev", LINK)
    (identity,) = seen(api, "dev", "dev")["identities"]
    api.token(name)
    before = len(world.ledger())
    done = api.change(name, "unlinkIdentity", {"id": identity["id"]}, USER)
    assert done["user"] == {"name": "Dev", "identities": []}
    assert tags(world, before) == ["identity:unlinked"]
    again = api.try_(name, "unlinkIdentity", {"id": identity["id"]}, USER)
    assert [error["code"] for error in again["errors"]] == ["NOT_FOUND"]


def test_what_is_somebody_elses_does_not_exist(api: Api, world: World) -> None:
    session = world.do("dev", START)
    world.do("dev", LINK)
    (identity,) = seen(api, "dev", "dev")["identities"]
    api.token("ann")
    before = world.snapshot(), len(world.ledger())
    for mutation, id_ in (
        ("revokeSession", to_global("Session", session.session_id)),
        ("unlinkIdentity", identity["id"]),
        ("revokeSession", identity["id"]),
        ("unlinkIdentity", "nothing"),
    ):
        refused = api.try_("ann", mutation, {"id": id_})
        assert [(e["code"], e["field"]) for e in refused["errors"]] == [("NOT_FOUND", ["id"])]
    assert (world.snapshot(), len(world.ledger())) == before


async def test_a_browser_knows_its_own_session_and_ends_the_others(small_world: World) -> None:
    async with open_site(small_world) as site:
        await _end_the_others(site)


async def _end_the_others(site: Site) -> None:
    desk, phone = await site.signed_in("ann"), await site.signed_in("ann")
    query = "{ viewer { user { sessions { id current } } } }"
    sessions = (await desk.query(query))["data"]["viewer"]["user"]["sessions"]
    assert sorted(session["current"] for session in sessions) == [False, True]
    (other,) = (session["id"] for session in sessions if not session["current"])
    end = f'mutation {{ revokeSession(input: {{id: "{other}"}}) {{ errors {{ code }} }} }}'
    assert (await desk.query(end))["data"] == {"revokeSession": {"errors": []}}
    assert (await desk.who(), await phone.who()) == ("ann@example.com", None)
