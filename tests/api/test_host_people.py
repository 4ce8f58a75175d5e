"""An application that mounts Countersign says who its people are; what they may do it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from api.embedding import HostPeople, HostUser, NewUser
from api.graphql.ids import to_global
from engine.commands.administration.account import create_account
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.vocabulary import Permission
from engine.persistence.db.database import Database
from tests.support.approval_pages import csrf_in
from tests.support.mounted import HOST, OWN_PAGE, PATH, Mounted, mounted, settings_below

COOKIE = "host_session"
VIEWER = "{ viewer { user { email } permissions } }"
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@dataclass
class HostSessions:
    """A host application with sessions of its own, and tokens for programs."""

    account_id: UUID | None = None
    admin_id: UUID | None = None
    #: Addresses by the values of the cookie, and of the header.
    sessions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    async def authenticate(self, connection: HTTPConnection) -> HostUser | None:
        assert self.account_id is not None
        token = connection.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.tokens:
            return HostUser(
                account_id=self.account_id, email=self.tokens[token], sent_by_browser=False
            )
        email = self.sessions.get(connection.cookies.get(COOKIE, ""))
        return HostUser(account_id=self.account_id, email=email) if email else None

    def new_user(self, user: HostUser) -> NewUser | None:
        """Whoever has an address of the house becomes a developer."""
        if not user.email.endswith("@example.com") or self.admin_id is None:
            return None
        name = user.email.partition("@")[0].title()
        return NewUser(name=name, roles=("DEVELOPER",), created_by=self.admin_id)

    def browser(self, site: Mounted, email: str) -> TestClient:
        """A browser that is signed in at the host."""
        self.sessions[email] = email
        browser = site.open_browser()
        browser.cookies.set(COOKIE, email, domain="example.com")
        return browser


@pytest.fixture
def host() -> HostSessions:
    return HostSessions()


@pytest.fixture
def site(
    host: HostSessions, database_url: str, database: Database, tmp_path: Path
) -> Iterator[Mounted]:
    folder = tmp_path / "mails"
    settings = settings_below(PATH, database_url, folder)
    people = HostPeople(authenticate=host.authenticate, new_user=host.new_user)
    with mounted(settings, database, folder, host_people=people) as site:
        host.account_id, host.admin_id = site.world.account_id, site.world.admin_id
        yield site


def ask(browser: TestClient, query: str = VIEWER, /, **headers: str) -> Any:
    answer = browser.post(f"{PATH}/graphql", json={"query": query}, headers=OWN_PAGE | headers)
    return answer.json()


def who(browser: TestClient, **headers: str) -> str | None:
    """The address of the user that a browser acts as."""
    answer = ask(browser, **headers)
    if "errors" in answer:
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        return None
    return str(answer["data"]["viewer"]["user"]["email"])


def test_whoever_is_signed_in_at_the_host_acts_with_their_roles_here(
    site: Mounted, host: HostSessions
) -> None:
    browser = host.browser(site, "Dev@example.com")
    viewer = ask(browser)["data"]["viewer"]
    assert viewer["user"]["email"] == "dev@example.com"
    assert "REQUEST_RELEASE" in viewer["permissions"]
    assert "MANAGE_USERS" not in viewer["permissions"]
    assert who(site.open_browser()) is None
    # The host is asked anew: its sign-out holds at once.
    host.sessions.clear()
    assert who(browser) is None


def test_a_deactivated_user_is_nobody_and_is_not_made_anew(
    site: Mounted, host: HostSessions
) -> None:
    browser = host.browser(site, "dev@example.com")
    site.world.do("admin", UpdateUser(user_id=site.world.people["dev"], active=False))
    before = len(site.world.ledger())
    assert who(browser) is None
    assert len(site.world.ledger()) == before


def test_unknown_people_are_made_by_the_rule_once(site: Mounted, host: HostSessions) -> None:
    browser = host.browser(site, "new@example.com")
    viewer = ask(browser)["data"]["viewer"]
    assert viewer["user"]["email"] == "new@example.com"
    assert who(browser) == "new@example.com"
    (entry,) = site.world.ledger(tag="user:created")[-1:]
    assert entry.actor_id == site.world.admin_id


def test_unknown_people_whom_the_rule_leaves_out_are_nobody(
    site: Mounted, host: HostSessions
) -> None:
    before = len(site.world.ledger())
    assert who(host.browser(site, "new@example.org")) is None
    assert who(host.browser(site, "no address")) is None
    assert len(site.world.ledger()) == before


def test_an_address_that_only_looks_the_same_is_of_somebody_else(
    site: Mounted, host: HostSessions
) -> None:
    assert who(host.browser(site, "strasse@example.com")) == "strasse@example.com"
    before = len(site.world.ledger())
    # Compared by how they look, both are one name; mail to them goes to two mailboxes.
    browser = host.browser(site, "other")
    host.sessions["other"] = "stra\N{LATIN SMALL LETTER SHARP S}e@example.com"
    assert who(browser) is None
    assert len(site.world.ledger()) == before
    assert who(host.browser(site, "Strasse@example.com")) == "strasse@example.com"


def test_the_rule_gives_no_more_than_its_user_may_give(site: Mounted, host: HostSessions) -> None:
    host.admin_id = site.world.people["dev"]
    with structlog.testing.capture_logs() as logs:
        assert who(host.browser(site, "new@example.com")) is None
    (line,) = [line for line in logs if line["event"] == "host_user_refused"]
    assert line["code"] == "FORBIDDEN"
    assert "new@example.com" not in str(line)


def test_people_of_another_account_are_not_this_ones(site: Mounted, host: HostSessions) -> None:
    other = create_account(site.world.system, "Other", "admin@example.com")
    host.account_id = other.account_id
    assert who(host.browser(site, "dev@example.com")) is None
    # A user of one account makes no users of another, though both have this address.
    assert who(host.browser(site, "new@example.com")) is None
    host.admin_id = other.user_id
    assert who(host.browser(site, "new@example.com")) == "new@example.com"
    query = "{ users { totalCount edges { node { email } } } }"
    emails = [
        edge["node"]["email"]
        for edge in ask(host.browser(site, "admin@example.com"), query)["data"]["users"]["edges"]
    ]
    assert sorted(emails) == ["admin@example.com", "new@example.com"]


@pytest.mark.parametrize(
    "headers", [FOREIGN, {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"}]
)
def test_a_foreign_page_cannot_use_the_hosts_session(
    site: Mounted, host: HostSessions, headers: dict[str, str]
) -> None:
    browser = host.browser(site, "dev@example.com")
    answer = browser.post(f"{PATH}/graphql", json={"query": VIEWER}, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "FOREIGN_ORIGIN"
    # Without a word of the browser about the page, the session does not count either.
    bare = browser.post(f"{PATH}/graphql", json={"query": VIEWER})
    assert bare.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    with (
        pytest.raises(WebSocketDisconnect),
        browser.websocket_connect(
            f"wss://example.com{PATH}/graphql", ["graphql-transport-ws"], headers=headers
        ) as socket,
    ):
        socket.receive_json()


def test_a_page_of_the_host_itself_can(site: Mounted, host: HostSessions) -> None:
    browser = host.browser(site, "dev@example.com")
    assert who(browser) == "dev@example.com"


def test_sockets_and_streams_of_events_know_the_hosts_people(
    site: Mounted, host: HostSessions
) -> None:
    browser = host.browser(site, "dev@example.com")
    address = f"wss://example.com{PATH}/graphql"
    with browser.websocket_connect(address, ["graphql-transport-ws"], headers=OWN_PAGE) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}
        socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": VIEWER}})
        answer = socket.receive_json()["payload"]
        assert answer["data"]["viewer"]["user"]["email"] == "dev@example.com"
        assert socket.receive_json() == {"id": "1", "type": "complete"}
        host.sessions.clear()
        socket.send_json({"type": "subscribe", "id": "2", "payload": {"query": VIEWER}})
        answer = socket.receive_json()["payload"]
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    host.sessions["dev@example.com"] = "dev@example.com"
    events = OWN_PAGE | {"Accept": "text/event-stream"}
    stream = browser.post(f"{PATH}/graphql", json={"query": VIEWER}, headers=events)
    assert '"dev@example.com"' in stream.text


def test_a_token_means_itself_and_never_the_session_beside_it(
    site: Mounted, host: HostSessions
) -> None:
    browser = host.browser(site, "dev@example.com")
    own = site.world.do("ann", CreateApiToken(name="ci", scopes=frozenset(Permission))).secret
    assert who(browser, Authorization=f"Bearer {own}") == "ann@example.com"
    assert who(browser, Authorization="Bearer wrong") is None
    host.tokens["of-the-host"] = "bob@example.com"
    # A program names no page, and needs none: no browser sends that header by itself.
    program = site.open_browser()
    answer = program.post(
        f"{PATH}/graphql",
        json={"query": VIEWER},
        headers={"Authorization": "Bearer of-the-host"},
    )
    assert answer.json()["data"]["viewer"]["user"]["email"] == "bob@example.com"


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-User",
        "X-Forwarded-Email",
        "Remote-User",
        "X-Remote-User",
        "X-Auth-Request-Email",
    ],
)
def test_no_header_names_anybody_by_itself(site: Mounted, header: str) -> None:
    assert who(site.open_browser(), **{header: "admin@example.com"}) is None


def test_the_hosts_sessions_and_those_here_are_apart(site: Mounted, host: HostSessions) -> None:
    browser = host.browser(site, "dev@example.com")
    assert who(browser) == "dev@example.com"
    # Nothing was set: a request at the host's session starts none here.
    assert {cookie.name for cookie in browser.cookies.jar} == {COOKIE}
    page = browser.get(f"{PATH}/sign-in")
    assert f'action="{PATH}/sign-in"' in page.text
    out = browser.post(f"{PATH}/sign-out", headers=OWN_PAGE)
    assert out.status_code == 303
    # Signing out here ends no session of the host.
    assert browser.cookies.get(COOKIE) == "dev@example.com"
    assert who(browser) == "dev@example.com"


def test_a_session_that_somebody_left_here_confirms_no_device(
    site: Mounted, host: HostSessions
) -> None:
    begun = site.browser.post(
        f"{PATH}/oauth/device_authorization", data={"client_id": "countersign"}
    )
    confirm = {"user_code": begun.json()["user_code"], "decision": "confirm"}
    browser = site.sign_in("ann", host.browser(site, "bob@example.com"))
    page = browser.get(f"{PATH}/device")
    assert (page.status_code, "somebody else" in page.text) == (403, True)
    assert browser.post(f"{PATH}/device", data=confirm, headers=OWN_PAGE).status_code == 403
    host.sessions["bob@example.com"] = "Ann@example.com"
    assert browser.get(f"{PATH}/device").status_code == 200
    answer = browser.post(f"{PATH}/device", data=confirm, headers=OWN_PAGE)
    assert "The device is signed in" in answer.text


def test_the_ledger_says_that_the_host_had_signed_them_in(
    site: Mounted, host: HostSessions
) -> None:
    browser = host.browser(site, "ann@example.com")
    id_ = to_global("User", site.world.people["ann"])
    change = f'updateUser(input: {{ id: "{id_}", timeZone: "UTC" }}) {{ errors {{ code }} }}'
    site.world.do("ann", UpdateUser(user_id=site.world.people["ann"], time_zone="Europe/Berlin"))
    assert ask(browser, f"mutation {{ {change} }}")["data"]["updateUser"]["errors"] == []
    query = "{ ledger(first: 1) { edges { node { tag credential { kind id } } } } }"
    host.sessions["ann@example.com"] = "admin@example.com"
    (edge,) = ask(browser, query)["data"]["ledger"]["edges"]
    assert edge["node"]["credential"] == {"kind": "HOST", "id": None}


def test_the_hosts_session_is_the_one_that_a_decision_by_mail_needs(
    site: Mounted, host: HostSessions
) -> None:
    site.world.settings(signed_in_approvals=True)
    site.world.request()
    decision = site.mail("ann", rf"{HOST}{PATH}/decide/\S+")
    ann, bob = host.browser(site, "ann@example.com"), host.browser(site, "bob@example.com")
    form = {"revision": "1", "comment": "", "verdict": "APPROVE"}
    page = bob.get(decision)
    assert "Sign in as Ann" in page.text
    page = ann.get(decision)
    form["csrf"] = csrf_in(page.text)
    assert ann.post(decision, data=form, headers=FOREIGN).status_code == 403
    answer = ann.post(decision, data=form, headers=OWN_PAGE)
    assert (answer.status_code, "You approved" in answer.text) == (200, True)


def test_a_fault_of_the_host_is_told_to_nobody(site: Mounted, host: HostSessions) -> None:
    browser = host.browser(site, "dev@example.com")
    host.account_id = None  # an assertion of the host's own fails
    answer = browser.post(f"{PATH}/graphql", json={"query": VIEWER}, headers=OWN_PAGE)
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "BUG"
