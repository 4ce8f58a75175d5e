"""Sign-in by OpenID Connect, with the npm package `oidc-provider` on the other side."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
import sqlalchemy as sa
from starlette.requests import HTTPConnection
from structlog.testing import capture_logs

from api.openid.errors import ProviderError
from api.runtime.host_people import HostPeople, HostUser
from api.web.http.rate_limit import TokenBuckets
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.provider import AuthMethod, Client, Flow, Provider
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.identities import LinkIdentity, UnlinkIdentity
from engine.model.errors import Code
from engine.persistence.store import tables as t
from tests.api.web.sign_in.openid_provider import SECRET, agree, running_provider
from tests.api.web.sign_in.site import PUBLIC, Person, Site, open_site
from tests.support.refusals import assert_refused, details_of
from tests.support.world import World, make_world

CALLBACK = f"{PUBLIC}/sign-in/openid/callback"
LINK = "/sign-in/openid/link"
_MARK = re.compile(r'name="identity" value="([0-9a-f]{32})"')


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider(CALLBACK) as running:
        yield running


@pytest.fixture
def openid(issuer: str) -> OpenId:
    return OpenId(
        provider=Provider(Client(issuer, "client_secret_basic", SECRET, CALLBACK)), label="Login"
    )


@pytest.fixture
async def site(world: World, openid: OpenId) -> AsyncIterator[Site]:
    async with open_site(world, openid=[openid]) as opened:
        yield opened


async def through(person: Person, name: str) -> Any:
    """To the provider, in there as somebody, and back again; the page one comes back to."""
    away = await person.get("/sign-in/openid")
    assert away.status_code == 303, away.text
    back = await agree(away.headers["location"], name)
    assert back.startswith(CALLBACK)
    return await person.get(back.removeprefix(PUBLIC))


async def answered(person: Person, answer: str) -> Any:
    """The form about the identity that waits, filled in."""
    (mark,) = _MARK.findall((await person.get(LINK)).text)
    return await person.post(LINK, answer=answer, identity=mark)


def identities(site: Site) -> list[Any]:
    with site.world.system.database.reading() as connection:
        return list(connection.execute(sa.select(t.identities)))


def choices(page: str) -> dict[str, str]:
    """Of the page that asks for the account: its name -> the user there."""
    names = re.findall(r"<strong>([^<]+)</strong>", page)
    return dict(zip(names, re.findall(r'name="user" value="([^"]+)"', page), strict=True))


async def confirmed(site: Site, name: str, user: str) -> Person:
    """Somebody who tied an identity to their user by mail."""
    person = await site.person()
    await through(person, name)
    await person.ask(f"{user}@example.com")
    await person.post(await site.link(user))
    await answered(person, "yes")
    return person


async def test_the_first_time_the_user_confirms_by_mail_and_from_then_on_it_is_enough(
    site: Site, issuer: str
) -> None:
    person = await site.person()
    assert "Sign in with Login" in (await person.get("/sign-in")).text
    page = await through(person, "ann.login")
    assert "Nobody here has signed in with this identity yet" in page.text
    assert 'value="ann.login@example.com"' in page.text
    assert person.secret is None

    await person.ask("ann@example.com")
    entered = await person.post(await site.link("ann"))
    assert entered.headers["location"] == LINK
    assert identities(site) == []
    question = (await person.get(LINK)).text
    assert "ann.login@example.com" in question
    assert "Ann (ann@example.com)" in question
    await answered(person, "yes")

    (row,) = identities(site)
    assert (row.issuer, row.subject) == (issuer, "ann.login")
    assert row.user_id == site.world.people["ann"]
    assert details_of(site.world.ledger(tag="identity:linked")[0])["subject"] == "ann.login"
    again = await site.person()
    came = await through(again, "ann.login")
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert await again.who() == "ann@example.com"
    methods = [details_of(entry)["method"] for entry in site.world.ledger(tag="session:started")]
    assert methods == ["MAIL", "OPENID_CONNECT"]


async def test_an_address_that_the_provider_tells_proves_nothing(site: Site) -> None:
    person = await site.person()
    page = await through(person, "ann")
    assert 'value="ann@example.com"' in page.text
    assert person.secret is None
    assert identities(site) == []


async def test_who_is_signed_in_already_is_asked_and_may_say_no(site: Site) -> None:
    bob = await site.signed_in("bob")
    came = await through(bob, "robert")
    assert came.headers["location"] == LINK
    await answered(bob, "no")
    assert identities(site) == []
    assert (await bob.get(LINK)).headers["location"] == "/"
    assert await bob.who() == "bob@example.com"


async def test_nothing_is_tied_without_a_session_or_by_a_foreign_page(site: Site) -> None:
    person = await site.person()
    await through(person, "mallory")
    assert (await person.post(LINK, answer="yes")).headers["location"] == "/sign-in"
    await person.ask("ann@example.com")
    await person.post(await site.link("ann"))
    (mark,) = _MARK.findall((await person.get(LINK)).text)
    forged = await person.post(LINK, site="cross-site", answer="yes", identity=mark)
    assert forged.status_code == 403
    assert identities(site) == []


async def test_in_one_account_an_identity_is_one_users(site: Site) -> None:
    await confirmed(site, "shared", "ann")
    issuer, subject = identities(site)[0].issuer, identities(site)[0].subject
    command = LinkIdentity(issuer=issuer, subject=subject)
    assert_refused(site.world, "bob", command, Code.FORBIDDEN)
    site.world.do("ann", command)
    assert len(identities(site)) == 1


async def test_the_same_identity_in_two_accounts_chooses_after_the_proof(
    site: Site, issuer: str
) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    for world in (site.world, other):
        world.do("bob", LinkIdentity(issuer=issuer, subject="both"))
    person = await site.person()
    assert (await through(person, "both")).headers["location"] == "/sign-in/account"
    users = choices((await person.get("/sign-in/account")).text)
    assert list(users) == ["Acme", "Umbrella"]
    proof = f"__Host-countersign-proof={person.client.cookies['__Host-countersign-proof']}"
    await person.post("/sign-in/account", user=users["Umbrella"])
    assert "in the account Umbrella" in (await person.get("/sign-in")).text
    replay = await site.person(Cookie=proof)
    assert (await replay.post("/sign-in/account", user=users["Acme"])).status_code == 404
    assert replay.secret is None
    assert site.world.ledger(tag="session:started") == []


async def test_untied_while_the_account_is_chosen_it_does_not_let_in(
    site: Site, issuer: str
) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    for world in (site.world, other):
        world.do("bob", LinkIdentity(issuer=issuer, subject="both"))
    person = await site.person()
    await through(person, "both")
    users = choices((await person.get("/sign-in/account")).text)
    (row,) = [one for one in identities(site) if one.account_id == other.account_id]
    other.do("admin", UnlinkIdentity(identity_id=row.id))
    refused = await person.post("/sign-in/account", user=users["Umbrella"])
    assert refused.status_code == 403
    assert person.secret is None
    assert other.ledger(tag="session:started") == []
    assert (await person.post("/sign-in/account", user=users["Acme"])).status_code == 303
    assert await person.who() == "bob@example.com"


async def test_deactivated_while_away_at_the_provider_one_begins_anew(
    site: Site, issuer: str
) -> None:
    site.world.do("bob", LinkIdentity(issuer=issuer, subject="bob.login"))
    person = await site.person()
    away = await person.get("/sign-in/openid")
    back = await agree(away.headers["location"], "bob.login")
    site.world.leave_and_return("bob")
    page = await person.get(back.removeprefix(PUBLIC))
    assert "this identity yet" in page.text
    assert person.secret is None
    assert site.world.ledger(tag="session:started") == []
    # Nor does the old proof tie the identity, however one signs in then.
    site.world.clock.pass_(minutes=1)
    site.world.do("admin", UnlinkIdentity(identity_id=identities(site)[0].id))
    await person.ask("bob@example.com")
    entered = await person.post(await site.link("bob"))
    assert entered.headers["location"] == LINK
    refused = await answered(person, "yes")
    assert refused.status_code == 409
    assert "You were deactivated since this sign-in began. Sign in again." in refused.text
    assert identities(site) == []
    site.world.do("bob", LinkIdentity(issuer=issuer, subject="bob.login"))
    again = await site.person()
    assert (await through(again, "bob.login")).headers["location"] == "/"
    assert await again.who() == "bob@example.com"


async def test_deactivated_or_untied_it_does_not_let_in(site: Site) -> None:
    await confirmed(site, "ann.login", "ann")
    ann = site.world.people["ann"]
    site.world.do("admin", UpdateUser(user_id=ann, active=False))
    person = await site.person()
    assert "this identity yet" in (await through(person, "ann.login")).text
    site.world.do("admin", UpdateUser(user_id=ann, active=True))
    (row,) = identities(site)
    command = UnlinkIdentity(identity_id=row.id)
    assert_refused(site.world, "bob", command, Code.NOT_FOUND, "id", recorded=False)
    site.world.do("admin", command)
    assert "this identity yet" in (await through(person, "ann.login")).text
    assert len(site.world.ledger(tag="identity:unlinked")) == 1


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("configured", [True, False])
async def test_either_way_to_authenticate_is_taken(
    world: World, issuer: str, method: AuthMethod, configured: bool
) -> None:
    client = Client(issuer, method, SECRET, CALLBACK, method if configured else None)
    async with open_site(world, openid=[OpenId(provider=Provider(client), label="Login")]) as site:
        for name in ("first", "second"):
            page = await through(await site.person(), name)
            assert f'value="{name}@example.com"' in page.text


async def test_the_provider_takes_our_request_to_sign_out(world: World, issuer: str) -> None:
    client = Client(
        issuer, "client_secret_basic", SECRET, CALLBACK, signed_out_uri=f"{PUBLIC}/sign-in"
    )
    async with open_site(world, openid=[OpenId(provider=Provider(client), label="Login")]) as site:
        await confirmed(site, "ann.login", "ann")
        person = await site.person()
        await through(person, "ann.login")
        page = (await person.post("/sign-out")).text
    (url,) = re.findall(r'class="button" href="([^"]+)"', page)
    async with httpx2.AsyncClient() as browser:
        confirmation = await browser.get(html.unescape(url))
        assert confirmation.status_code == 200, confirmation.text
        (xsrf,) = re.findall(r'name="xsrf" value="([^"]+)"', confirmation.text)
        (action,) = re.findall(r'action="([^"]+)"', confirmation.text)
        form = {"xsrf": xsrf, "logout": "yes"}
        left = await browser.post(urljoin(str(confirmation.url), action), data=form)
    assert left.headers["location"] == f"{PUBLIC}/sign-in"


async def test_a_secret_that_is_not_ours_is_told(world: World, issuer: str) -> None:
    client = Client(issuer, "client_secret_post", f"{SECRET}?", CALLBACK)
    async with open_site(world, openid=[OpenId(provider=Provider(client), label="Login")]) as site:
        with capture_logs() as logged:
            page = await through(await site.person(), "ann")
        assert (page.status_code, "Its message: invalid_client" in page.text) == (403, True)
        (entry,) = [entry for entry in logged if entry["event"] == "openid_sign_in_failed"]
        assert (entry["why"], entry["status"]) == ("The provider did not redeem the code.", 401)
        assert SECRET not in str(entry)


async def test_a_form_about_the_identity_of_another_tab_ties_nothing(site: Site) -> None:
    ann = await site.signed_in("ann")
    await through(ann, "work")
    (of_work,) = _MARK.findall((await ann.get(LINK)).text)
    await through(ann, "home")
    page = await ann.post(LINK, answer="yes", identity=of_work)
    assert (page.status_code, "home@example.com" in page.text) == (200, True)
    assert identities(site) == []
    (of_home,) = _MARK.findall(page.text)
    assert of_home != of_work
    await ann.post(LINK, answer="yes", identity=of_home)
    assert [row.subject for row in identities(site)] == ["home"]


async def test_only_the_browser_that_left_comes_back_and_once(site: Site) -> None:
    await confirmed(site, "ann.login", "ann")
    leaver, thief = await site.person(), await site.person()
    away = await leaver.get("/sign-in/openid")
    back = (await agree(away.headers["location"], "ann.login")).removeprefix(PUBLIC)
    assert (await thief.get(back)).status_code == 403
    await thief.get("/sign-in/openid")
    assert (await thief.get(back)).status_code == 403
    assert thief.secret is None
    jar = dict(leaver.client.cookies)
    assert (await leaver.get(back)).status_code == 303
    again = await leaver.get(back)
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert await leaver.who() == "ann@example.com"
    assert len(site.world.ledger(tag="session:started")) == 2
    replay = await site.person(Cookie="; ".join(f"{k}={v}" for k, v in jar.items()))
    assert (await replay.get(back)).status_code == 403
    assert replay.secret is None


async def test_what_is_asked_of_the_provider(site: Site) -> None:
    person = await site.person()
    away = (await person.get("/sign-in/openid?next=/releases")).headers["location"]
    parameters = {name: value for name, (value,) in parse_qs(urlsplit(away).query).items()}
    assert parameters["code_challenge_method"] == "S256"
    assert parameters["response_type"] == "code"
    assert parameters["redirect_uri"] == CALLBACK
    assert len({parameters["state"], parameters["nonce"], parameters["code_challenge"]}) == 3
    assert SECRET not in away


async def test_the_way_on_is_kept_while_one_is_away(site: Site) -> None:
    await confirmed(site, "ann.login", "ann")
    person = await site.person()
    away = await person.get("/sign-in/openid?next=/releases")
    back = await agree(away.headers["location"], "ann.login")
    came = await person.get(back.removeprefix(PUBLIC))
    assert came.headers["location"] == "/releases"


@pytest.mark.parametrize(
    "answer",
    [
        "error=access_denied",
        "code=x",
        "code=x&iss=https://evil.example",
        "code=made-up&iss={issuer}",
        "",
    ],
)
async def test_answers_that_are_not_good_let_nobody_in(
    site: Site, issuer: str, answer: str
) -> None:
    person = await site.person()
    away = (await person.get("/sign-in/openid")).headers["location"]
    state = parse_qs(urlsplit(away).query)["state"][0]
    query = f"state={state}&{answer.format(issuer=issuer)}"
    came = await person.get(f"/sign-in/openid/callback?{query}")
    assert (came.status_code, "did not let you in" in came.text) == (403, True)
    assert person.secret is None


async def test_it_can_be_for_one_account_alone(world: World, openid: OpenId) -> None:
    make_world(world.system.database, account="Umbrella")
    parts = OpenId(provider=openid.provider, label="Login", account="ACME")
    async with open_site(world, openid=[parts]) as site:
        person = await site.person()
        await through(person, "uma")
        await person.ask("ann@example.com")
        await person.post(await site.link("ann"))
        users = choices((await person.get("/sign-in/account")).text)
        await person.post("/sign-in/account", user=users["Umbrella"])
        question = await person.get(LINK)
        assert question.status_code == 403
        assert "cannot be used in this account" in question.text
        assert (await answered(person, "yes")).status_code == 403
        assert identities(site) == []
        assert (await answered(person, "no")).headers["location"] == "/"
        assert (await person.get(LINK)).headers["location"] == "/"


async def test_a_provider_that_is_away_is_told_on_a_page(world: World) -> None:
    gone = Client("http://127.0.0.1:1", "countersign", SECRET, CALLBACK)
    async with open_site(world, openid=[OpenId(provider=Provider(gone), label="Login")]) as site:
        answer = await (await site.person()).get("/sign-in/openid")
        assert (answer.status_code, "did not let you in" in answer.text) == (403, True)


class CountedProvider(Provider):
    """One that is away, and counts who wants something of it."""

    attempts = 0

    async def leave_for(self, flow: Flow) -> str:
        self.attempts += 1
        raise ProviderError("the provider did not answer")


async def test_a_client_goes_there_and_back_only_so_often_and_the_log_stays_short(
    world: World,
) -> None:
    gone = CountedProvider(Client("http://127.0.0.1:1", "countersign", SECRET, CALLBACK))
    limits = SignInLimits(travelling=TokenBuckets(rate=1 / 60, burst=5))
    async with open_site(
        world, openid=[OpenId(provider=gone, label="Login")], limits=limits
    ) as site:
        person, before = await site.person(), world.snapshot()
        with capture_logs() as logged:
            left = [await person.get("/sign-in/openid") for _ in range(3)]
            came = [await person.get("/sign-in/openid/callback?state=x") for _ in range(3)]
            left.append(await person.get("/sign-in/openid"))
        assert [answer.status_code for answer in left] == [403, 403, 403, 429]
        assert [answer.status_code for answer in came] == [403, 403, 429]
        assert "That was too often" in came[-1].text
        assert gone.attempts == 3
        assert [(entry["why"], entry["not_logged"]) for entry in logged] == [
            ("the provider did not answer", 0),
            ("This browser did not begin the sign-in.", 0),
        ]
        assert world.snapshot() == before


async def test_a_session_that_somebody_left_here_ties_no_identity(
    world: World, openid: OpenId
) -> None:
    names = {"host": "bob"}

    async def authenticate(_connection: HTTPConnection) -> HostUser | None:
        return HostUser(account_id=world.account_id, email=f"{names['host']}@example.com")

    people = HostPeople(authenticate=authenticate)
    async with open_site(world, openid=[openid], host_people=people) as site:
        person = await site.signed_in("ann")
        await through(person, "bob.login")
        page = await person.get(LINK)
        assert (page.status_code, "somebody else" in page.text) == (403, True)
        names["host"] = "ann"
        (mark,) = _MARK.findall((await person.get(LINK)).text)
        names["host"] = "bob"
        refused = await person.post(LINK, answer="yes", identity=mark)
        assert refused.status_code == 403
        assert identities(site) == []
        names["host"] = "ann"
        await answered(person, "yes")
        assert len(identities(site)) == 1
