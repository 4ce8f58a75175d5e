"""Public keys over GraphQL and as downloads."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from pysequoia import Cert
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.downloads.public_keys import FORMS
from api.downloads.routes import download_routes
from api.graphql.limits.config import Limits
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory, Permission
from engine.signers.openpgp_keys import openpgp_key
from tests.support.api import Api, make_api
from tests.support.gnupg import gnupg
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
    world.add_keypair("packages", category=KeypairCategory.GPG, algorithm=KeypairAlgorithm.ED25519)
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
        assert "public.pem" in error["message"]
        return
    assert response.status_code == 200
    content: Any = response.json() if field == "jwk" else response.content
    expected = content_of(field, expected)
    assert content == (expected.encode() if isinstance(expected, str) else expected)
    assert response.headers["content-type"] == FORMS[file_name].media_type
    assert response.headers["content-disposition"] == f'attachment; filename="{alias}.{file_name}"'
    assert response.headers["cache-control"] == "no-store"


def test_what_openpgp_signatures_are_put_together_with(site: Site) -> None:
    query = """query ($id: ID!) { keypair(id: $id) { publicKey { pem }
      openpgp { certificate fingerprint signingFingerprint createdAt } } }"""
    packages = site.api.ask("dev", query, id=site.api.id("Keypair", "packages"))["keypair"]
    openpgp = packages["openpgp"]
    certificate = Cert.from_bytes(openpgp["certificate"].encode())
    assert openpgp["fingerprint"] == certificate.fingerprint
    created_at = datetime.fromisoformat(openpgp["createdAt"])
    subkey = openpgp_key(packages["publicKey"]["pem"], created_at)
    assert openpgp["signingFingerprint"] == subkey.fingerprint.hex()
    vault = site.api.ask("dev", query, id=site.api.id("Keypair", "vault"))["keypair"]
    assert vault["openpgp"] is None


def test_administrators_download_what_revokes_a_certificate(site: Site) -> None:
    downloaded = site.download("packages", "revocation.asc", site.api.token("admin"))
    assert downloaded.status_code == 200
    assert downloaded.headers["content-type"] == "application/pgp-keys"
    with gnupg(site.api.world.clock.instant) as gpg:
        gpg.keys(site.keypair("packages")["publicKey"]["openpgp"])
        listed = gpg.keys(downloaded.text)
    assert [fields[1] for fields in listed if fields[0] == "pub"] == ["r"]
    assert site.download("packages", "revocation.asc").status_code == 403
    assert site.download("vault", "revocation.asc", site.api.token("admin")).status_code == 404


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
