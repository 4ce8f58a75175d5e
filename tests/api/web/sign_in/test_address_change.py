"""A new e-mail address is the user's once its own mailbox has confirmed it, and not before."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.change_address import (
    REQUESTS_BY_ONE_USER,
    REQUESTS_FOR_ONE_USER,
    RETENTION,
)
from engine.model.errors import Code
from engine.model.vocabulary import Permission
from engine.persistence.store import tables as t
from notifications.content.writer import MessageRenderer, Reader
from notifications.delivery.claim import ClaimRequest, claim_deliveries
from notifications.delivery.lease import RetryPolicy
from notifications.links.keys import ACTION_LINKS, derive
from notifications.outbox import address_mails
from notifications.vocabulary import MessageKind
from tests.api.web.sign_in.site import PUBLIC, SECRET, Site, open_site
from tests.support.notices import Notices, add_administrator, with_outbox
from tests.support.refusals import assert_refused, details_of
from tests.support.releases import rows
from tests.support.world import World

NEW = "ann.archer@example.com"
OLD = "ann@example.com"
KEY = derive(SECRET, ACTION_LINKS)
PROFILE = frozenset({Permission.MANAGE_OWN_PROFILE})


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    """The pages over a world with an outbox."""
    async with open_site(with_outbox(world)) as opened:
        yield opened


def ask(site: Site, email: str = NEW, who: str = "ann", of: str = "ann", **more: Any) -> Any:
    command = command_for(site, email, of)
    return site.world.do(who, command, **more)


def refused(site: Site, email: str = NEW, who: str = "ann", of: str = "ann", **more: Any) -> Code:
    command = command_for(site, email, of)
    before = site.world.snapshot()
    code = site.world.refused(who, command, **more).code
    assert site.world.snapshot() == before
    return code


def command_for(site: Site, email: str, of: str) -> UpdateUser:
    user_id = site.world.principal(of).user_id
    return UpdateUser(user_id=user_id, email=email, link_key=KEY)


def mails(site: Site) -> dict[tuple[str, MessageKind], str]:
    """What is due to be sent: the texts by address and kind."""
    sent: dict[tuple[str, MessageKind], str] = {}
    while rows := claim_deliveries(site.world.system, ClaimRequest(limit=99), RetryPolicy()):
        for row in rows:
            is_asking = row.address_change_id is not None
            link = address_mails.url_of(KEY, PUBLIC, row) if is_asking else None
            message = MessageRenderer(PUBLIC).render(
                MessageKind(row.kind), row.facts, Reader(), link=link
            )
            assert message.fault is None, message.fault
            sent[row.address or row.email, MessageKind(row.kind)] = message.text
    return sent


def link_of(site: Site, address: str = NEW) -> str:
    found = re.search(
        rf"{PUBLIC}(/sign-in/address/\S+)", mails(site)[address, MessageKind.ADDRESS_LINK]
    )
    assert found is not None
    return found[1]


def address_of(site: Site, name: str) -> str:
    query = sa.select(t.users.c.email).where(t.users.c.id == site.world.people[name])
    with site.world.system.database.reading() as connection:
        return str(connection.execute(query).scalar_one())


async def test_the_address_changes_once_the_new_mailbox_confirms_it(site: Site) -> None:
    ann, stranger = await site.signed_in("ann"), await site.person()
    ask(site)
    entry = site.world.ledger(tag="user:address:requested")[-1]
    assert details_of(entry)["changes"] == {"email": [OLD, NEW]}
    sent = mails(site)
    assert sorted(sent) == [(NEW, MessageKind.ADDRESS_LINK), (OLD, MessageKind.ADDRESS_CHANGE)]
    assert f"asked that {NEW} becomes your address" in sent[OLD, MessageKind.ADDRESS_CHANGE]
    assert "/sign-in/address/" not in sent[OLD, MessageKind.ADDRESS_CHANGE]
    found = re.search(rf"{PUBLIC}(/\S+)", sent[NEW, MessageKind.ADDRESS_LINK])
    assert found is not None
    link, before = found[1], site.world.snapshot()
    assert link.rpartition(".")[2] not in str(before) + entry.body

    for _ in range(3):
        page = await stranger.get(link)
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert f"{NEW} becomes the address of Ann in Acme." in page.text
    assert (await stranger.post(link, site="cross-site")).status_code == 403
    assert site.world.snapshot() == before

    assert f"with {NEW} from now on" in (await stranger.post(link)).text

    assert address_of(site, "ann") == NEW
    assert await ann.who() == NEW
    entry = site.world.ledger(tag="user:updated")[-1]
    assert details_of(entry)["changes"] == {"email": [OLD, NEW]}
    assert '"kind":"LINK"' in entry.body
    done = mails(site)
    assert f"{OLD} does not work any more" in done[OLD, MessageKind.ADDRESS_CHANGE]
    assert await site.mails("ann.archer") == []
    browser = await site.person()
    await browser.ask(NEW)
    assert len(await site.mails("ann.archer")) == 1
    count = len(await site.mails("ann"))
    await browser.ask(OLD)
    assert len(await site.mails("ann")) == count
    assert (await stranger.post(link)).status_code == 404
    assert (await stranger.get(link)).status_code == 404


async def test_a_link_ends_by_time_by_a_newer_one_and_by_deactivation(site: Site) -> None:
    person = await site.person()
    ask(site)
    older = link_of(site)
    ask(site, "other@example.com")
    newer = link_of(site, "other@example.com")
    assert (await person.post(older)).status_code == 404
    assert (await person.post(newer[:-1] + "_")).status_code == 404
    site.world.clock.pass_(hours=24)
    assert (await person.post(newer)).status_code == 404

    ask(site)
    last = link_of(site)
    for active in (False, True):
        change = UpdateUser(user_id=site.world.people["ann"], active=active)
        site.world.do("admin", change)
    assert (await person.post(last)).status_code == 404
    assert address_of(site, "ann") == OLD


async def test_an_address_that_was_taken_meanwhile_is_refused(site: Site) -> None:
    person = await site.person()
    assert refused(site, "BOB@example.com") is Code.NAME_TAKEN
    ask(site)
    link = link_of(site)
    site.world.add_user("ann.archer", "DEVELOPER")

    answer = await person.post(link)

    assert (answer.status_code, address_of(site, "ann")) == (409, OLD)
    assert "Another user has this address." in answer.text


async def test_who_may_ask(site: Site) -> None:
    site.world.add_user("ci", "SIGNER", service=True)
    assert refused(site, "nobody") is Code.INVALID_INPUT
    assert refused(site, who="bob") is Code.FORBIDDEN
    # A way to sign in outlives any token, however far that reaches.
    for scopes in (PROFILE, frozenset(Permission)):
        for who, of in (("ann", "ann"), ("admin", "admin"), ("admin", "ann"), ("admin", "ci")):
            for email in (NEW, f"{of}@example.com", "bob@example.com"):
                assert refused(site, email, who, of, scopes=scopes) is Code.FORBIDDEN

    ask(site, who="admin")
    assert address_of(site, "ann") == OLD
    assert (NEW, MessageKind.ADDRESS_LINK) in mails(site)
    ask(site, "pipeline@example.com", who="admin", of="ci")
    assert address_of(site, "ci") == "pipeline@example.com"
    assert not {address for address, _ in mails(site)} & {"ci@example.com", "pipeline@example.com"}


async def test_letter_case_alone_can_change(site: Site) -> None:
    ask(site, "Ann@example.com")
    assert ("Ann@example.com", MessageKind.ADDRESS_LINK) in mails(site)


async def test_whoever_manages_users_alone_learns_no_address_and_gets_no_administrator(
    site: Site,
) -> None:
    managing = frozenset({Permission.MANAGE_USERS, Permission.VIEW_RELEASES})
    site.world.do("admin", CreateRole(name="Staff", permissions=managing))
    site.world.add_user("staff", "Staff")
    site.world.add_user("pat", "Staff")
    said = {
        site.world.refused("staff", command_for(site, email, of=of)).message
        for of in ("admin", "ann")
        for email in ("bob@example.com", "free@example.com", f"{of}@example.com", "nonsense")
    }
    assert {refused(site, e, "staff", "ann") for e in ("bob@example.com", NEW)} == {Code.FORBIDDEN}
    assert not any("has this address" in message or "is no e-mail" in message for message in said)
    ask(site, who="staff", of="pat")
    assert (NEW, MessageKind.ADDRESS_LINK) in mails(site)


async def test_the_present_address_withdraws_a_change(site: Site) -> None:
    person = await site.person()
    ask(site)
    link = link_of(site)
    ask(site, "ann@EXAMPLE.com")
    entry = site.world.ledger()[-1]
    assert (entry.tag, entry.subject_id) == ("user:address:withdrawn", site.world.people["ann"])
    assert details_of(entry)["changes"] == {"email": [NEW, OLD]}
    assert [(await person.get(link)).status_code, (await person.post(link)).status_code] == [
        404
    ] * 2
    assert address_of(site, "ann") == OLD
    # With nothing to withdraw nothing happens, and nobody is told.
    before, entries = site.world.snapshot(), len(site.world.ledger())
    ask(site, OLD)
    assert (site.world.snapshot(), len(site.world.ledger())) == (before, entries)


async def test_a_change_that_is_withdrawn_before_the_mail_went_out_sends_no_link(
    site: Site,
) -> None:
    ask(site)
    ask(site, OLD)
    assert sorted(mails(site)) == [(OLD, MessageKind.ADDRESS_CHANGE)]


async def test_the_old_address_is_told_even_if_the_user_is_deactivated(site: Site) -> None:
    ask(site, who="admin")
    site.world.do("admin", UpdateUser(user_id=site.world.people["ann"], active=False))
    sent = mails(site)
    assert sorted(sent) == [(OLD, MessageKind.ADDRESS_CHANGE)]
    assert NEW in sent[OLD, MessageKind.ADDRESS_CHANGE]


async def test_who_is_deactivated_or_is_to_be_gets_no_link(site: Site) -> None:
    ann = site.world.people["ann"]
    leaving = UpdateUser(user_id=ann, active=False, email=NEW, link_key=KEY)
    assert_refused(site.world, "admin", leaving, Code.WRONG_STATUS, "email")
    site.world.do("admin", UpdateUser(user_id=ann, active=False))
    assert refused(site, who="admin") is Code.WRONG_STATUS
    site.world.do("admin", UpdateUser(user_id=ann, active=True, email=NEW, link_key=KEY))
    assert (NEW, MessageKind.ADDRESS_LINK) in mails(site)


async def test_a_refused_confirmation_is_recorded_about_the_user(site: Site) -> None:
    person = await site.person()
    ask(site)
    link = link_of(site)
    site.world.add_user("ann.archer", "DEVELOPER")
    assert (await person.post(link)).status_code == 409
    site.world.clock.pass_(hours=24)
    assert (await person.get(link)).status_code == 404
    assert (await person.post(link)).status_code == 404
    entries = site.world.ledger(tag="attempt:refused")
    codes = [details_of(entry)["code"] for entry in entries]
    assert codes == ["NAME_TAKEN", "WRONG_STATUS"]
    ann = site.world.people["ann"]
    assert {(entry.subject_id, entry.actor_id) for entry in entries} == {(ann, ann)}
    assert link.rpartition(".")[2] not in "".join(entry.body for entry in entries)


async def test_other_administrators_are_told_of_each_step(site: Site) -> None:
    add_administrator(site.world)
    notices, person = Notices(site.world), await site.person()
    ask(site, who="admin")
    assert notices.recipients(kind=MessageKind.ADMINISTERED) == [("meg", "ADMINISTERED")]
    link = link_of(site)
    assert (await person.post(link)).status_code == 200
    assert notices.recipients(kind=MessageKind.ADMINISTERED) == [
        ("admin", "ADMINISTERED"),
        ("meg", "ADMINISTERED"),
        ("meg", "ADMINISTERED"),
    ]
    site.world.clock.pass_(minutes=2)
    sent = mails(site)
    for name in ("admin", "meg"):
        text = " ".join(sent[f"{name}@example.com", MessageKind.ADMINISTERED].split())
        assert OLD in text
        assert NEW in text
    assert (
        "Another e-mail address was asked for" in sent["meg@example.com", MessageKind.ADMINISTERED]
    )


async def test_old_changes_are_deleted_and_limits_count_no_less(site: Site) -> None:
    asked_at = site.world.clock.instant
    for number in range(REQUESTS_FOR_ONE_USER):
        ask(site, f"ann{number}@example.com")
    site.world.clock.pass_(hours=23)
    await site.mailer.run_once()
    assert refused(site) is Code.RATE_LIMITED
    site.world.clock.instant = asked_at + RETENTION
    await site.mailer.run_once()
    assert len(rows(site.world, t.address_changes)) == REQUESTS_FOR_ONE_USER
    site.world.clock.pass_(seconds=1)
    await site.mailer.run_once()
    assert rows(site.world, t.address_changes) == []
    # A link that was still queued is not sent, and does not stop what comes after it.
    assert {kind for _, kind in mails(site)} == {
        MessageKind.ADDRESS_CHANGE,
        MessageKind.ADMINISTERED,
    }


async def test_one_user_asks_for_so_many_a_day(site: Site) -> None:
    people = [f"p{number}" for number in range(REQUESTS_BY_ONE_USER // REQUESTS_FOR_ONE_USER)]
    for name in people:
        site.world.add_user(name)
        for number in range(REQUESTS_FOR_ONE_USER):
            ask(site, f"{name}.{number}@example.com", who="admin", of=name)
    assert refused(site, who="admin") is Code.RATE_LIMITED
    ask(site)


async def test_nobody_floods_a_mailbox(site: Site) -> None:
    for number in range(REQUESTS_FOR_ONE_USER):
        ask(site, f"ann{number}@example.com")
    assert refused(site) is Code.RATE_LIMITED
    assert refused(site, who="admin") is Code.RATE_LIMITED
    site.world.clock.pass_(hours=24)
    ask(site)
