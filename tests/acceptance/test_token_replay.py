"""A pipeline's token is exchanged once, whichever processes of the service it is shown to."""

from __future__ import annotations

import base64
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.graphql.ids import to_global
from api.web.oauth.token_endpoint import PATH, TOKEN_EXCHANGE_GRANT
from engine.model.origins import IssuerKind
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from tests.api.web.oauth.pipeline_site import ID_TOKEN
from tests.api.web.sign_in.loopback_issuer import Issuer, Loopback
from tests.support import api as support
from tests.support.claim_sets import SYSTEMS
from tests.support.pipelines import make_rule, trust
from tests.support.releases import rows
from tests.support.running import Server, serving, settings
from tests.support.threads import at_once
from tests.support.world import World, make_world

PUBLIC = "http://127.0.0.1:8000"
MASTER_KEY = os.urandom(32)
KIND = IssuerKind.GITHUB_ACTIONS
SERVERS = 2
CALLS_PER_SERVER = 4


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    loopback = Loopback()
    with support.serving(loopback.app) as loopback.address:
        yield loopback.fresh()


@pytest.fixture
def world(database: Database) -> World:
    """The small account, whose keypairs the servers can open."""
    return make_world(database, master_key=MASTER_KEY)


@pytest.fixture
def servers(world: World, database_url: str, tmp_path: Path) -> Iterator[list[Server]]:
    """Servers that share one database and nothing else."""
    environment = settings(
        database_url,
        COUNTERSIGN_ISSUER_ALLOW_PRIVATE="true",
        COUNTERSIGN_MASTER_KEY=base64.b64encode(MASTER_KEY).decode(),
    )
    with ExitStack() as stack:
        start = partial(serving, environment, tmp_path)
        yield [stack.enter_context(start()) for _ in range(SERVERS)]


def token(issuer: Issuer, **changes: Any) -> str:
    """A token that the issuer has signed now."""
    now = int(time.time())
    times = {"iat": now, "nbf": now - 30, "exp": now + 300}
    claims = {"iss": issuer.address, "aud": PUBLIC} | times | SYSTEMS[KIND][0] | changes
    issuer.claims = claims
    issuer.without_claims = ("email", "email_verified", "nonce")
    issuer.header = {"typ": "JWT"}
    return issuer.signed()


@pytest.mark.long
def test_of_all_calls_at_all_servers_one_gets_a_token(
    world: World, issuer: Issuer, servers: list[Server]
) -> None:
    issuer_id = trust(world, name="CI", kind=KIND, url=issuer.address)
    rule_id = make_rule(world, issuer_id=issuer_id, conditions=SYSTEMS[KIND][1])
    form = {
        "grant_type": TOKEN_EXCHANGE_GRANT,
        "client_id": to_global("PipelineRule", rule_id),
        "subject_token_type": ID_TOKEN,
    }

    def exchange(server: Server, subject_token: str) -> str:
        data = form | {"subject_token": subject_token}
        answer = httpx2.post(f"{server.url}{PATH}", data=data, timeout=60)
        return "issued" if answer.status_code == 200 else str(answer.json()["code"])

    for number in range(5):
        shown = token(issuer, jti=f"run {number}")
        calls = [partial(exchange, server, shown) for server in servers * CALLS_PER_SERVER]
        expected = {"issued": 1, "TOKEN_USED": SERVERS * CALLS_PER_SERVER - 1}
        assert Counter(at_once(calls)) == expected
        # The same id in a token that was signed anew is the same token.
        again = token(issuer, jti=f"run {number}", run_id=f"{number}")
        assert {exchange(server, again) for server in servers} == {"TOKEN_USED"}
    assert len(rows(world, t.api_tokens, rule_id=rule_id)) == 5
