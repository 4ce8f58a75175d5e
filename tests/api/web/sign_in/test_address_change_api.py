"""A change of an address as people go about it: GraphQL, the mails, the page, the next sign-in."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.vocabulary import Permission
from tests.api.web.sign_in.site import PUBLIC, Person, Site, open_site
from tests.support.notices import with_outbox
from tests.support.world import World

NEW, OLD = "ann@example.org", "ann@example.com"
PENDING = "pendingEmail { email requestedAt expiresAt }"
ME = f"{{ viewer {{ user {{ id email {PENDING} }} }} }}"
EVERYBODY = "{ users(first: 9) { edges { node { email pendingEmail { email } } } } }"


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    """The pages over a world with an outbox."""
    async with open_site(with_outbox(world)) as opened:
        yield opened


async def me(person: Person) -> dict[str, Any]:
    user: dict[str, Any] = (await person.query(ME))["data"]["viewer"]["user"]
    return user


async def ask(person: Person, email: str, **headers: str) -> dict[str, Any]:
    user_id = (await me(person))["id"]
    mutation = f'updateUser(input: {{id: "{user_id}", email: "{email}"}})'
    query = f"mutation {{ {mutation} {{ errors {{ code }} user {{ email {PENDING} }} }} }}"
    payload: dict[str, Any] = (await person.query(query, **headers))["data"]["updateUser"]
    return payload


async def texts(site: Site, address: str) -> list[tuple[str, str]]:
    """Subject and words of what came to exactly this address, once all that is due was sent."""
    await site.relay.run_once()
    mails = [mail for recipient, mail in site.inbox.mails if recipient == address]
    bodies = [mail.get_body(("plain",)) for mail in mails]
    return [
        (mail["Subject"], body.get_content())
        for mail, body in zip(mails, bodies, strict=True)
        if body is not None
    ]


async def link_to(site: Site, address: str) -> str:
    (found,) = re.findall(rf"{PUBLIC}(/sign-in/address/\S+)", (await texts(site, address))[-1][1])
    return str(found)


async def test_from_the_request_to_the_next_sign_in(site: Site) -> None:
    ann, elsewhere, late = await site.signed_in("ann"), await site.person(), await site.person()
    answer = await ask(ann, NEW)
    assert answer == {
        "errors": [],
        "user": {
            "email": OLD,
            "pendingEmail": {
                "email": NEW,
                "requestedAt": "2030-06-03T12:00:00.000000Z",
                "expiresAt": "2030-06-04T12:00:00.000000Z",
            },
        },
    }
    subject, text = (await texts(site, OLD))[-1]
    assert subject == "Your e-mail address is to change"
    assert "/sign-in/address/" not in text
    link = await link_to(site, NEW)
    await late.ask(OLD)
    sign_in = await site.link("ann")

    page = await elsewhere.get(link)
    assert '<form method="post">' in page.text
    assert (await me(ann))["email"] == OLD
    assert (await elsewhere.post(link)).status_code == 200

    assert elsewhere.secret is None, "the link signs nobody in"
    user = await me(ann)
    assert (user["email"], user["pendingEmail"]) == (NEW, None)
    assert (await texts(site, OLD))[-1][0] == "Your e-mail address has changed"
    # What was sent to the old address signs nobody in any more, whoever has that address next.
    site.world.add_user("next")
    assert (await late.post(sign_in)).status_code == 404
    assert late.secret is None
    count = len(await site.mails("ann"))
    await late.ask(OLD)
    assert len(await site.mails("ann")) == count
    await late.ask(NEW)
    answer_to_link = await late.post(await site.link("ann"))
    assert answer_to_link.status_code == 303
    assert await late.who() == NEW


async def test_only_the_user_and_those_who_manage_users_see_what_waits(site: Site) -> None:
    ann, bob, admin = [await site.signed_in(name) for name in ("ann", "bob", "admin")]
    await ask(ann, NEW)

    async def seen_by(person: Person) -> dict[str, Any]:
        edges = (await person.query(EVERYBODY))["data"]["users"]["edges"]
        nodes = [edge["node"] for edge in edges]
        return {node["email"]: node["pendingEmail"] for node in nodes if node["pendingEmail"]}

    assert await seen_by(ann) == await seen_by(admin) == {OLD: {"email": NEW}}
    assert await seen_by(bob) == {}
    assert (await ask(ann, OLD))["user"]["pendingEmail"] is None
    await ask(ann, NEW)
    site.world.clock.pass_(hours=24)
    assert await seen_by(await site.signed_in("admin")) == {}


async def test_a_token_with_every_scope_changes_no_address(site: Site) -> None:
    ann = await site.signed_in("ann")
    secret = site.world.do("ann", CreateApiToken(name="all", scopes=frozenset(Permission))).secret
    program = await site.person(Authorization=f"Bearer {secret}")
    answer = await ask(program, NEW)
    assert [error["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert (await me(ann))["pendingEmail"] is None


async def test_the_mails_and_the_page_speak_german(site: Site) -> None:
    ann = await site.signed_in("ann")
    user_id = (await me(ann))["id"]
    mutation = f'updateUser(input: {{id: "{user_id}", locale: "de"}})'
    await ann.query(f"mutation {{ {mutation} {{ errors {{ code }} }} }}")
    await ask(ann, "ann@münchen.example")
    subject, text = (await texts(site, "ann@xn--mnchen-3ya.example"))[-1]
    assert subject == "Bestätigen Sie Ihre E-Mail-Adresse"
    assert "ann@münchen.example" in text
    assert (await texts(site, OLD))[-1][0] == "Ihre E-Mail-Adresse soll sich ändern"
    link = await link_to(site, "ann@xn--mnchen-3ya.example")
    reader = await site.person(**{"Accept-Language": "de"})
    assert "ann@münchen.example wird die Adresse von Ann in Acme." in (await reader.get(link)).text
    assert "Ihre E-Mail-Adresse hat sich geändert" in (await reader.post(link)).text
