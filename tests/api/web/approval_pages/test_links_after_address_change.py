"""Whoever reads an approver's former mailbox decides nothing with the links there."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.web.approval_pages.routes import email_action_routes
from api.web.http.browser import Browser
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.change_address import TOKEN_PURPOSE, ConfirmAddress
from engine.model import derived_tokens
from engine.model.errors import Code
from engine.model.vocabulary import Channel, Status, Verdict
from engine.persistence.store import tables as t
from notifications import tables
from notifications.decisions.decide_by_link import DecideByLink
from notifications.links import action_links
from tests.api.test_signed_in_approvals import PUBLIC, press, sign_in
from tests.support.approval_pages import csrf_in
from tests.support.notices import LINK_KEY, Notices
from tests.support.refusals import assert_refused
from tests.support.releases import rows
from tests.support.runtime import runtime_of
from tests.support.world import World

NEW = "ann.archer@example.com"
SIGN_IN = (
    "The e-mail address of Ann was changed after this link was made."
    f" Sign in as Ann ({NEW}); then this page asks for your decision."
)
NOWHERE = "The e-mail address of Ann was changed after this link was made, so nobody can decide"


@pytest.fixture(params=[PUBLIC, "http://countersign.example.com"], ids=["https", "http"])
def public(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser(world: World, public: str) -> Iterator[TestClient]:
    runtime = runtime_of(world, browser=Browser(public))
    routes = email_action_routes(runtime, LINK_KEY, public)
    with TestClient(Starlette(routes=routes), base_url=public) as client:
        yield client


def change_address(world: World, email: str = NEW) -> None:
    ann = world.people["ann"]
    world.do("ann", UpdateUser(user_id=ann, email=email, link_key=LINK_KEY))
    change = rows(world, t.address_changes)[-1]
    token = derived_tokens.derive_token(LINK_KEY, TOKEN_PURPOSE, change.id, change.nonce)
    spelling = derived_tokens.spell(change.id, token)
    world.do("ann", ConfirmAddress(user_id=ann, spelling=spelling, key=LINK_KEY))


def ask_again(world: World, release_id: Any) -> str:
    """What a reminder, or a mail that is sent again, would link to."""
    release = world.release(release_id)
    with world.system.database.writing() as connection:
        approvers = [(release, [world.people["ann"]])]
        lifetime, now = action_links.LIFETIME, world.clock.instant
        action_links.ensure(connection, LINK_KEY, approvers, now, lifetime)
        connection.commit()
    return f"/decide/{Notices(world).spelling('ann', release_id)}"


def decisions(world: World) -> list[Any]:
    return [(row.approver_id, row.verdict) for row in rows(world, t.decisions)]


def test_an_older_link_decides_only_together_with_a_session(
    world: World, browser: TestClient, public: str
) -> None:
    path = f"/decide/{Notices(world).spelling('ann', world.request())}"
    csrf = csrf_in(browser.get(path).text)
    world.clock.pass_(minutes=1)
    change_address(world)

    page = browser.get(path)
    assert (page.status_code, "<form" in page.text) == (200, False)
    assert (SIGN_IN if public == PUBLIC else NOWHERE) in page.text
    before = world.snapshot()
    answer = press(browser, path, csrf)
    assert (answer.status_code, world.snapshot()) == (403, before)

    if public == PUBLIC:
        sign_in(world, browser, "ann")
        answer = press(browser, path, csrf_in(browser.get(path).text))
        assert "You approved Falcon 1.0" in answer.text
        assert decisions(world) == [(world.people["ann"], Verdict.APPROVE)]


def test_what_is_sent_after_the_change_decides_by_itself(world: World, browser: TestClient) -> None:
    release_id = world.request()
    former = f"/decide/{Notices(world).spelling('ann', release_id)}"
    assert ask_again(world, release_id) == former
    world.clock.pass_(minutes=1)
    change_address(world)
    world.clock.pass_(minutes=1)

    newer = ask_again(world, release_id)

    assert newer != former
    assert "<form" not in browser.get(former).text
    answer = press(browser, newer, csrf_in(browser.get(newer).text))
    assert "You approved Falcon 1.0" in answer.text


def test_nobody_elses_link_and_no_decision_is_touched(world: World, browser: TestClient) -> None:
    release_id = world.request()
    notices = Notices(world)
    mine, bobs = (f"/decide/{notices.spelling(name, release_id)}" for name in ("ann", "bob"))
    press(browser, mine, csrf_in(browser.get(mine).text))
    change_address(world)

    assert "You approved Falcon 1.0" in browser.get(mine).text
    press(browser, bobs, csrf_in(browser.get(bobs).text))

    assert world.release(release_id).status is Status.APPROVED
    assert len(decisions(world)) == 2


def test_the_letter_case_of_an_address_does_not_matter(world: World, browser: TestClient) -> None:
    path = f"/decide/{Notices(world).spelling('ann', world.request())}"
    world.clock.pass_(minutes=1)
    change_address(world, "Ann@example.com")
    answer = press(browser, path, csrf_in(browser.get(path).text))
    assert "You approved Falcon 1.0" in answer.text


def test_the_command_refuses_whatever_its_page_knew(world: World) -> None:
    release_id = world.request()
    (link,) = (
        row for row in rows(world, tables.action_links) if row.user_id == world.people["ann"]
    )
    change_address(world)
    command = DecideByLink(
        link_id=link.id, release_id=release_id, revision=1, verdict=Verdict.APPROVE
    )
    assert_refused(
        world, "ann", command, Code.UNAUTHENTICATED, channel=Channel.EMAIL, recorded=False
    )
