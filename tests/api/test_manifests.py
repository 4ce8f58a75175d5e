"""The manifest of a release: what it has signed, over GraphQL and as downloads."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.downloads import access
from api.downloads import manifests as downloads
from api.downloads.routes import download_routes
from api.graphql.limits.config import Limits
from api.graphql.queries import manifests as queries
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.vocabulary import Permission, Status
from tests.support.api import Api, make_api
from tests.support.releases import release_in
from tests.support.world import World

MANIFEST = """query ($id: ID!, $format: ManifestFormat!) {
  releaseManifest(releaseId: $id, format: $format) { mediaType downloadPath text } }"""
CONTEXT = [{"name": "commit", "value": "4f2a9c"}]
FORMATS = ["JSON", "SHA256SUMS", "SHA512SUMS"]


class Site:
    """GraphQL and downloads over an open release of `blue`."""

    def __init__(self, api: Api, client: TestClient, release_id: str) -> None:
        self.api = api
        self.client = client
        self.release_id = release_id

    def sign(self, content: bytes, artifact: dict[str, Any] | None, **more: Any) -> str:
        values = {
            "keypairAlias": "vault",
            "digest": b64encode(sha256(content).digest()).decode(),
            "artifact": artifact,
        }
        shown = "signature { id }"
        signature = self.api.change("dev", "sign", values | more, shown)["signature"]
        return str(signature["id"])

    def manifest(self, who: str = "dev", format_: str = "JSON") -> Any:
        values = {"id": self.release_id, "format": format_}
        return self.api.ask(who, MANIFEST, **values)["releaseManifest"]

    def download(self, who: str | None = "dev", file_name: str = "manifest.json") -> Any:
        headers = {"Authorization": f"Bearer {self.api.token(who)}"} if who else {}
        return self.client.get(
            f"/downloads/releases/{self.release_id}/{file_name}", headers=headers
        )


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    release_id = release_in(world, Status.IN_PROGRESS, max_signatures=50)
    api, runtime = make_api(world)
    app = Starlette(routes=download_routes(runtime, Limits()))
    with api.client, TestClient(app) as client:
        yield Site(api, client, api.id("Release", release_id))
    runtime.executor.shutdown()


def digest(content: bytes) -> dict[str, str]:
    return {"digest": b64encode(sha512(content).digest()).decode(), "digestAlgorithm": "SHA512"}


def test_the_signatures_are_verified_with_the_manifest_and_the_public_key_alone(
    site: Site,
) -> None:
    signature_id = site.sign(b"one", {"name": "dist/one", "size": 3}, context=CONTEXT)
    document = json.loads(site.manifest()["text"])
    (signature,) = document["signatures"]
    assert signature["id"] == signature_id
    assert signature["artifact"] == {
        "name": "dist/one",
        "size": 3,
        "digest": None,
        "digestAlgorithm": None,
    }
    assert signature["context"] == {"commit": "4f2a9c"}
    assert signature["keypair"]["alias"] == "vault"
    assert signature["signer"] == {"name": "Dev", "email": "dev@example.com"}
    query = "query ($a: String) { keypair(alias: $a) { publicKeyPem } }"
    pem = site.api.ask("dev", query, a="vault")["keypair"]["publicKeyPem"]
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, Ed25519PublicKey)
    key.verify(b64decode(signature["value"]), bytes.fromhex(signature["digest"]))


def test_it_names_the_release_and_who_approved_it(site: Site) -> None:
    release = json.loads(site.manifest()["text"])["release"]
    assert (release["id"], release["status"]) == (site.release_id, "IN_PROGRESS")
    assert release["requestedBy"]["email"] == "dev@example.com"
    assert release["team"] == "blue"
    decisions = [(d["verdict"], d["approver"]["name"]) for d in release["decisions"]]
    assert ("APPROVE", "Ann") in decisions
    assert release["maxSignatures"] == 50


def test_without_signatures_it_is_whole_all_the_same(site: Site) -> None:
    assert json.loads(site.manifest()["text"])["signatures"] == []
    assert site.manifest(format_="SHA256SUMS")["text"] == ""
    assert site.download().json()["signatures"] == []


def test_coreutils_check_the_files_by_the_checksums(site: Site, tmp_path: Path) -> None:
    names = {"plain.bin": b"one", "with space": b"two", "back\\slash": b"three", "ümlaut": b"4"}
    for name, content in names.items():
        site.sign(content, {"name": name})
        (tmp_path / name).write_bytes(content)
    site.sign(b"no artifact", None)
    site.sign(b"digest of a part", {"name": "large.bin"} | digest(b"large"))
    (tmp_path / "large.bin").write_bytes(b"large")
    for tool, number in (("sha256sum", 4), ("sha512sum", 1)):
        file_name = tool.upper().replace("SUM", "SUMS")
        lines = site.download(file_name=file_name)
        assert lines.text == site.manifest(format_=file_name)["text"]
        assert len(lines.text.splitlines()) == number
        (tmp_path / file_name).write_bytes(lines.content)
        subprocess.run([tool, "--check", "--strict", file_name], cwd=tmp_path, check=True)
    (tmp_path / "plain.bin").write_bytes(b"tampered")
    checked = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path, check=False)
    assert checked.returncode == 1


@pytest.mark.parametrize("format_", FORMATS)
def test_graphql_says_where_the_same_is_downloaded(site: Site, format_: str) -> None:
    site.sign(b"one", {"name": "one"})
    manifest = site.manifest(format_=format_)
    headers = {"Authorization": f"Bearer {site.api.token('dev')}"}
    response = site.client.get(manifest["downloadPath"], headers=headers)
    assert response.text == manifest["text"]
    assert response.headers["content-type"] == manifest["mediaType"]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-disposition"].startswith('attachment; filename="Falcon-1.0.')


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_download_in_pages_has_every_signature_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(downloads, "PAGE_SIZE", 2)
    ids = [site.sign(bytes([n]), {"name": f"{n}"}) for n in range(number)]
    signatures = site.download().json()["signatures"]
    assert [signature["id"] for signature in signatures] == ids
    assert len(site.download(file_name="SHA256SUMS").text.splitlines()) == number


def test_a_long_manifest_is_downloaded_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAX_SIGNATURES", 2)
    for n in range(2):
        site.sign(bytes([n]), {"name": f"{n}"})
    assert site.manifest()["text"] is not None
    site.sign(b"three", {"name": "three"})
    assert site.manifest()["text"] is None
    assert len(site.download().json()["signatures"]) == 3


def test_who_may_not_see_the_release_gets_none(site: Site) -> None:
    site.sign(b"one", {"name": "one"})
    assert site.manifest("eve") is None
    refused = site.download("eve")
    assert refused.status_code == 404
    assert refused.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
    assert "one" not in refused.text


@pytest.mark.parametrize("authorization", [None, "Bearer csn_nonsense", "Basic ZGV2OmRldg=="])
def test_without_a_credential_nothing_is_downloaded(site: Site, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    path = f"/downloads/releases/{site.release_id}/manifest.json"
    refused = site.client.get(path, headers=headers)
    assert (refused.status_code, refused.headers["cache-control"]) == (401, "no-store")
    assert refused.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


@pytest.mark.parametrize(("who", "sees_it"), [("dev", True), ("eve", False)])
def test_a_narrow_token_downloads_what_it_sees_over_graphql(
    site: Site, who: str, sees_it: bool
) -> None:
    scopes = frozenset([Permission.VIEW_RELEASES])
    secret = site.api.world.do(who, CreateApiToken(name="narrow", scopes=scopes)).secret
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/downloads/releases/{site.release_id}/manifest.json"
    query = {"query": f'{{ release(id: "{site.release_id}") {{ name }} }}'}
    answer = site.api.client.post("/graphql", json=query, headers=headers).json()
    assert (answer["data"]["release"] is not None) == sees_it
    assert site.client.get(path, headers=headers).status_code == (200 if sees_it else 404)


@pytest.mark.parametrize("id_", ["nonsense", "VXNlcjox", "..%2f..", "%00"])
def test_an_id_of_nothing_is_not_found(site: Site, id_: str) -> None:
    headers = {"Authorization": f"Bearer {site.api.token('dev')}"}
    refused = site.client.get(f"/downloads/releases/{id_}/manifest.json", headers=headers)
    assert refused.status_code == 404


def test_a_credential_that_ends_meanwhile_ends_the_download(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "PAGE_SIZE", 1)
    for n in range(3):
        site.sign(bytes([n]), {"name": f"{n}"})
    whole = access.principal_of
    calls = iter(range(10))

    async def ended_after_one(*args: Any, **more: Any) -> Any:
        return await whole(*args, **more) if next(calls) < 2 else None

    monkeypatch.setattr(access, "principal_of", ended_after_one)
    with capture_logs() as logged:
        cut_off = site.download()
    assert [entry["event"] for entry in logged] == ["download_cut_off"]
    with pytest.raises(json.JSONDecodeError):
        cut_off.json()


def test_downloads_have_a_rate(world: World) -> None:
    release_id = release_in(world, Status.IN_PROGRESS)
    api, runtime = make_api(world)
    app = Starlette(routes=download_routes(runtime, Limits(rate=0.01, burst=2)))
    with api.client, TestClient(app) as client:
        site = Site(api, client, api.id("Release", release_id))
        statuses = [site.download().status_code for _ in range(3)]
    runtime.executor.shutdown()
    assert statuses == [200, 200, 429]
