"""The token endpoint over a world, and an issuer on this machine with keys of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from api.graphql.ids import to_global
from api.openid.trusted_issuers import TrustedIssuers
from api.runtime.pipeline_settings import PipelineSettings
from api.runtime.runtime import Runtime
from api.web.http.rate_limit import TokenBuckets
from api.web.oauth.token_endpoint import PATH, TOKEN_EXCHANGE_GRANT, TokenEndpoint
from api.web.oauth.token_exchange import TokenExchange
from api.web_routes import rule_id_of
from engine.model.origins import IssuerKind
from tests.api.web.sign_in.loopback_issuer import Issuer
from tests.support.api import Api, make_api
from tests.support.claim_sets import SYSTEMS
from tests.support.pipelines import make_rule, trust
from tests.support.world import World

PUBLIC = "https://countersign.example.com"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@dataclass
class PipelineSite:
    """A rule of a world, the issuer that it trusts, and the endpoint."""

    world: World
    issuer: Issuer
    api: Api
    runtime: Runtime
    client: TestClient
    kind: IssuerKind = IssuerKind.GITHUB_ACTIONS
    form: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _, conditions, _ = SYSTEMS[self.kind]
        url = self.issuer.address
        issuer_id = trust(self.world, name="CI", kind=self.kind, url=url)
        self.rule_id = make_rule(self.world, issuer_id=issuer_id, conditions=conditions)
        self.client_id = to_global("PipelineRule", self.rule_id)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a token of the system; a change to None leaves a claim out."""
        now = int(self.world.clock.instant.timestamp())
        times = {"iat": now, "nbf": now - 300, "exp": now + 300}
        claims = {"iss": self.issuer.address, "aud": PUBLIC} | times | SYSTEMS[self.kind][0]
        return {k: v for k, v in (claims | changes).items() if v is not None}

    def token(self, **changes: Any) -> str:
        """A token of the system, signed by the issuer."""
        self.issuer.claims = self.claims(**changes)
        self.issuer.without_claims = tuple(
            {"email", "email_verified", "nonce"} | {k for k, v in changes.items() if v is None}
        )
        if self.kind is not IssuerKind.KUBERNETES:
            self.issuer.header = {"typ": "JWT"} | self.issuer.header
        return self.issuer.signed()

    def exchange(self, token: str, **form: str) -> httpx2.Response:
        """Ask for a token; an empty parameter is left out."""
        parameters = {
            "grant_type": TOKEN_EXCHANGE_GRANT,
            "client_id": self.client_id,
            "subject_token": token,
            "subject_token_type": ID_TOKEN,
        } | form
        return self.client.post(PATH, data={k: v for k, v in parameters.items() if v})


def endpoint_of(runtime: Runtime) -> TokenEndpoint:
    """A new endpoint, as another process would have it."""
    issuers = TrustedIssuers(allow_private=runtime.pipelines.allow_private)
    exchange = TokenExchange(runtime, issuers, rule_id_of)
    return TokenEndpoint({TOKEN_EXCHANGE_GRANT: exchange}, TokenBuckets(rate=0, burst=1))


@contextmanager
def open_site(
    world: World, issuer: Issuer, kind: IssuerKind = IssuerKind.GITHUB_ACTIONS, **settings: Any
) -> Iterator[PipelineSite]:
    """The site, until it is closed."""
    pipelines = PipelineSettings(**{"public_url": PUBLIC, "allow_private": True} | settings)
    api, runtime = make_api(world, pipelines=pipelines)
    app = Starlette(routes=[Route(PATH, endpoint_of(runtime).answer, methods=["POST"])])
    with api.client, TestClient(app) as client:
        yield PipelineSite(world, issuer, api, runtime, client, kind)
    runtime.executor.shutdown()


def seconds() -> int:
    """The time of this machine, which no rule looks at."""
    return int(time.time())
