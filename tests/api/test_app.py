"""The application as it is put together: headers on every answer, and its parts in place."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient

from api.app import create_app
from api.config.settings import Settings
from api.observability.requests import face_of

PATHS = ("/healthz", "/graphql", "/sign-in", "/sign-in/x", "/decide/x", "/device", "/nowhere")


def settings(database_url: str, **more: Any) -> Settings:
    values = {
        "database_url": SecretStr(database_url),
        "smtp_url": SecretStr("smtp://127.0.0.1:1?tls=none"),
        "mail_from": "Countersign <countersign@example.com>",
        "public_url": "https://countersign.example.com",
        "dashboard": False,  # whether it was built here is nothing to these tests
        "secret_key": SecretStr(secrets.token_urlsafe(32)),
        "master_key": SecretStr(base64.b64encode(os.urandom(32)).decode()),
    }
    return Settings(_env_file=None, **(values | more))


@pytest.fixture
def browser(database_url: str) -> Iterator[TestClient]:
    app = create_app(settings(database_url), worker=False)
    with TestClient(app, base_url="https://countersign.example.com") as client:
        yield client


def test_every_answer_has_the_headers_that_keep_it_in_its_place(browser: TestClient) -> None:
    for path in PATHS:
        answer = browser.get(path)
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY"
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert headers["referrer-policy"] in {"same-origin", "no-referrer"}
        assert len(headers["x-request-id"]) == 16
        assert len(headers.get_list("referrer-policy")) == 1
        if not headers["content-type"].startswith("text/html"):
            assert "default-src 'none'" in headers["content-security-policy"]


def test_without_a_path_people_come_to_the_sign_in(browser: TestClient) -> None:
    answer = browser.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_path_that_leads_nowhere_is_told_as_is_fit(browser: TestClient) -> None:
    page = browser.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 404
    assert "There is no such page" in page.text
    assert "/sign-in" in page.text
    answer = browser.get("/nowhere")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "text/plain")
    assert answer.text == "There is nothing at this path. The API is at /graphql.\n"


def test_without_the_ide_a_browser_is_told_how_to_get_one(browser: TestClient) -> None:
    page = browser.get("/graphql", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 400
    assert "COUNTERSIGN_IDE=true shows an IDE here" in page.text
    assert "COUNTERSIGN_IDE" not in browser.get("/graphql").text


def test_plain_http_is_not_told_to_be_https_for_ever(database_url: str) -> None:
    app = create_app(settings(database_url, public_url="http://127.0.0.1:8000"), worker=False)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        answer = client.get("/sign-in")
        assert "strict-transport-security" not in answer.headers
        response = client.post(
            "/sign-in",
            data={"address": "ann@example.com"},
            headers={"Origin": "http://127.0.0.1:8000"},
            follow_redirects=False,
        )
        (cookie,) = response.headers.get_list("set-cookie")
        assert cookie.startswith("countersign-asking=")
        assert "Secure" not in cookie


def test_below_a_path_of_the_host_all_links_stay_below_it(database_url: str) -> None:
    url = "https://example.com/signing"
    app = create_app(settings(database_url, public_url=url), worker=False)
    with TestClient(app, base_url="https://example.com") as client:
        assert 'action="/signing/sign-in"' in client.get("/sign-in").text
        answer = client.post(
            "/sign-in",
            data={"address": "ann@example.com"},
            headers={"Sec-Fetch-Site": "same-origin"},
            follow_redirects=False,
        )
        assert answer.headers["location"] == "/signing/sign-in/code"


@pytest.mark.parametrize(
    "more",
    [
        {"oidc_issuer": "https://login.example.com"},
        {"oidc_client_id": "countersign"},
        {"oidc_issuer": "http://login.example.com", "oidc_client_id": "countersign"},
        {"metrics_address": "9464"},
        {"metrics_address": "127.0.0.1"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(more: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings("sqlite://", **more)


def test_programs_find_their_endpoints(browser: TestClient) -> None:
    codes = browser.post("/oauth/device_authorization", data={"client_id": "countersign"}).json()
    assert codes["verification_uri"] == "https://countersign.example.com/device"
    assert browser.get("/device", follow_redirects=False).headers["location"].startswith("/sign-in")
    form = {"client_id": "countersign", "device_code": codes["device_code"]}
    form["grant_type"] = "urn:ietf:params:oauth:grant-type:device_code"
    assert browser.post("/oauth/token", data=form).json()["error"] == "authorization_pending"
    assert browser.get("/scim/v2/ServiceProviderConfig").json()["patch"] == {"supported": True}
    assert browser.get("/scim/v2/Users").status_code == 401


def test_openid_connect_is_offered_where_it_is_set_up(database_url: str) -> None:
    more = {"oidc_issuer": "https://login.example.com", "oidc_client_id": "countersign"}
    app = create_app(settings(database_url, **more), worker=False)
    with TestClient(app, base_url="https://countersign.example.com") as client:
        assert "Sign in with login.example.com" in client.get("/sign-in").text


def test_every_route_but_the_root_has_a_label_of_its_own_in_metrics(database_url: str) -> None:
    app = create_app(settings(database_url), worker=False)
    kinds = (Route, WebSocketRoute, Mount)
    paths = [route.path for route in app.routes if isinstance(route, kinds)]
    assert len(paths) > 20
    scopes = [{"type": "http", "path": path, "root_path": ""} for path in paths]
    assert [scope["path"] for scope in scopes if face_of(scope) == "other"] == ["/"]
