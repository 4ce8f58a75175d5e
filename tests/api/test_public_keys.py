"""Public keys over GraphQL and as downloads."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.downloads.public_keys import FORMS
from api.downloads.routes import download_routes
from api.graphql.limits.config import Limits
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory, Permission
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring
from engine.signers.openpgp import OpenPgpSigner
from tests.support.api import Api, make_api
from tests.support.world import World

PUBLIC_KEY = """query ($id: ID!) { keypair(id: $id) {
  publicKeyPem publicKey { pem der jwk ssh openpgp fingerprint sshFingerprint } } }"""
#: The fields of the schema by the files of the same form.
FIELDS = {
    "public.pem": "pem",
    "public.der": "der",
    "public.jwk": "jwk",
    "public.pub": "ssh",
    "public.asc": "openpgp",
}


class Site:
    def __init__(self, api: Api, client: TestClient) -> None:
        self.api = api
        self.client = client

    def download(self, alias: str, file_name: str, secret: str | None = None) -> Any:
        secret = secret or self.api.token("dev")
        path = f"/downloads/keypairs/{self.api.id('Keypair', alias)}/{file_name}"
        return self.client.get(path, headers={"Authorization": f"Bearer {secret}"})

    def keypair(self, alias: str) -> Any:
        return self.api.ask("dev", PUBLIC_KEY, id=self.api.id("Keypair", alias))["keypair"]


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    openpgp = OpenPgpSigner(SignerContext(Keyring([bytes(range(32))]), {}))
    signers = world.system.signers
    world.system = replace(world.system, signers={**signers, "openpgp": openpgp})
    world.add_keypair(
        "packages",
        category=KeypairCategory.GPG,
        algorithm=KeypairAlgorithm.OPENPGP_ED25519,
        backend="openpgp",
    )
    api, runtime = make_api(world)
    app = Starlette(routes=download_routes(runtime, Limits()))
    with api.client, TestClient(app) as client:
        yield Site(api, client)
    runtime.executor.shutdown()


def content_of(field: str, value: Any) -> Any:
    return b64decode(value) if field == "der" else value


@pytest.mark.parametrize("file_name", FORMS)
@pytest.mark.parametrize("alias", ["vault", "packages"])
def test_a_download_is_what_graphql_answers(site: Site, alias: str, file_name: str) -> None:
    field = FIELDS[file_name]
    expected = site.keypair(alias)["publicKey"][field]
    response = site.download(alias, file_name)
    if expected is None:
        assert response.status_code == 404
        (error,) = response.json()["errors"]
        has = "public.asc" if alias == "packages" else "public.pem"
        assert has in error["message"]
        return
    assert response.status_code == 200
    content: Any = response.json() if field == "jwk" else response.content
    expected = content_of(field, expected)
    assert content == (expected.encode() if isinstance(expected, str) else expected)
    assert response.headers["content-type"] == FORMS[file_name].media_type
    assert response.headers["content-disposition"] == f'attachment; filename="{alias}.{file_name}"'
    assert response.headers["cache-control"] == "no-store"


def test_the_former_field_is_the_same(site: Site) -> None:
    for alias, field in (("vault", "pem"), ("packages", "openpgp")):
        keypair = site.keypair(alias)
        assert keypair["publicKeyPem"] == keypair["publicKey"][field]


def test_a_token_without_the_scope_downloads_no_key(site: Site) -> None:
    scopes = frozenset([Permission.SIGN])
    secret = site.api.world.do("dev", CreateApiToken(name="narrow", scopes=scopes)).secret
    refused = site.download("vault", "public.pem", secret)
    assert refused.status_code == 403
    (error,) = refused.json()["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert "VIEW_RELEASES" in error["message"]


def test_another_accounts_key_is_not_found(site: Site) -> None:
    alias = "elsewhere"
    site.api.world.things[alias] = site.api.world.account_id
    assert site.download(alias, "public.pem").status_code == 404
    assert site.download("vault", "private.pem").status_code == 404
