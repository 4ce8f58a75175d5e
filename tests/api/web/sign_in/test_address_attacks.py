"""What was proved or asked for before an address changed gives nothing away after it."""

from collections.abc import AsyncIterator

import pytest

from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.sessions import StartSession
from engine.model.errors import Code
from engine.model.vocabulary import Permission, SignInMethod
from tests.api.web.sign_in.site import Site, open_site
from tests.api.web.sign_in.test_address_change import NEW, OLD, address_of, ask, link_of
from tests.support.notices import with_outbox
from tests.support.refusals import assert_refused
from tests.support.world import World, make_world

STAFF = frozenset({Permission.MANAGE_USERS, Permission.VIEW_RELEASES})


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    """The pages over a world with an outbox and somebody who manages users and no more."""
    async with open_site(with_outbox(world)) as opened:
        opened.world.do("admin", CreateRole(name="Staff", permissions=STAFF))
        opened.world.add_user("staff", "Staff")
        opened.world.add_user("pat")
        yield opened


async def assert_ended(site: Site, link: str, of: str) -> None:
    person, address = await site.person(), address_of(site, of)
    assert (await person.get(link)).status_code == 404
    assert (await person.post(link)).status_code == 404
    assert address_of(site, of) == address


@pytest.mark.parametrize(
    ("of", "roles"),
    [("staff", ()), ("pat", ("ADMIN",)), ("pat", ("LEAD",))],
    ids=["asker-manages-no-users", "user-administers", "user-approves"],
)
async def test_a_change_ends_where_its_asker_may_not_ask_for_it_any_more(
    site: Site, of: str, roles: tuple[str, ...]
) -> None:
    ask(site, who="staff", of="pat")
    link = link_of(site)
    person = await site.person()
    assert (await person.get(link)).status_code == 200
    site.world.do("admin", UpdateUser(user_id=site.world.people[of], roles=roles))
    await assert_ended(site, link, "pat")


async def test_a_change_ends_with_the_deactivation_of_its_asker(site: Site) -> None:
    ask(site, who="staff", of="pat")
    link = link_of(site)
    site.world.do("admin", UpdateUser(user_id=site.world.people["staff"], active=False))
    await assert_ended(site, link, "pat")


async def test_ones_own_change_does_not_depend_on_roles(site: Site) -> None:
    ask(site, who="pat", of="pat")
    link = link_of(site)
    site.world.do("admin", UpdateUser(user_id=site.world.people["pat"], roles=("ADMIN",)))
    assert (await (await site.person()).post(link)).status_code == 200
    assert address_of(site, "pat") == NEW


async def test_a_choice_proved_by_the_old_mailbox_is_void_where_the_address_changed(
    site: Site,
) -> None:
    other = make_world(site.world.system.database, account="Umbrella")
    thief, person = await site.person(), await site.person()
    await thief.ask(OLD)
    assert (await thief.post(await site.link("ann"))).headers["location"] == "/sign-in/account"
    ask(site)
    assert (await person.post(link_of(site))).status_code == 200
    before = site.world.snapshot(), other.ledger()

    answer = await thief.post("/sign-in/account", user=str(site.world.people["ann"]))

    assert (answer.status_code, thief.secret) == (403, None)
    assert (site.world.snapshot(), other.ledger()) == before
    # In the other account it is still the address.
    answer = await thief.post("/sign-in/account", user=str(other.people["ann"]))
    assert answer.status_code == 303
    assert "in the account Umbrella" in (await thief.get("/sign-in")).text


async def test_a_session_takes_the_mailbox_that_proved_the_person(site: Site) -> None:
    for address in ("ann.archer@example.com", "nobody", "änn@example.com"):
        command = StartSession(method=SignInMethod.MAIL, address=address)
        refusal = assert_refused(site.world, "ann", command, Code.UNAUTHENTICATED, recorded=False)
        assert refusal.message == (
            "Your e-mail address was changed since this sign-in began. Sign in again."
        )
    site.world.do("ann", StartSession(method=SignInMethod.MAIL, address="ANN@Example.com"))
