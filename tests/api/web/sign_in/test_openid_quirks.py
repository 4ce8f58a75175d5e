"""Sign-in at a provider with quirks: who comes in, what the log says, and what the page says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from structlog.testing import capture_logs

from api.openid import answers
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.flow_cookies import FLOWS
from api.web.sign_in.openid.provider import Provider
from engine.commands.credentials.identities import LinkIdentity
from tests.api.web.sign_in.loopback_issuer import SUBJECT, Issuer, Loopback
from tests.api.web.sign_in.quirks import GROUPS, QUIRKS, Quirk
from tests.api.web.sign_in.site import PUBLIC, Person, Site, open_site
from tests.support.api import serving
from tests.support.world import World

CALLBACK = f"{PUBLIC}/sign-in/openid/callback"


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    loopback = Loopback()
    with serving(loopback.app) as loopback.address:
        yield loopback


async def through(person: Person) -> httpx2.Response:
    """There and back; the page that a person sees last."""
    away = await person.get("/sign-in/openid")
    if away.status_code != 303:
        return away
    async with httpx2.AsyncClient() as client:
        back = await client.get(away.headers["location"])
    assert back.is_redirect, back.text
    return await person.get(back.headers["location"].removeprefix(PUBLIC))


def test_every_quirk_has_a_name_of_its_own() -> None:
    assert len(QUIRKS) == sum(len(group) for group in GROUPS.values())
    assert len(QUIRKS) >= 60


def everyday_quirks() -> set[str]:
    """The names of the first quirk of each kind: its group, and the outcome that it has."""
    first: dict[tuple[str, str | None, bool], str] = {}
    for group, quirks in GROUPS.items():
        for quirk in quirks:
            kind = (group, quirk.why, quirk.then is not None)
            first.setdefault(kind, f"{group}: {quirk.name}")
    return set(first.values())


def quirk_parameters() -> list[Any]:
    """Every quirk; those of a kind that is tried already are left to the long tests."""
    everyday = everyday_quirks()
    return [
        pytest.param(quirk, id=name, marks=() if name in everyday else pytest.mark.long)
        for name, quirk in QUIRKS.items()
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("quirk", quirk_parameters())
async def test_a_quirk_has_its_outcome(
    world: World, loopback: Loopback, quirk: Quirk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "ANSWER_SECONDS", quirk.seconds)
    issuer = loopback.fresh()
    quirk.setup(issuer)
    world.do("ann", LinkIdentity(issuer=issuer.named, subject=SUBJECT))
    openid = OpenId(provider=Provider(issuer.as_client(CALLBACK)), label="Login")
    async with open_site(world, openid=[openid]) as site:
        if quirk.then is not None:
            await assert_in(await site.person(), issuer)
            quirk.then(issuer)
        person, before = await site.person(), world.snapshot()
        with capture_logs() as logged:
            page = await through(person)
        logged = [entry for entry in logged if entry["event"] == "openid_sign_in_failed"]
        assert "/userinfo" not in issuer.paths
        if quirk.why is None:
            assert logged == []
            assert (page.status_code, page.headers["location"]) == (303, "/")
            assert await person.who() == "ann@example.com"
        else:
            assert_refused_with(page, logged, quirk, issuer)
            assert person.secret is None
            assert world.snapshot() == before


async def assert_in(person: Person, issuer: Issuer) -> None:
    page = await through(person)
    assert page.status_code == 303, page.text
    assert await person.who() == "ann@example.com"


def assert_refused_with(
    page: httpx2.Response, logged: list[Any], quirk: Quirk, issuer: Issuer
) -> None:
    (entry,) = logged
    assert (entry["why"], entry["log_level"], entry["not_logged"]) == (quirk.why, "warning", 0)
    expected = {
        name: value.format(issuer.address) if isinstance(value, str) else value
        for name, value in quirk.logged.items()
    }
    assert {name: entry.get(name) for name in expected} == expected
    assert page.status_code == 403
    assert "The sign-in service did not let you in" in page.text
    assert (quirk.said or "<h1>") in page.text
    assert ("Its message: " in page.text) == (quirk.said is not None)
    assert "<script>" not in page.text
    assert "<img" not in page.text


async def leave(person: Person, then: str = "") -> tuple[str, str]:
    """To the provider and almost back: the path to return to, and the provider's answer in it."""
    away = await person.get(f"/sign-in/openid{then}")
    async with httpx2.AsyncClient() as client:
        back = await client.get(away.headers["location"])
    path = back.headers["location"].removeprefix(PUBLIC)
    (state,) = parse_qs(urlsplit(path).query)["state"]
    return path, state


def flows(person: Person) -> int:
    return sum("openid-" in cookie for cookie in person.client.cookies)


