"""The dashboard as it is served: its page, its assets, and the paths that are not its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api.web.dashboard.built_files import BuiltDashboard, read_dashboard
from api.web.dashboard.routes import with_dashboard

PAGE = {"Accept": "text/html,*/*;q=0.8"}
INDEX = """<!doctype html><base href="/" /><meta property="csp-nonce" nonce="__NONCE__" />
<script type="module" src="./assets/index-1a2b.js"></script>"""


async def signed(_request: Request) -> Response:
    return PlainTextResponse("the service's own")


def served(built: BuiltDashboard | None, root: str = "") -> TestClient:
    routed = with_dashboard([Route("/sign-in/{link}", signed)], built, root)
    app = Starlette(routes=routed.routes, exception_handlers={404: routed.not_found})
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def built(tmp_path: Path) -> BuiltDashboard:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    for name, content in {"index-1a2b.js": b"plain", "index-1a2b.js.br": b"br"}.items():
        (assets / name).write_bytes(content)
    dashboard = read_dashboard(tmp_path)
    assert dashboard is not None
    return dashboard


def test_what_was_not_built_is_not_served(tmp_path: Path) -> None:
    assert read_dashboard(tmp_path) is None
    browser = served(None)
    assert browser.get("/", headers=PAGE).headers["location"] == "/sign-in"
    assert browser.get("/releases", headers=PAGE).status_code == 404


@pytest.mark.parametrize("path", ["/", "/releases", "/releases/UmVsZWFzZTox?copy=true"])
def test_every_path_of_its_own_is_its_page(built: BuiltDashboard, path: str) -> None:
    answer = served(built).get(path, headers=PAGE)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "./assets/index-1a2b.js" in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/", "/assets/gone-1a2b.js"])
def test_a_path_of_the_service_is_never_the_page(built: BuiltDashboard, path: str) -> None:
    assert served(built).get(path, headers=PAGE).status_code == 404


def test_the_service_answers_where_it_did_before(built: BuiltDashboard) -> None:
    assert served(built).get("/sign-in/x", headers=PAGE).text == "the service's own"


def test_programs_and_forms_get_no_page(built: BuiltDashboard) -> None:
    browser = served(built)
    assert browser.get("/releases", headers={"Accept": "application/json"}).status_code == 404
    assert browser.post("/releases", headers=PAGE).status_code == 404


def test_the_page_allows_no_inline_script_and_no_foreign_origin(built: BuiltDashboard) -> None:
    browser = served(built)
    policies, nonces = [], []
    for _ in range(2):
        answer = browser.get("/", headers=PAGE)
        (nonce,) = re.findall(r'nonce="([^"]+)"', answer.text)
        policies.append(answer.headers["content-security-policy"].replace(nonce, "NONCE"))
        nonces.append(nonce)
    assert nonces[0] != nonces[1]
    assert policies[0] == policies[1]
    directives = dict(part.split(" ", 1) for part in policies[0].split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    assert directives["style-src"] == "'self' 'nonce-NONCE'"
    assert "unsafe" not in policies[0]


def test_below_a_path_its_addresses_stay_below(built: BuiltDashboard) -> None:
    assert '<base href="/signing/" />' in served(built, "/signing").get("/", headers=PAGE).text


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [("gzip, deflate, br", "br", b"br"), ("gzip", None, b"plain"), ("", None, b"plain")],
)
def test_assets_are_kept_for_ever_in_the_best_encoding(
    built: BuiltDashboard, accepted: str, encoding: str | None, content: bytes
) -> None:
    browser = served(built)
    with browser.stream(
        "GET", "/assets/index-1a2b.js", headers={"Accept-Encoding": accepted}
    ) as answer:
        assert b"".join(answer.iter_raw()) == content
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("name", ["index-1a2b.js.br", "..%2Findex.html", "%2e%2e"])
def test_nothing_but_its_assets_can_be_fetched(built: BuiltDashboard, name: str) -> None:
    assert served(built).get(f"/assets/{name}").status_code == 404
