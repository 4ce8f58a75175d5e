"""Mounted below a path of another application, everything stays below that path."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from starlette.testclient import TestClient

from api.embedding import create_app, to_global
from engine.commands.releases.request_release import RequestRelease
from engine.persistence.db.database import Database
from tests.support.approval_pages import csrf_in
from tests.support.mounted import (
    HOST,
    MAILS,
    OWN_PAGE,
    PATH,
    Mounted,
    forms_in,
    links_in,
    mounted,
    settings_below,
)

VIEWER = "{ viewer { user { email } } }"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def site(database_url: str, database: Database, tmp_path: Path) -> Iterator[Mounted]:
    folder = tmp_path / "mails"
    settings = settings_below(PATH, database_url, folder)
    with mounted(settings, database, folder) as site:
        yield site


def ask(browser: TestClient, query: str, **headers: str) -> Any:
    answer = browser.post(f"{PATH}/graphql", json={"query": query}, headers=OWN_PAGE | headers)
    return answer.json()


def request_release(site: Mounted) -> str:
    """The path of ann's page about a new release of dev's."""
    now = datetime.now(UTC)
    fields = site.world.fields(starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=3))
    site.world.do("dev", RequestRelease(fields=fields))
    return urlsplit(site.mail("ann", rf"{HOST}{PATH}/decide/\S+")).path


def walk(browser: TestClient, *starts: str) -> set[str]:
    """Every address that pages lead to from these, and their forms; no link is dead."""
    seen: set[str] = set()
    forms: set[str] = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = browser.get(path, headers=PAGE)
        assert answer.status_code in {200, 303}, (path, answer.status_code)
        links = [answer.headers["location"]] if answer.status_code == 303 else links_in(answer.text)
        waiting += [link.removeprefix(HOST) for link in links]
        forms.update(forms_in(answer.text))
    return seen | forms


def test_every_page_leads_to_pages_below_the_path(site: Mounted) -> None:
    decision = request_release(site)
    ann = site.sign_in("ann")
    for browser in (site.open_browser(), ann):
        seen = walk(browser, f"{PATH}/", decision, f"{PATH}/sign-in/code")
        assert seen >= {f"{PATH}/", f"{PATH}/sign-in", decision}
        assert {address for address in seen if not address.startswith(f"{PATH}/")} == set()
    assert f"{PATH}/sign-out" in walk(ann, f"{PATH}/sign-in")
    missing = ann.get(f"{PATH}/nowhere", headers=PAGE)
    assert missing.status_code == 404
    assert links_in(missing.text) == [f"{PATH}/", f"{PATH}/sign-in"]
    assert ann.get(f"{PATH}/nowhere").text.endswith(f"The API is at {PATH}/graphql.\n")


def test_the_mailbox_is_mounted_with_its_style_sheet_and_its_mails(site: Mounted) -> None:
    request_release(site)
    seen = walk(site.browser, f"{MAILS}/")
    inside = {address for address in seen if address.startswith(f"{MAILS}/")}
    assert f"{MAILS}/static/mailbox.css" in inside
    assert any(address.endswith("/html") for address in inside)
    # What is not the mailbox's own is what the mails lead to.
    assert all(address.startswith(f"{PATH}/") for address in seen - inside)


def test_the_session_is_kept_apart_from_cookies_of_the_host(site: Mounted) -> None:
    ann = site.sign_in("ann")
    ann.cookies.set("session", "of the host", domain="example.com")
    cookies = {cookie.name: cookie.path for cookie in ann.cookies.jar}
    assert cookies == {
        "session": "/",
        "__Host-countersign.signing": "/",
        "__Host-countersign.signing-known": "/",
    }
    assert ask(ann, VIEWER) == {"data": {"viewer": {"user": {"email": "ann@example.com"}}}}

    out = ann.post(f"{PATH}/sign-out", headers=OWN_PAGE)
    assert out.headers["location"] == f"{PATH}/sign-in"
    assert ann.cookies.get("session") == "of the host"
    assert "__Host-countersign.signing" not in ann.cookies
    assert ask(ann, VIEWER)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_mail_leads_to_the_page_that_takes_the_decision(site: Mounted) -> None:
    decision = request_release(site)
    browser = site.open_browser()
    page = browser.get(decision)
    (cookie,) = page.headers.get_list("set-cookie")
    assert f"; Path={decision};" in cookie
    form = {"csrf": csrf_in(page.text), "revision": "1", "comment": "", "verdict": "APPROVE"}
    answer = browser.post(decision, data=form, headers=OWN_PAGE)
    assert (answer.status_code, "You approved" in answer.text) == (200, True)


def test_sockets_and_streams_of_events_are_below_the_path(site: Mounted) -> None:
    ann = site.sign_in("ann")
    address = f"wss://example.com{PATH}/graphql"
    with ann.websocket_connect(address, ["graphql-transport-ws"], headers=OWN_PAGE) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}
        socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": VIEWER}})
        answer = socket.receive_json()["payload"]
    assert answer == {"data": {"viewer": {"user": {"email": "ann@example.com"}}}}

    events = {"Accept": "text/event-stream"}
    stream = ann.post(f"{PATH}/graphql", json={"query": VIEWER}, headers=OWN_PAGE | events)
    assert stream.headers["content-type"] == "text/event-stream"
    assert '"ann@example.com"' in stream.text


def test_a_command_line_is_led_to_the_device_page_below_the_path(site: Mounted) -> None:
    begun = site.browser.post(
        f"{PATH}/oauth/device_authorization", data={"client_id": "countersign"}
    )
    assert begun.status_code == 200, begun.text
    assert begun.json()["verification_uri"] == f"{HOST}{PATH}/device"
    page = site.browser.get(f"{PATH}/device")
    assert page.headers["location"].startswith(f"{PATH}/sign-in?next=%2Fsigning%2Fdevice")
    shown = site.sign_in("ann").get(f"{PATH}/device")
    assert (shown.status_code, set(forms_in(shown.text))) == (200, {f"{PATH}/device"})


def test_downloads_are_below_the_path(site: Mounted) -> None:
    keypair = to_global("Keypair", site.world.things["vault"])
    address = f"{PATH}/downloads/keypairs/{keypair}/public.pem"
    assert site.browser.get(address).status_code == 401
    file = site.sign_in("ann").get(address)
    assert "BEGIN PUBLIC KEY" in file.text


def test_logging_is_left_to_the_host(database_url: str, tmp_path: Path) -> None:
    root = logging.getLogger()
    before = structlog.get_config(), list(root.handlers), root.level
    create_app(settings_below(PATH, database_url, tmp_path))
    assert (structlog.get_config(), list(root.handlers), root.level) == before


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_below_the_path_for_any_host(site: Mounted, path: str) -> None:
    answer = site.browser.get(f"{PATH}{path}", headers={"Host": "10.0.0.1"})
    assert answer.status_code == 200


def test_an_unknown_host_is_refused_in_the_form_of_each_part(site: Mounted) -> None:
    foreign = {"Host": "evil.example"}
    api = site.browser.post(f"{PATH}/graphql", json={"query": VIEWER}, headers=foreign)
    assert api.json()["errors"][0]["extensions"]["code"] == "UNKNOWN_HOST"
    page = site.browser.get(f"{PATH}/sign-in", headers=foreign)
    assert (page.status_code, page.headers["content-type"]) == (421, "text/plain; charset=utf-8")
    assert site.browser.get("/", headers=foreign).text == "the host's own page"
