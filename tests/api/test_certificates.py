"""Certificates over GraphQL and as downloads, read by programs that are not ours."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.downloads.certificates import FORMS
from api.downloads.routes import download_routes
from api.graphql.ids import to_global
from api.graphql.limits.config import Limits
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.vocabulary import Permission
from tests.support.api import Api, make_api
from tests.support.chains import Authority, add_certificate, pem_of, public_key_of
from tests.support.world import NOON, World

CERTIFICATE = """query($id: ID!) { node(id: $id) { ... on Certificate {
    kind subject issuer serialNumber fingerprint sha1Fingerprint validFrom expiresAt isDefault
    warnings createdAt removedAt pem der chainPem openpgp
    keypair { alias hasDefaultCertificate defaultCertificate { id } } addedBy { name }
    removedBy { name } } } }"""
OF_KEYPAIRS = """{ keypairs { edges { node { alias hasDefaultCertificate defaultCertificate { id }
    certificates(first: 5) { totalCount edges { node { id subject } } } } } } }"""


class Site:
    def __init__(self, api: Api, client: TestClient) -> None:
        self.api = api
        self.client = client

    def download(self, certificate: Any, file_name: str, secret: str | None = None) -> Any:
        secret = secret or self.api.token("dev")
        path = f"/downloads/certificates/{to_global('Certificate', certificate)}/{file_name}"
        return self.client.get(path, headers={"Authorization": f"Bearer {secret}"})

    def certificate(self, certificate: Any) -> Any:
        return self.api.ask("dev", CERTIFICATE, id=to_global("Certificate", certificate))["node"]


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    api, runtime = make_api(world)
    app = Starlette(routes=download_routes(runtime, Limits()))
    with api.client, TestClient(app) as client:
        yield Site(api, client)
    runtime.executor.shutdown()


def openssl(*arguments: object, given: bytes = b"") -> str:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=given, check=True, capture_output=True).stdout.decode()


def test_a_certificate_says_what_openssl_reads_in_it(site: Site) -> None:
    certificate = add_certificate(site.api.world)
    read = site.certificate(certificate)
    form = ("-inform", "DER", "-noout")
    der = b64decode(read["der"])
    assert openssl("x509", *form, "-fingerprint", "-sha256", given=der).replace(
        ":", ""
    ).strip() == (f"sha256 Fingerprint={read['fingerprint'].upper()}")
    sha1 = openssl("x509", *form, "-fingerprint", "-sha1", given=der).replace(":", "").strip()
    assert sha1 == f"sha1 Fingerprint={read['sha1Fingerprint'].upper()}"
    serial = openssl("x509", *form, "-serial", given=der).strip()
    assert int(serial.removeprefix("serial="), 16) == int(read["serialNumber"], 16)
    assert read["subject"] == "CN=Example Signing"
    assert read["issuer"] == "CN=Example Intermediate"
    assert read["chainPem"].startswith(read["pem"])
    assert read["chainPem"].count("BEGIN CERTIFICATE") == 2
    assert (read["kind"], read["isDefault"], read["warnings"]) == ("X509", True, [])
    assert read["expiresAt"] == "2031-06-03T12:00:00.000000Z"
    assert (read["addedBy"], read["removedBy"], read["openpgp"]) == ({"name": "admin"}, None, None)
    assert read["keypair"]["hasDefaultCertificate"] is True


def test_openssl_verifies_the_downloaded_chain(site: Site, tmp_path: Path) -> None:
    world, root = site.api.world, Authority(starts_at=NOON - timedelta(days=4000))
    middle = Authority("Example Intermediate", root)
    leaf = middle.issue(public_key_of(world))
    added = site.api.change(
        "admin",
        "addCertificate",
        {"keypairId": site.api.id("Keypair", "vault"), "chain": pem_of(leaf, middle.certificate)},
        "certificate { id }",
    )["certificate"]
    path = f"/downloads/certificates/{added['id']}"
    headers = {"Authorization": f"Bearer {site.api.token('dev')}"}
    for name in ("chain.pem", "chain.p7c", "certificate.cer"):
        (tmp_path / name).write_bytes(site.client.get(f"{path}/{name}", headers=headers).content)
    (tmp_path / "root.pem").write_text(pem_of(root.certificate))
    at_noon = int(NOON.timestamp())
    verify = ("verify", "-attime", at_noon, "-CAfile", tmp_path / "root.pem")
    chain = ("-untrusted", tmp_path / "chain.pem", tmp_path / "certificate.cer")
    assert openssl(*verify, *chain).endswith(": OK\n")
    listed = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", tmp_path / "chain.p7c")
    assert listed.count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize("file_name", FORMS)
def test_each_form_is_a_download(site: Site, file_name: str) -> None:
    certificate = add_certificate(site.api.world)
    response = site.download(certificate, file_name)
    if file_name == "certificate.asc":
        assert response.status_code == 404
        assert "It has certificate.pem" in response.json()["errors"][0]["message"]
        return
    assert response.status_code == 200
    assert response.headers["content-type"] == FORMS[file_name].media_type
    assert response.headers["content-disposition"].endswith(f'.{file_name}"')
    assert response.headers["cache-control"] == "no-store"


def test_a_download_needs_the_scope_and_is_of_the_own_account(site: Site) -> None:
    certificate = add_certificate(site.api.world)
    scopes = frozenset([Permission.SIGN])
    secret = site.api.world.do("dev", CreateApiToken(name="narrow", scopes=scopes)).secret
    assert site.download(certificate, "chain.pem", secret).status_code == 403
    assert site.download(site.api.world.account_id, "chain.pem").status_code == 404
    anonymous = site.client.get(
        f"/downloads/certificates/{to_global('Certificate', certificate)}/chain.pem"
    )
    assert anonymous.status_code == 401


def test_keypairs_have_their_certificates_and_the_default_one_until_it_expires(site: Site) -> None:
    world = site.api.world
    first = add_certificate(world, ends_at=NOON + timedelta(days=2))
    second = add_certificate(world, name="Example Second", make_default=False)

    def vault() -> Any:
        edges = site.api.ask("dev", OF_KEYPAIRS)["keypairs"]["edges"]
        assert [edge["node"]["alias"] for edge in edges] == ["spare", "vault"]
        assert edges[0]["node"]["certificates"] == {"totalCount": 0, "edges": []}
        return edges[1]["node"]

    known = vault()
    assert known["defaultCertificate"] == {"id": to_global("Certificate", first)}
    assert known["hasDefaultCertificate"] is True
    listed = [edge["node"]["id"] for edge in known["certificates"]["edges"]]
    assert listed == [to_global("Certificate", id_) for id_ in (first, second)]
    world.clock.pass_(days=2)
    expired = vault()
    assert (expired["defaultCertificate"], expired["hasDefaultCertificate"]) == (None, False)
    assert expired["certificates"]["totalCount"] == 2
