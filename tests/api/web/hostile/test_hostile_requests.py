"""Whatever is sent to whichever route: an answer within the rules, and nothing changed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.config.keys import link_key
from api.config.settings import Settings
from api.graphql.ids import to_global
from api.web.oauth.device_flow import CLIENT_ID
from api.web.oauth.device_flow import GRANT_TYPE as DEVICE_GRANT
from api.web.oauth.token_endpoint import TOKEN_EXCHANGE_GRANT
from api.web.oauth.token_exchange import SUBJECT_TYPES
from api.web.sign_in.device_page import USER_CODES
from engine.commands.credentials import device_sign_in
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.credentials.sessions import StartSession
from engine.model.vocabulary import Permission, SignInMethod
from engine.persistence.db.database import Database
from notifications import tables as n
from notifications.links import action_links
from notifications.links.keys import derive
from tests.api.web.hostile import strategies as hostile
from tests.api.web.hostile.raw_requests import Pairs, RawAnswer, RawRequest, ask
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.mounted import HOST, populated, settings_below
from tests.support.pipelines import make_rule, trust
from tests.support.world import World

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: What anybody may ask for: a mail to sign in with, codes for a device, and another try of a code.
_FOR_ANYBODY = frozenset({"sign_ins", "device_authorizations", "device_code_attempts"})
_QUERY = [
    "user_code", "next", "address", "filter", "startIndex", "count", "attributes", "sortBy", "code",
    "excludedAttributes", "state", "error", "error_description", "iss", "response",
]  # fmt: skip


def _forms(rule_id: str, device_code: str) -> list[dict[str, str]]:
    """A form of each kind, as a client or a page of ours sends it."""
    exchange = {"grant_type": TOKEN_EXCHANGE_GRANT, "client_id": rule_id, "subject_token": "x"}
    exchange |= {"subject_token_type": min(SUBJECT_TYPES)}
    poll = {"grant_type": DEVICE_GRANT, "client_id": CLIENT_ID, "device_code": device_code}
    return [
        exchange,
        exchange | {"scope": "SIGN", "audience": HOST, "resource": HOST, "actor_token": "x"},
        poll,
        {"client_id": CLIENT_ID, "device_name": "x"},
        {"address": "ann@example.com", "next": "/device", "code": "123456"},
        {"user_code": "BBBB-BBBB", "decision": "confirm", "user": "x", "session": "x"},
        {"csrf": "x", "verdict": "APPROVE", "comment": "x", "reason": "x", "revision": "1"},
        {"identity": "x", "answer": "yes"},
    ]


@dataclass
class Site:
    """The application, people with credentials, and values that mean something to it."""

    app: Starlette
    client: TestClient
    world: World
    known: list[str]
    forms: list[dict[str, str]]
    #: Of SCIM, below its root.
    resources: list[str]
    tokens: Mapping[str, str]
    sent: int = 0
    state: dict[str, Any] = field(default_factory=dict)

    def credential(self, caller: str) -> Pairs:
        """The headers of an administrator or a developer with a token, or of ann in a browser."""
        if caller in self.tokens:
            return ((b"authorization", b"Bearer " + self.tokens[caller].encode()),)
        if caller == "ann":
            session = self.world.do("ann", StartSession(method=SignInMethod.MAIL))
            self.state = self.rows()
            return ((b"cookie", b"__Host-countersign=" + session.secret.encode()),)
        return ()

    def ask(self, request: RawRequest) -> RawAnswer:
        """Send it from an address of its own, which has used up no rate."""
        self.sent += 1
        assert self.client.portal is not None
        return self.client.portal.call(ask, self.app, request, f"10.{self.sent >> 8}.0.1")

    def rows(self) -> dict[str, Any]:
        """What is stored, but for when a credential was used last."""
        return self.world.snapshot(without={"last_used_at", "last_seen_at"})

    def changed(self) -> set[str]:
        """The tables that are not as they were when this was asked last."""
        before, self.state = self.state, self.rows()
        return {name for name, rows in self.state.items() if rows != before[name]}


@pytest.fixture
def site(database: Database, database_url: str, tmp_path: Path) -> Iterator[Site]:
    openid = {"oidc_issuer": "https://127.0.0.1:1", "oidc_client_id": "countersign"}
    settings_ = settings_below("", database_url, tmp_path, graphql_rate=0, **openid)
    world = populated(settings_, database)
    command = CreateApiToken(name="hostile", scopes=frozenset(Permission))
    tokens = {name: world.do(name, command).secret for name in ("admin", "dev")}
    rule = make_rule(world, issuer_id=trust(world, name="CI", url=hostile.ISSUER))
    codes = _device_codes(world, settings_)
    ids = _ids(world, rule)
    known = [*ids, *_links(world, link_key(settings_)), codes.device_code, codes.user_code]
    resources = [f"Users/{world.people['bob']}", f"Groups/{world.things['blue']}"]
    app = create_app(settings_, worker=False)
    with TestClient(app, base_url=HOST) as client:
        forms = _forms(to_global("PipelineRule", rule), codes.device_code)
        yield Site(app, client, world, known, forms, resources, tokens)


def _device_codes(world: World, of: Settings) -> device_sign_in.DeviceCodes:
    """The codes of a device that waits."""
    key = derive(of.secret_key.get_secret_value(), USER_CODES)
    device = {"device_name": "x", "address": "10.0.0.1", "client": "10.0.0.1", "user_agent": "x"}
    with world.system.database.writing() as connection:
        codes = device_sign_in.begin(connection, datetime.now(UTC), key, **device)
        connection.commit()
    return codes


def _ids(world: World, rule: UUID) -> list[str]:
    """Ids of everything, as GraphQL and as SCIM spell them."""
    ids: list[tuple[str, UUID]] = [
        ("Release", world.request()),
        ("Keypair", world.things["vault"]),
        ("PipelineRule", rule),
        ("User", world.people["bob"]),
        ("Team", world.things["blue"]),
    ]
    return [to_global(kind, id_) for kind, id_ in ids] + [str(id_) for _, id_ in ids]


def _links(world: World, key: bytes) -> list[str]:
    """The links to decide on the release, as they end."""
    with world.system.database.reading() as connection:
        rows = connection.execute(sa.select(n.action_links)).all()
    return [f"{row.id.hex}.{action_links.token_of(key, row.id, row.nonce)}" for row in rows]


def _targets(routes: list[BaseRoute], below: str = "") -> list[tuple[str, str]]:
    """Each path of the application's routes with each of its methods, without GraphQL's."""
    targets: list[tuple[str, str]] = []
    for route in routes:
        if isinstance(route, Mount):
            targets += _targets(route.routes, f"{below}{route.path}")
        elif isinstance(route, Route) and route.path != "/graphql":
            targets += [(below + route.path, method) for method in route.methods or ()]
    return sorted(targets)


def _filled(route: str, place: str) -> str:
    """The path of a route with a text in the place of its parameter."""
    return re.sub(r"\{[^}]+\}", lambda _: place, route)


@POSTGRESQL_IS_LONG
@pytest.mark.timeout(600)
def test_no_hostile_request_breaks_anything(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    targets = _targets(site.app.routes)
    assert len(targets) > 50
    values = st.sampled_from(site.known) | hostile.TEXTS
    site.state = site.rows()

    @settings(suppress_health_check=list(HealthCheck))
    @given(
        some=st.lists(st.sampled_from(targets), min_size=1, max_size=6, unique=True),
        method=hostile.METHODS,
        place=hostile.places_of(values),
        scim_path=hostile.scim_paths_of(site.resources, values),
        query=hostile.pairs_of(_QUERY, values),
        headers=hostile.HEADERS,
        content_type=hostile.CONTENT_TYPES,
        form=hostile.forms_of(site.forms, values),
        document=hostile.json_of(values),
        is_whole=st.sampled_from([True] * 9 + [False]),
        caller=st.sampled_from(["admin", "admin", "dev", "ann", ""]),
    )
    def try_some(
        some: list[tuple[str, str]],
        method: str | None,
        place: str,
        scim_path: str,
        headers: Pairs,
        content_type: bytes | None,
        form: bytes,
        document: bytes,
        caller: str,
        **parts: Any,
    ) -> None:
        credential = site.credential(caller)
        for route, own_method in some:
            is_scim = route.startswith("/scim")
            fitting = b"application/scim+json" if is_scim else hostile.FORM
            type_ = (b"content-type", fitting if content_type is None else content_type)
            path = _filled(route, scim_path if is_scim else place)
            request = RawRequest(
                method=method or own_method,
                path=path,
                headers=(*headers, type_, *credential),
                body=document if is_scim else form,
                **parts,
            )
            _try(site, request, caller)

    with capture_logs() as logged:
        try_some()

    assert [entry for entry in logged if entry["log_level"] in {"error", "critical"}] == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@POSTGRESQL_IS_LONG
def test_whoever_leaves_before_the_end_of_a_body_changes_nothing(site: Site) -> None:
    site.state = site.rows()
    own_page = ((b"host", hostile.HOST), (b"sec-fetch-site", b"same-origin"))
    for route, method in _targets(site.app.routes):
        is_scim = route.startswith("/scim")
        request = RawRequest(
            method=method,
            path=_filled(route, site.resources[0] if is_scim else "x"),
            headers=(*own_page, (b"content-type", hostile.FORM), *site.credential("admin")),
            body=b"a=b",
            is_whole=False,
        )
        answer = site.ask(request)
        _check(request, answer)
        assert site.changed() == set(), (request, answer)
        assert method in _SAFE or answer.status in {303, 400, 404, 405}, (request, answer)


def _try(site: Site, request: RawRequest, caller: str) -> None:
    answer = site.ask(request)
    _check(request, answer)
    may_change = caller and answer.status < 400 and request.method not in _SAFE
    assert site.changed() <= _FOR_ANYBODY or may_change, (request, answer)


def _check(request: RawRequest, answer: RawAnswer) -> None:
    """The answer is within the rules, whatever it says."""
    # SCIM says so of what it has no part for (RFC 7644, section 3.12).
    may_lack = request.path.startswith("/scim") and answer.status == 501
    assert may_lack or 200 <= answer.status < 500, (request, answer)
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff", request
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] in {"same-origin", "no-referrer"}
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", headers["x-request-id"])
    assert not any(set(value) & set(b"\r\n\0") for _, value in answer.fields), answer
    assert not answer.body or headers["content-type"], answer
    assert b"Traceback" not in answer.body
    if headers.get("content-type", "").startswith("text/html"):
        assert hostile.MARKUP.encode() not in answer.body
    location = headers.get("location", "/").removeprefix(HOST)
    assert urlsplit(location).netloc == "", answer
    assert re.match(r"/(?![/\\])", location), answer
