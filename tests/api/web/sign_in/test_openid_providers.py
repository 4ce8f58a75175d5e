"""Several providers by name, and signing out at the one that signed a browser in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import sqlalchemy as sa

from api.web.sign_in.openid.configured import OpenId, provider_path
from api.web.sign_in.openid.provider import Provider
from engine.commands.credentials.identities import LinkIdentity
from engine.persistence.store import tables as t
from tests.api.web.sign_in.loopback_issuer import SUBJECT, Issuer, Loopback
from tests.api.web.sign_in.site import PUBLIC, Person, Site, open_site
from tests.api.web.sign_in.test_openid import choices
from tests.support.api import serving
from tests.support.world import World, make_world

END_SESSION = "/end-session?from=countersign"
#: Names and labels; the first is that of the settings for a single provider.
LABELS = {"": "Company", "okta": "Okta & Partners"}


@pytest.fixture(scope="module")
def loopbacks() -> Iterator[list[Loopback]]:
    with ExitStack() as stack:
        both = [Loopback(), Loopback()]
        for loopback in both:
            loopback.address = stack.enter_context(serving(loopback.app))
        yield both


@pytest.fixture
def issuers(loopbacks: list[Loopback]) -> list[Issuer]:
    return [loopback.fresh() for loopback in loopbacks]


def openid_of(name: str, issuer: Issuer, **more: Any) -> OpenId:
    issuer.metadata["end_session_endpoint"] = f"{issuer.address}{END_SESSION}"
    issuer.client = {"signed_out_uri": f"{PUBLIC}/sign-in"}
    client = issuer.as_client(f"{PUBLIC}{provider_path(name)}/callback")
    return OpenId(provider=Provider(client), label=LABELS[name], name=name, **more)


@pytest.fixture
async def site(world: World, issuers: list[Issuer]) -> AsyncIterator[Site]:
    world.do("ann", LinkIdentity(issuer=issuers[0].named, subject=SUBJECT))
    world.do("bob", LinkIdentity(issuer=issuers[1].named, subject=SUBJECT))
    openid = [openid_of(name, issuer) for name, issuer in zip(LABELS, issuers, strict=True)]
    async with open_site(world, openid=openid) as opened:
        yield opened


async def answer_of(person: Person, name: str, query: str = "") -> str:
    """Leave for a provider; the path with which it sends the browser back."""
    away = await person.get(f"{provider_path(name)}{query}")
    assert away.status_code == 303, away.text
    async with httpx2.AsyncClient() as client:
        back = await client.get(away.headers["location"])
    return str(back.headers["location"]).removeprefix(PUBLIC)


async def through(person: Person, name: str, query: str = "") -> httpx2.Response:
    return await person.get(await answer_of(person, name, query))


async def test_each_has_a_button_that_leads_there_and_on(site: Site) -> None:
    page = (await (await site.person()).get("/sign-in?next=/releases")).text
    for link in (
        'href="/sign-in/openid?next=/releases">Sign in with Company<',
        'href="/sign-in/openid/okta?next=/releases">Sign in with Okta &amp; Partners<',
    ):
        assert link in page
    bob = await site.person()
    assert (await through(bob, "okta", "?next=/releases")).headers["location"] == "/releases"


async def test_the_same_subject_is_another_person_at_another_provider(site: Site) -> None:
    for name, address in (("", "ann@example.com"), ("okta", "bob@example.com")):
        person = await site.person()
        await through(person, name)
        assert await person.who() == address


async def test_an_answer_counts_only_at_the_path_of_the_provider_that_was_asked(
    site: Site,
) -> None:
    for name, other in (("", "okta"), ("okta", "")):
        person = await site.person()
        path = await answer_of(person, name)
        query = path.partition("?")[2]
        mixed_up = await person.get(f"{provider_path(other)}/callback?{query}")
        assert (mixed_up.status_code, person.secret) == (403, None)
        assert (await person.get(path)).status_code == 303


async def test_an_identity_of_a_provider_for_one_account_is_linked_there_only(
    world: World, issuers: list[Issuer]
) -> None:
    make_world(world.system.database, account="Umbrella")
    openid = [openid_of("", issuers[0], account="Umbrella"), openid_of("okta", issuers[1])]
    async with open_site(world, openid=openid) as site:
        for name, allowed in (("", False), ("okta", True)):
            person = await site.person()
            await through(person, name)
            await person.ask("ann@example.com")
            await person.post(await site.link("ann"))
            users = choices((await person.get("/sign-in/account")).text)
            await person.post("/sign-in/account", user=users["Acme"])
            question = await person.get("/sign-in/openid/link")
            assert (question.status_code == 200) is allowed


async def signed_out(person: Person) -> tuple[httpx2.Response, str | None]:
    """Sign out; the answer, and where its page leads to at the provider."""
    answer = await person.post("/sign-out")
    parts = answer.text.split('class="button" href="')
    return answer, parts[1].partition('"')[0].replace("&amp;", "&") if len(parts) > 1 else None


async def test_signing_out_leads_to_the_provider_with_its_own_token(
    site: Site, issuers: list[Issuer]
) -> None:
    bob = await site.person()
    await through(bob, "okta")
    answer, link = await signed_out(bob)
    assert answer.status_code == 200
    assert "Sign out at Okta &amp; Partners, too" in answer.text
    assert link is not None
    assert link.startswith(f"{issuers[1].address}{END_SESSION}&")
    query = parse_qs(urlsplit(link).query)
    assert query["from"] == ["countersign"]
    assert query["client_id"] == ["countersign"]
    assert query["post_logout_redirect_uri"] == [f"{PUBLIC}/sign-in"]
    (hint,) = query["id_token_hint"]
    assert hint.count(".") == 2
    assert await bob.who() is None
    assert [name for name in bob.client.cookies if "provider" in name] == []
    assert (await signed_out(bob))[1] is None


async def test_the_token_is_sealed_in_the_browser_and_stored_nowhere(site: Site) -> None:
    bob = await site.person()
    await through(bob, "okta")
    (cookie,) = [value for name, value in bob.client.cookies.items() if "provider" in name]
    _, link = await signed_out(bob)
    (hint,) = parse_qs(urlsplit(link or "").query)["id_token_hint"]
    assert hint.split(".")[1] not in cookie
    assert hint not in repr(site.world.snapshot()) + repr(site.world.ledger())


async def test_a_token_that_is_too_long_for_a_cookie_is_left_out(
    site: Site, issuers: list[Issuer]
) -> None:
    issuers[1].claims["groups"] = [f"group {number}" for number in range(500)]
    bob = await site.person()
    assert (await through(bob, "okta")).status_code == 303
    assert all(len(value) < 4000 for value in bob.client.cookies.values())
    _, link = await signed_out(bob)
    query = parse_qs(urlsplit(link or "").query)
    assert (query["client_id"], query.get("id_token_hint")) == (["countersign"], None)


async def test_after_a_sign_in_by_mail_no_provider_is_offered(site: Site) -> None:
    person = await site.person()
    await through(person, "okta")
    await person.ask("ann@example.com")
    await person.post(await site.link("ann"))
    answer, link = await signed_out(person)
    assert (answer.status_code, answer.headers["location"], link) == (303, "/sign-in", None)


@pytest.mark.parametrize("endpoint", [None, "http://login.example.com/out", 7, "javascript:x"])
async def test_without_a_place_to_sign_out_at_one_is_signed_out_here(
    site: Site, issuers: list[Issuer], endpoint: object
) -> None:
    issuers[1].metadata["end_session_endpoint"] = endpoint
    bob = await site.person()
    await through(bob, "okta")
    answer, link = await signed_out(bob)
    assert (answer.status_code, link, await bob.who()) == (303, None, None)


async def test_ending_another_session_leads_nowhere(site: Site) -> None:
    desk, phone = await site.person(), await site.person()
    for person in (desk, phone):
        await through(person, "okta")
    with site.world.system.database.reading() as connection:
        ids = list(connection.scalars(sa.select(t.sessions.c.id).order_by(t.sessions.c.created_at)))
    answer = await desk.post("/sign-in/end", session=str(ids[1]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert await phone.who() is None
