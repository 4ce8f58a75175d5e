"""Sign-in by mail: the link works once, for a while, in the browser that asked."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from sqlalchemy import event

from api.web.dashboard.built_files import BuiltDashboard
from api.web.dashboard.routes import with_dashboard
from api.web.http.rate_limit import TokenBuckets
from api.web.sign_in.limits import SignInLimits
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.transactions import bare_transaction
from engine.persistence.store import tables as t
from notifications.links.sign_in_links import CODE_ATTEMPTS
from tests.api.web.sign_in.site import Person, Site, open_site
from tests.support.refusals import details_of
from tests.support.world import World, make_world

FAST = TokenBuckets(rate=1, burst=1000)


def code_in(html: str) -> str:
    (found,) = re.findall(r'class="code">([A-Z2-7]{4}-[A-Z2-7]{4})<', html)
    return str(found)


def sign_ins(site: Site) -> list[Any]:
    with site.world.system.database.reading() as connection:
        return list(connection.execute(sa.select(t.sign_ins).order_by(t.sign_ins.c.id)))


async def test_the_link_signs_in_where_it_was_asked_for(site: Site) -> None:
    person = await site.person()
    assert "Send the link" in (await person.get("/sign-in")).text

    response = await person.ask(" Ann@Example.com ")
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in/code")
    assert "a link is on its way" in (await person.get("/sign-in/code")).text
    link = await site.link("ann")
    assert await person.who() is None
    page = await person.get(link)
    assert "You asked to sign in with Ann@example.com." in page.text

    answer = await person.post(link)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    given = [
        c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-countersign=")
    ]
    (cookie,) = given
    for flag in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=604800"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert await person.who() == "ann@example.com"
    assert "As Ann (ann@example.com), in the account Acme." in (await person.get("/sign-in")).text
    entry = site.world.ledger(tag="session:started")[-1]
    assert entry.subject_id == entry.actor_id == site.world.people["ann"]
    assert details_of(entry)["method"] == "MAIL"
    assert '"channel":"DASHBOARD"' in entry.body
    assert person.secret
    assert person.secret not in str(site.world.snapshot()) + entry.body


async def test_the_person_has_all_permissions_approval_too(site: Site) -> None:
    ann = await site.signed_in("ann")
    answer = await ann.query("{ viewer { permissions } }")
    assert "APPROVE_RELEASE" in answer["data"]["viewer"]["permissions"]


async def test_any_other_browser_shows_a_code_to_type_in_where_one_asked(site: Site) -> None:
    desk, phone = await site.person(), await site.person("Phone")
    await desk.ask("ann@example.com")
    link = await site.link("ann")

    page = await phone.get(link)
    assert "asked for in another browser" in page.text
    assert (await phone.post(link)).status_code == 403
    assert phone.secret is None
    typed = code_in(page.text).lower().replace("-", " ")
    assert (await phone.post("/sign-in/code", code=typed)).headers["location"] == "/sign-in"
    assert phone.secret is None

    answer = await desk.post("/sign-in/code", code=typed)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert await desk.who() == "ann@example.com"
    assert await phone.who() is None


async def test_looking_changes_nothing_however_often(site: Site) -> None:
    desk, scanner = await site.person(), await site.person("Scanner")
    await desk.ask("ann@example.com")
    link = await site.link("ann")
    before = site.world.snapshot(), site.world.ledger()
    for _ in range(30):
        for browser in (desk, scanner):
            assert (await browser.get(link)).status_code == 200
            assert (await browser.client.head(link)).status_code == 200
    assert (site.world.snapshot(), site.world.ledger()) == before
    assert (await desk.post(link)).status_code == 303


async def test_it_works_once(site: Site) -> None:
    desk = await site.person()
    await desk.ask("ann@example.com")
    link = await site.link("ann")
    code = code_in((await (await site.person()).get(link)).text)
    jar = dict(desk.client.cookies)
    assert (await desk.post(link)).status_code == 303
    desk.client.cookies.update(jar)
    assert (await desk.post(link)).status_code == 404
    assert "does not work any more" in (await desk.get(link)).text
    assert (await desk.post("/sign-in/code", code=code)).status_code == 422
    assert len(site.world.ledger(tag="session:started")) == 1


async def test_it_works_for_a_quarter_of_an_hour(site: Site) -> None:
    desk = await site.person()
    await desk.ask("ann@example.com")
    link = await site.link("ann")
    code = code_in((await (await site.person()).get(link)).text)
    site.world.clock.pass_(minutes=15)
    assert (await desk.post(link)).status_code == 404
    assert (await desk.post("/sign-in/code", code=code)).status_code == 422
    assert desk.secret is None


async def test_a_code_is_not_guessed(site: Site) -> None:
    desk = await site.person()
    await desk.ask("ann@example.com")
    code = code_in((await (await site.person()).get(await site.link("ann"))).text)
    for _ in range(CODE_ATTEMPTS):
        wrong = await desk.post("/sign-in/code", code="AAAA-AAAA")
        assert (wrong.status_code, "does not fit" in wrong.text) == (422, True)
    assert (await desk.post("/sign-in/code", code=code)).status_code == 422
    assert [row.code_attempts for row in sign_ins(site)] == [CODE_ATTEMPTS]


async def test_mangled_links_are_all_the_same_to_us(site: Site) -> None:
    desk = await site.person()
    await desk.ask("ann@example.com")
    right = (await site.link("ann")).removeprefix("/sign-in/")
    id_, _, token = right.partition(".")
    await desk.ask("ann@example.com")
    other = (await site.link("ann")).rpartition(".")[2]
    answers = set()
    for wrong in ("x", f"{id_}.", f"{id_}.{token}A", f"{id_}.{other}", f"{'0' * 32}.{token}"):
        for answer in (await desk.get(f"/sign-in/{wrong}"), await desk.post(f"/sign-in/{wrong}")):
            answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    assert desk.secret is None


# --- unknown addresses ----------------------------------------------------------------------


async def asked_and_observed(site: Site, address: str) -> tuple[Any, ...]:
    """All that an onlooker sees of asking, and all that the database is asked meanwhile."""
    person = await site.person()
    statements: list[str] = []
    engines = {site.world.system.database._writer, site.world.system.database._reader}

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    answer = await person.ask(address)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    page = await person.get("/sign-in/code")
    headers = [(k, v) for k, v in answer.headers.multi_items() if k != "set-cookie"]
    cookies = [len(cookie) for cookie in answer.headers.get_list("set-cookie")]
    return answer.status_code, headers, cookies, answer.text, page.text, tuple(statements)


async def test_nobody_learns_whether_an_address_is_known(site: Site) -> None:
    site.world.add_user("bot", "SIGNER", service=True)
    site.world.do("admin", UpdateUser(user_id=site.world.people["eve"], active=False))

    known = await asked_and_observed(site, "ann@example.com")

    for unknown in ("nobody@example.com", "bot@example.com", "eve@example.com"):
        assert await asked_and_observed(site, unknown) == known
    await site.mails("ann")
    assert [to for to, _ in site.inbox.mails] == ["ann@example.com"]
    assert {row.due_at for row in sign_ins(site)} == {None}


@pytest.mark.parametrize("address", ["", "ann", "ann@@example.com", "a\r\nBcc: eve@example.com"])
async def test_what_is_no_address_is_said_to_be_none(site: Site, address: str) -> None:
    answer = await (await site.person()).ask(address)
    assert answer.status_code == 422
    assert sign_ins(site) == []


async def test_the_mail_goes_to_the_mailbox_of_the_user_and_to_no_lookalike(site: Site) -> None:
    add = CreateUser(email="straße@example.com", name="Sam", roles=("SIGNER",))
    system = replace(site.world.system, international_addresses=True)
    replace(site.world, system=system).do("admin", add)
    desk = await site.person()
    await desk.ask("ANN@EXAMPLE.COM")
    await desk.ask("ad\u212ain@example.com")
    await desk.ask("strasse@example.com")
    await site.mails("ann")
    assert [to for to, _ in site.inbox.mails] == ["ann@example.com"]


# --- several accounts -----------------------------------------------------------------------


async def test_with_users_in_several_accounts_one_chooses_after_the_proof(site: Site) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    person = await site.person()
    await person.ask("ann@example.com")
    assert len(await site.mails("ann")) == 1

    answer = await person.post(await site.link("ann"))
    assert answer.headers["location"] == "/sign-in/account"
    assert await person.who() is None
    page = (await person.get("/sign-in/account")).text
    assert page.index("Acme") < page.index("Umbrella")
    stranger = str(other.people["bob"])
    assert (await person.post("/sign-in/account", user=stranger)).status_code == 200
    assert person.secret is None

    chosen = await person.post("/sign-in/account", user=str(other.people["ann"]))

    assert chosen.status_code == 303
    shown = (await person.get("/sign-in")).text
    assert "in the account Umbrella" in shown
    assert len(other.ledger(tag="session:started")) == 1
    assert site.world.ledger(tag="session:started") == []
    again = await person.post("/sign-in/account", user=str(site.world.people["ann"]))
    assert again.headers["location"] == "/sign-in"


async def test_one_proof_chooses_one_account_once(site: Site) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    person = await site.person()
    await person.ask("ann@example.com")
    await person.post(await site.link("ann"))
    proof = f"__Host-countersign-proof={person.client.cookies['__Host-countersign-proof']}"
    replays = [await site.person(Cookie=proof) for _ in range(3)]
    assert (await person.post("/sign-in/account", user=str(other.people["ann"]))).status_code == 303
    before = site.world.snapshot(), site.world.ledger(), other.ledger()

    for replay in replays:
        for world in (site.world, other):
            answer = await replay.post("/sign-in/account", user=str(world.people["ann"]))
            assert (answer.status_code, "does not work any more" in answer.text) == (404, True)
        assert replay.secret is None

    assert (site.world.snapshot(), site.world.ledger(), other.ledger()) == before
    assert len(other.ledger(tag="session:started")) == 1
    assert await person.who() == "ann@example.com"


async def test_whoever_was_deactivated_before_choosing_does_not_get_in(site: Site) -> None:
    make_world(site.world.system.database, account="Umbrella")
    person = await site.person()
    await person.ask("ann@example.com")
    await person.post(await site.link("ann"))
    site.world.do("admin", UpdateUser(user_id=site.world.people["ann"], active=False))
    answer = await person.post("/sign-in/account", user=str(site.world.people["ann"]))
    assert answer.status_code == 403
    assert person.secret is None


# --- rotation, foreign pages, limits ---------------------------------------------------------


async def test_each_sign_in_is_a_new_session_and_ends_the_one_before(site: Site) -> None:
    person = await site.signed_in("ann")
    first = person.secret
    assert first
    await person.ask("bob@example.com")
    await person.post(await site.link("bob"))
    assert person.secret != first
    assert await person.who() == "bob@example.com"
    thief = await site.person(Cookie=f"__Host-countersign={first}")
    assert await thief.who() is None
    assert site.world.ledger(tag="session:ended")[0].actor_id == site.world.people["ann"]


@pytest.mark.parametrize("says", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, {}])
async def test_no_foreign_page_does_anything(site: Site, says: dict[str, str]) -> None:
    person = await site.person()
    await person.ask("ann@example.com")
    link = await site.link("ann")
    before = site.world.snapshot()
    for path, fields in (
        ("/sign-in", {"address": "bob@example.com"}),
        (link, {}),
        ("/sign-in/code", {"code": "AAAA-AAAA"}),
        ("/sign-in/account", {"user": str(site.world.people["ann"])}),
        ("/sign-out", {}),
    ):
        answer = await person.client.post(path, data=fields, headers=says)
        assert (answer.status_code, "our page" in answer.text) == (403, True)
    assert site.world.snapshot() == before
    ours = await person.client.post(
        link, data={}, headers={"Origin": "https://countersign.example.com"}
    )
    assert ours.status_code == 303


async def test_an_address_is_mailed_a_few_times_and_nobody_is_told(world: World) -> None:
    limits = SignInLimits(asking=FAST, address_and_client=TokenBuckets(rate=1 / 300, burst=2))
    async with open_site(world, limits=limits) as site:
        answers = [await (await site.person()).ask("Ann@example.com") for _ in range(4)]
        assert {answer.status_code for answer in answers} == {303}
        assert len(await site.mails("ann")) == 2


async def test_what_strangers_ask_for_keeps_no_mail_from_a_browser_that_is_known(
    world: World,
) -> None:
    two = partial(TokenBuckets, rate=1 / 300, burst=2)
    limits = SignInLimits(
        asking=FAST, address_and_client=two(), address=two(), address_and_browser=two()
    )
    async with open_site(world, limits=limits) as site:
        ann = await site.signed_in("ann")
        with structlog.testing.capture_logs() as logged:
            strangers = [await (await site.person()).ask("ann@example.com") for _ in range(6)]
        assert {answer.status_code for answer in strangers} == {303}
        assert len(await site.mails("ann")) == 2
        (line,) = [one for one in logged if one["event"] == "sign_in_mail_withheld"]
        assert (line["limit"], "ann" in str(line)) == ("client", False)

        again = [await ann.ask("Ann@example.com") for _ in range(3)]

        assert {answer.status_code for answer in again} == {303}
        assert len(await site.mails("ann")) == 4
        # For somebody else's address it is a stranger like any other.
        await ann.ask("bob@example.com")
        assert len(await site.mails("bob")) == 1
        withheld = site.runtime.meter.registry.get_sample_value
        name = "countersign_sign_in_mails_withheld_total"
        assert withheld(name, {"limit": "client"}) == 5
        assert withheld(name, {"limit": "browser"}) == 1


async def test_strangers_of_many_networks_have_a_limit_together(world: World) -> None:
    limits = SignInLimits(address=TokenBuckets(rate=1 / 300, burst=3))
    exhausted = [limits.exhausted("ann@example.com", f"192.0.2.{n}", None) for n in range(5)]
    assert exhausted == [None, None, None, "address", "address"]
    assert limits.exhausted("ANN@example.com", "192.0.2.9", "browser") is None
    assert limits.exhausted("bob@example.com", "192.0.2.9", None) is None


@pytest.mark.parametrize("forged", ["", "x", "gAAAAAB" + "A" * 100])
async def test_a_cookie_that_is_not_ours_makes_no_known_browser(site: Site, forged: str) -> None:
    person = await site.person()
    person.client.cookies.set("__Host-countersign-known", forged)
    assert (await person.ask("ann@example.com")).status_code == 303
    assert len(await site.mails("ann")) == 1


async def test_a_client_asks_and_types_only_so_often(world: World) -> None:
    few = TokenBuckets(rate=1 / 60, burst=2)
    async with open_site(world, limits=SignInLimits(asking=few, typing=few)) as site:
        answers = [(await (await site.person()).ask(f"{n}@example.com")) for n in range(3)]
        assert [answer.status_code for answer in answers] == [303, 303, 429]
    few = TokenBuckets(rate=1 / 60, burst=2)
    async with open_site(world, limits=SignInLimits(typing=few)) as site:
        person = await site.person()
        await person.ask("ann@example.com")
        typed = [await person.post("/sign-in/code", code="AAAA-AAAA") for _ in range(3)]
        assert [answer.status_code for answer in typed] == [422, 422, 429]


async def test_bodies_that_our_pages_would_not_send(site: Site) -> None:
    person: Person = await site.person()
    headers = {"Sec-Fetch-Site": "same-origin"}
    form = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    for body, more, status in (
        (b"{}", headers | {"Content-Type": "application/json"}, 400),
        (b"a" * 10_000, form, 413),
        (b"\xff", form, 400),
        (b"address=%ff", form, 400),
        (b"&".join([b"a=1"] * 20), form, 400),
    ):
        answer = await person.client.post("/sign-in", content=body, headers=more)
        assert answer.status_code == (415 if status == 400 and body == b"{}" else status)
    assert sign_ins(site) == []


@pytest.mark.parametrize(
    ("next_", "then"),
    [
        ("/releases?status=PENDING", "/releases?status=PENDING"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ],
)
async def test_afterwards_one_goes_on_but_never_to_another_host(
    site: Site, next_: str, then: str
) -> None:
    person = await site.person()
    await person.ask("ann@example.com", next=next_)
    answer = await person.post(await site.link("ann"))
    assert answer.headers["location"] == then


@pytest.mark.parametrize("built", [BuiltDashboard("the dashboard", {}), None])
async def test_without_a_path_one_comes_to_the_dashboard_or_to_ones_sessions(
    site: Site, built: BuiltDashboard | None
) -> None:
    site.app.router.routes = with_dashboard(site.app.router.routes, built, "").routes
    person = await site.person()
    await person.ask("ann@example.com")
    answer = await person.post(await site.link("ann"))
    page = await person.get(answer.headers["location"], follow_redirects=True)
    assert ("Your sessions" if built is None else "the dashboard") in page.text


# --- the mail -------------------------------------------------------------------------------


async def test_a_mail_that_was_not_taken_is_tried_again_while_it_is_of_use(site: Site) -> None:
    person = await site.person()
    await person.ask("ann@example.com")
    site.inbox.answers["ann@example.com"] = "451 later"
    assert await site.mails("ann") == []
    site.world.clock.pass_(seconds=3)
    del site.inbox.answers["ann@example.com"]
    assert len(await site.mails("ann")) == 1
    assert (await person.post(await site.link("ann"))).status_code == 303


@pytest.mark.parametrize("fault", ["550 no such mailbox", "451 later"])
async def test_it_is_given_up_when_refused_for_good_or_worth_nothing(
    site: Site, fault: str
) -> None:
    await (await site.person()).ask("ann@example.com")
    site.inbox.answers["ann@example.com"] = fault
    await site.mails("ann")
    site.world.clock.pass_(minutes=16)
    await site.mails("ann")
    del site.inbox.answers["ann@example.com"]
    site.world.clock.pass_(minutes=1)
    assert await site.mails("ann") == []
    assert {row.due_at for row in sign_ins(site)} == {None}


async def test_one_killed_while_sending_is_followed_by_another(site: Site) -> None:
    await (await site.person()).ask("ann@example.com")
    claimed = site.mailer._claim()
    assert len(claimed) == 1
    assert await site.mails("ann") == []
    site.world.clock.pass_(seconds=45)
    assert len(await site.mails("ann")) == 1


async def test_who_asked_is_forgotten_after_a_day(site: Site) -> None:
    await (await site.person()).ask("ann@example.com")
    await site.mails("ann")
    site.world.clock.pass_(hours=24, seconds=1)
    await site.mails("ann")
    assert sign_ins(site) == []


async def test_the_mail_speaks_the_language_of_the_user_and_says_what_it_is(site: Site) -> None:
    ann = site.world.people["ann"]
    site.world.do("admin", UpdateUser(user_id=ann, locale="de", time_zone="Europe/Berlin"))
    await (await site.person()).ask("ann@example.com")
    (mail,) = await site.mails("ann")
    assert mail["Subject"] == "Bei Countersign anmelden"
    assert mail["To"] == "Ann <ann@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "am Mo., 3. Juni 2030, 14:00 Uhr MESZ (12:00 Uhr UTC)" in body.get_content()


async def test_the_pages_speak_the_language_of_the_browser(site: Site) -> None:
    person = await site.person(**{"Accept-Language": "de-AT,de;q=0.9"})
    page = await person.get("/sign-in")
    assert '<html lang="de">' in page.text
    assert "Ihre E-Mail-Adresse" in page.text
    assert "Das ist keine E-Mail-Adresse" in (await person.ask("ann")).text


async def test_the_pages_run_no_script_and_are_kept_by_nobody(site: Site) -> None:
    person = await site.person()
    for path in ("/sign-in", "/sign-in/x", "/sign-in/code"):
        answer = await person.get(path)
        assert answer.headers["cache-control"] == "no-store"
        if answer.status_code != 303:
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "<script" not in answer.text


async def test_a_sign_in_without_its_nonce_is_none(site: Site) -> None:
    """The key alone makes no link: the row has a part in it."""
    desk = await site.person()
    await desk.ask("ann@example.com")
    link = await site.link("ann")
    database = site.world.system.database
    bare_transaction(database, lambda db: db.execute(t.sign_ins.update().values(nonce=bytes(16))))
    assert (await desk.post(link)).status_code == 404


async def test_an_invitation_leads_to_the_page_with_the_address_filled_in(site: Site) -> None:
    person = await site.person()
    page = await person.get("/sign-in?address=ann%40example.com")

    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert 'name="address" type="email" value="ann@example.com"' in page.text
    assert sign_ins(site) == []
    for hostile in ("%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "x" * 3000, "ann", "%ff%40x"):
        answer = await person.get(f"/sign-in?address={hostile}")
        assert (answer.status_code, 'value=""' in answer.text) == (200, True)


async def test_an_invitation_is_for_whom_it_names_whoever_is_signed_in(site: Site) -> None:
    ann = await site.signed_in("ann")
    page = await ann.get("/sign-in?address=bob%40example.com")

    assert 'value="bob@example.com"' in page.text
    assert await ann.who() == "ann@example.com"
    await ann.ask("bob@example.com")
    await ann.post(await site.link("bob"))
    assert await ann.who() == "bob@example.com"