@pytest.fixture
async def site(world: World, loopback: Loopback) -> AsyncIterator[Site]:
    issuer = loopback.fresh()
    world.do("ann", LinkIdentity(issuer=issuer.named, subject=SUBJECT))
    openid = OpenId(provider=Provider(issuer.as_client(CALLBACK)), label="Login")
    async with open_site(world, openid=[openid]) as opened:
        yield opened


async def test_two_tabs_both_come_in_and_each_goes_where_it_wanted(site: Site) -> None:
    person = await site.person()
    first, _ = await leave(person, "?next=/first")
    second, _ = await leave(person, "?next=/second")
    assert flows(person) == 2
    assert (await person.get(second)).headers["location"] == "/second"
    assert await person.who() == "ann@example.com"
    assert (await person.get(first)).headers["location"] == "/first"
    assert await person.who() == "ann@example.com"
    assert flows(person) == 0
    assert len(site.world.ledger(tag="session:started")) == 2
    assert len(site.world.ledger(tag="session:ended")) == 1


async def test_an_answer_that_fails_ends_its_own_flow_alone(site: Site) -> None:
    person = await site.person()
    good, _ = await leave(person)
    _, state = await leave(person)
    unknown = await person.get("/sign-in/openid/callback?state=unknown&error=access_denied")
    assert (unknown.status_code, flows(person)) == (403, 2)
    assert "Its message" not in unknown.text
    denied = await person.get(f"/sign-in/openid/callback?state={state}&error=access_denied")
    assert (denied.status_code, flows(person)) == (403, 1)
    assert "Its message: access_denied" in denied.text
    assert (await person.get(good)).status_code == 303
    assert (await person.who(), flows(person)) == ("ann@example.com", 0)


async def test_a_session_outlives_answers_that_fail(site: Site) -> None:
    bob = await site.signed_in("bob")
    secret, before = bob.secret, site.world.snapshot()
    path, state = await leave(bob)
    for query in ("state=unknown&code=x", "state=", "", "error=access_denied", "state=%ff%00"):
        came = await bob.get(f"/sign-in/openid/callback?{query}")
        assert (came.status_code, came.headers["location"]) == (303, "/")
    denied = await bob.get(f"/sign-in/openid/callback?state={state}&error=access_denied")
    assert (denied.status_code, flows(bob)) == (403, 0)
    again = await bob.get(path)
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert (bob.secret, await bob.who()) == (secret, "bob@example.com")
    assert site.world.snapshot() == before


async def test_a_browser_keeps_five_flows_and_the_oldest_goes(site: Site) -> None:
    person = await site.person()
    paths = [(await leave(person, f"?next=/{number}"))[0] for number in range(FLOWS + 2)]
    assert flows(person) == FLOWS == 5
    for path in paths[:2]:
        assert (await person.get(path)).status_code == 403
    assert flows(person) == FLOWS
    landed = [(await person.get(path)).headers["location"] for path in paths[2:]]
    assert landed == ["/2", "/3", "/4", "/5", "/6"]
    assert flows(person) == 0


async def test_a_cookie_that_does_not_open_goes_with_the_next_flow(site: Site) -> None:
    name = "__Host-countersign-openid-0123456789abcdef"
    person = await site.person()
    person.client.cookies.set(name, "spoiled", domain="countersign.example.com", path="/")
    assert flows(person) == 1
    await leave(person)
    assert flows(person) == 1
    assert name not in person.client.cookies


async def test_a_flow_is_of_one_state(site: Site, loopback: Loopback) -> None:
    person = await site.person()
    path, state = await leave(person)
    other = path.replace(state, state[:-1] + ("A" if state[-1] != "A" else "B"))
    assert (await person.get(other)).status_code == 403
    (cookie,) = [name for name in person.client.cookies if "openid-" in name]
    value = person.client.cookies[cookie]
    _, of_another = await leave(person)
    moved = f"__Host-countersign-openid-{sha256(of_another.encode()).hexdigest()[:16]}"
    thief = await site.person(Cookie=f"{moved}={value}")
    came = await thief.get(f"/sign-in/openid/callback?state={of_another}&code=code%202")
    assert came.status_code == 403
    assert thief.secret is None
    assert "/token" not in loopback.issuer.paths
    assert (await person.get(path)).status_code == 303


async def test_one_kind_of_failure_is_logged_now_and_then_whatever_its_values(
    site: Site,
) -> None:
    person = await site.person()
    with capture_logs() as logged:
        for number in range(4):
            _, state = await leave(person)
            await person.get(f"/sign-in/openid/callback?state={state}&error=made-up-{number}")
    assert [entry["error"] for entry in logged if "error" in entry] == ["made-up-0"]


async def test_the_page_is_german_for_whom_it_is(site: Site) -> None:
    person = await site.person(**{"Accept-Language": "de"})
    _, state = await leave(person)
    page = await person.get(f"/sign-in/openid/callback?state={state}&error=access_denied")
    assert "Seine Meldung: access_denied<" in page.text
