"""Where the account wants it, a decision from a mail also takes the approver's own session."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.web.approval_pages.routes import email_action_routes
from api.web.http.browser import Browser
from engine.commands.credentials.sessions import NewSession, RevokeSession, StartSession
from engine.model.vocabulary import Channel, SignInMethod, Status
from tests.support.approval_pages import csrf_in
from tests.support.notices import LINK_KEY, Notices, with_outbox
from tests.support.runtime import runtime_of
from tests.support.world import World

PUBLIC = "https://countersign.example.com"
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def world(world: World) -> World:
    world.settings(signed_in_approvals=True)
    return with_outbox(world)


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    runtime = runtime_of(world, browser=Browser(PUBLIC))
    routes = email_action_routes(runtime, LINK_KEY, PUBLIC)
    with TestClient(Starlette(routes=routes), base_url=PUBLIC) as client:
        yield client


def sign_in(world: World, browser: TestClient, name: str) -> NewSession:
    session: NewSession = world.do(
        name, StartSession(method=SignInMethod.MAIL), channel=Channel.DASHBOARD
    )
    browser.cookies.set("__Host-countersign", session.secret, domain="countersign.example.com")
    return session


def press(browser: TestClient, path: str, csrf: str, **headers: str) -> Any:
    form = {"csrf": csrf, "revision": "1", "comment": "", "verdict": "APPROVE"}
    return browser.post(path, data=form, headers=OURS | headers)


def test_signed_in_as_oneself_one_decides(
    world: World, browser: TestClient, world_release: str
) -> None:
    sign_in(world, browser, "ann")
    page = browser.get(world_release)
    assert "Sign in as" not in page.text

    answer = press(browser, world_release, csrf_in(page.text))

    assert answer.status_code == 200
    assert "You approved Falcon 1.0" in answer.text


@pytest.fixture
def world_release(world: World) -> str:
    """The path of ann's link."""
    return f"/decide/{Notices(world).spelling('ann', world.request())}"


def form_before(world: World, browser: TestClient, path: str) -> str:
    """The page's token from when it still had a form: the setting was switched on since."""
    world.settings(signed_in_approvals=False)
    csrf = csrf_in(browser.get(path).text)
    world.settings(signed_in_approvals=True)
    return csrf


def refused(world: World, answer: Any) -> None:
    assert answer.status_code == 403
    assert "Sign in as Ann (ann@example.com)" in answer.text
    assert "<form" not in answer.text
    assert world.ledger(tag="release:approval:recorded") == []


def test_without_a_session_the_page_leads_to_one(
    world: World, browser: TestClient, world_release: str
) -> None:
    csrf = form_before(world, browser, world_release)

    page = browser.get(world_release)
    assert page.status_code == 200
    assert "Falcon 1.0" in page.text
    assert "<form" not in page.text
    path = world_release.replace("/", "%2F")
    assert f'href="/sign-in?next={path}"' in page.text

    refused(world, press(browser, world_release, csrf))


def test_somebody_elses_session_is_none(
    world: World, browser: TestClient, world_release: str
) -> None:
    csrf = form_before(world, browser, world_release)
    sign_in(world, browser, "bob")

    refused(world, press(browser, world_release, csrf))


def test_a_session_that_ended_is_none(
    world: World, browser: TestClient, world_release: str
) -> None:
    csrf = form_before(world, browser, world_release)
    session = sign_in(world, browser, "ann")
    world.do("ann", RevokeSession(session_id=session.session_id))

    refused(world, press(browser, world_release, csrf))


def test_a_foreign_page_cannot_use_the_session(
    world: World, browser: TestClient, world_release: str
) -> None:
    csrf = form_before(world, browser, world_release)
    sign_in(world, browser, "ann")

    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = press(browser, world_release, csrf, **headers)

    assert answer.status_code == 403
    assert world.ledger(tag="release:approval:recorded") == []


def test_where_there_are_no_sessions_nobody_can_decide(world: World, world_release: str) -> None:
    app = Starlette(routes=email_action_routes(runtime_of(world), LINK_KEY, PUBLIC))
    with TestClient(app, base_url=PUBLIC) as browser:
        csrf = form_before(world, browser, world_release)
        refused(world, press(browser, world_release, csrf))


@pytest.mark.parametrize(
    ("public", "useless"),
    [("http://countersign.internal", True), ("http://localhost:8000", False), (PUBLIC, False)],
)
def test_where_sessions_cannot_be_seen_the_page_says_so(
    world: World, world_release: str, public: str, useless: bool
) -> None:
    app = Starlette(routes=email_action_routes(runtime_of(world), LINK_KEY, public))
    with TestClient(app, base_url=public) as browser:
        page = browser.get(world_release).text

    assert ("this one is reached by plain http" in page) is useless
    assert ("Sign in as Ann" in page) is not useless
    assert "<form" not in page


def test_without_the_setting_a_link_is_enough(
    world: World, browser: TestClient, world_release: str
) -> None:
    world.settings(signed_in_approvals=False)

    answer = press(browser, world_release, csrf_in(browser.get(world_release).text))

    assert "You approved Falcon 1.0" in answer.text
    (release,) = {entry.release_id for entry in world.ledger(tag="release:requested")}
    assert world.release(release).status is Status.PENDING
