"""Groups at an OpenID provider, and the roles and teams that they stand for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from api.web.sign_in.openid import flow
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.groups_claim import GroupRules
from api.web.sign_in.openid.provider import Provider
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.identities import LinkIdentity, UnlinkIdentity
from engine.model.group_rules import GroupRule, roles_by_rule
from engine.persistence.store import tables as t
from engine.persistence.store.loading.sign_in import people_with_identity
from tests.api.web.sign_in.loopback_issuer import SUBJECT, Issuer, Loopback
from tests.api.web.sign_in.site import PUBLIC, Site, open_site
from tests.support.api import serving
from tests.support.refusals import details_of
from tests.support.world import World

RULES = (
    GroupRule(group="leads", roles=frozenset({"Lead"}), teams=frozenset({"Blue"})),
    GroupRule(group="auditors", roles=frozenset({"auditor", "Nowhere"})),
)


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    loopback = Loopback()
    with serving(loopback.app) as loopback.address:
        yield loopback


@pytest.fixture
def issuer(loopback: Loopback) -> Issuer:
    return loopback.fresh()


@pytest.fixture
async def site(world: World, issuer: Issuer) -> AsyncIterator[Site]:
    world.add_user("una", "DEVELOPER")
    world.do("una", LinkIdentity(issuer=issuer.named, subject=SUBJECT))
    provider = Provider(issuer.as_client(f"{PUBLIC}/sign-in/openid/callback"))
    groups = GroupRules(claim="groups", rules=RULES)
    openid = OpenId(provider=provider, label="Login", account="Acme", groups=groups)
    async with open_site(world, openid=[openid]) as opened:
        yield opened


async def sign_in(site: Site, issuer: Issuer, groups: Any) -> httpx2.Response:
    """Sign in as una, with a token that has these groups; None: without the claim."""
    issuer.claims = {} if groups is None else {"groups": groups}
    person = await site.person()
    away = await person.get("/sign-in/openid")
    async with httpx2.AsyncClient() as client:
        back = await client.get(away.headers["location"])
    return await person.get(back.headers["location"].removeprefix(PUBLIC))


def roles_of(world: World, name: str) -> set[str]:
    query = sa.select(t.roles.c.name).join(t.user_roles)
    with world.system.database.reading() as connection:
        rows = connection.scalars(query.where(t.user_roles.c.user_id == world.people[name]))
        return set(rows)


def is_in_blue(world: World, name: str) -> bool:
    query = sa.select(t.team_members).where(
        t.team_members.c.user_id == world.people[name],
        t.team_members.c.team_id == world.things["blue"],
    )
    with world.system.database.reading() as connection:
        return connection.execute(query).first() is not None


async def test_a_sign_in_gives_what_the_rules_say_and_takes_it_again(
    site: Site, issuer: Issuer
) -> None:
    world = site.world
    assert (await sign_in(site, issuer, ["leads", "others"])).status_code == 303
    assert roles_of(world, "una") == {"DEVELOPER", "LEAD"}
    assert is_in_blue(world, "una")
    await sign_in(site, issuer, "auditors")
    assert roles_of(world, "una") == {"DEVELOPER", "AUDITOR"}
    assert not is_in_blue(world, "una")
    await sign_in(site, issuer, None)
    assert roles_of(world, "una") == {"DEVELOPER"}


async def test_an_identity_that_is_unlinked_meanwhile_gives_nothing(
    site: Site, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = site.world

    def find_and_unlink(*arguments: Any) -> Any:
        people = people_with_identity(*arguments)
        world.do("una", UnlinkIdentity(identity_id=people[0].identity_id))
        return people

    monkeypatch.setattr(flow, "people_with_identity", find_and_unlink)
    assert (await sign_in(site, issuer, ["leads"])).status_code == 403
    assert roles_of(world, "una") == {"DEVELOPER"}
    assert not is_in_blue(world, "una")


async def test_the_ledger_names_the_rules_and_who_signed_in(site: Site, issuer: Issuer) -> None:
    await sign_in(site, issuer, ["leads"])
    role, team = (site.world.ledger(tag=tag)[-1] for tag in ("user:updated", "team:updated"))
    for entry in (role, team):
        assert entry.actor_id is None
        assert "Groups at Login, by the rules of the operator." in entry.body
    assert role.subject_id == site.world.people["una"]
    assert details_of(role)["changes"]["roles"] == [["DEVELOPER"], ["DEVELOPER", "LEAD"]]
    before = len(site.world.ledger())
    await sign_in(site, issuer, ["leads"])
    assert [entry.tag for entry in site.world.ledger()[before:]] == ["session:started"]


async def test_the_last_administrator_keeps_every_role(world: World, issuer: Issuer) -> None:
    world.people["admin"] = world.admin_id
    world.do("admin", LinkIdentity(issuer=issuer.named, subject=SUBJECT))
    rules = (GroupRule(group="admins", roles=frozenset({"Admin", "Lead"})),)
    openid = OpenId(
        provider=Provider(issuer.as_client(f"{PUBLIC}/sign-in/openid/callback")),
        label="Login",
        account="Acme",
        groups=GroupRules(claim="groups", rules=rules),
    )
    async with open_site(world, openid=[openid]) as site:
        await sign_in(site, issuer, [])
        assert "ADMIN" in roles_of(world, "admin")
        world.do("admin", UpdateUser(user_id=world.people["ann"], roles=("ADMIN", "LEAD")))
        await sign_in(site, issuer, [])
        assert "ADMIN" not in roles_of(world, "admin")


@pytest.mark.parametrize("groups", [7, {"a": 1}, ["leads", 7], [["leads"]]])
async def test_groups_that_are_none_let_nobody_in(
    site: Site, issuer: Issuer, groups: object
) -> None:
    before = site.world.snapshot()
    assert (await sign_in(site, issuer, groups)).status_code == 403
    assert site.world.snapshot() == before


async def test_groups_that_are_left_out_let_nobody_in(site: Site, issuer: Issuer) -> None:
    issuer.payload = None
    before = site.world.snapshot()
    person = await site.person()
    issuer.claims = {"_claim_names": {"groups": "src1"}}
    away = await person.get("/sign-in/openid")
    async with httpx2.AsyncClient() as client:
        back = await client.get(away.headers["location"])
    with capture_logs() as logged:
        answer = await person.get(back.headers["location"].removeprefix(PUBLIC))
    assert (answer.status_code, person.secret) == (403, None)
    assert "there are too many" in str(logged)
    assert site.world.snapshot() == before


async def test_names_that_are_not_there_are_logged(site: Site, issuer: Issuer) -> None:
    with capture_logs() as logged:
        await sign_in(site, issuer, ["auditors"])
    (entry,) = [entry for entry in logged if entry["event"] == "openid_groups_name_nothing"]
    assert entry["names"] == ["Nowhere"]


def test_groups_are_compared_exactly() -> None:
    for group in ("Leads", "leads ", "lead", ""):
        assert roles_by_rule(RULES, [group]).granted == frozenset()
    assert roles_by_rule(RULES, ["leads"]).granted == {"Lead"}
    assert roles_by_rule((), ["leads"]).ruled == frozenset()
