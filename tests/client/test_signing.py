"""What a run does with the server's answers: only verified signatures are written and reported."""

import hashlib
import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from countersign.cli.verify import app as verify_app
from countersign.connection import graphql
from countersign.connection.credentials import Credentials
from countersign.connection.graphql import Connection
from countersign.connection.paths import replace_files
from countersign.connection.settings import Settings
from countersign.errors import ExitStatus, UsageError
from countersign.signing.batches import Order
from countersign.signing.build_context import build_context
from countersign.signing.forms import form_named
from countersign.signing.hashing import hash_file, hash_files
from countersign.signing.names import FormName
from countersign.signing.public_keys import is_valid_signature, load_public_key
from countersign.signing.results import signature_paths, write_manifest
from countersign.signing.run import sign_files
from countersign.signing.verifying import read_manifest, verify_files
from tests.client.site import write_files

EC = ec.generate_private_key(ec.SECP256R1())
EC_384 = ec.generate_private_key(ec.SECP384R1())
EC_OTHER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
SHA256 = Prehashed(hashes.SHA256())


class Signer:
    """A server that signs up to a maximum, and remembers idempotency keys."""

    def __init__(self, maximum: int = 10_000) -> None:
        self.maximum = maximum
        self.signatures: dict[str, bytes] = {}
        self.batches: list[int] = []
        #: The release that counts the signatures.
        self.release: str | None = None
        #: By name: what is answered in place of the right signature, or a code.
        self.values: dict[str, bytes] = {}
        self.codes: dict[str, list[str]] = {}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        values = json.loads(request.content)["variables"]["input"]
        self.batches.append(len(values["items"]))
        outcomes = [self._outcome(item) for item in values["items"]]
        left = self.maximum - len(self.signatures)
        for signature in (outcome["signature"] for outcome in outcomes):
            if signature is not None and self.release is not None:
                named = {"id": self.release, "name": "Falcon"}
                signature["release"] = named | {"signaturesLeft": left}
        payload = {"signBatch": {"outcomes": outcomes, "errors": []}}
        return httpx2.Response(200, json={"data": payload})

    def _outcome(self, item: dict[str, Any]) -> dict[str, Any]:
        key, name = item["idempotencyKey"], item["artifact"]["name"]
        if self.codes.get(name):
            return _refused(self.codes[name].pop(0))
        if key not in self.signatures and len(self.signatures) >= self.maximum:
            return _refused("QUOTA_EXHAUSTED")
        if key not in self.signatures:
            digest = b64decode((item.get("sshsig") or item)["digest"])
            self.signatures[key] = EC.sign(digest[:32], ec.ECDSA(SHA256))
        value = self.values.get(name, self.signatures[key])
        signature = {
            "id": key[:8],
            "value": b64encode(value).decode(),
            "createdAt": "2031-05-04T12:00:00Z",
            "release": None,
        }
        return {"signature": signature, "errors": []}


def _refused(code: str) -> dict[str, Any]:
    return {"signature": None, "errors": [{"code": code, "message": "No.", "field": None}]}


def connection(signer: Signer) -> Connection:
    server = "http://127.0.0.1:1"
    opened = Connection(server, Credentials({"COUNTERSIGN_TOKEN": "csn"}, Settings(server=server)))
    opened.http = httpx2.Client(base_url=server, transport=httpx2.MockTransport(signer))
    return opened


def order(**more: Any) -> Order:
    form = form_named(FormName.RAW, EC.public_key())
    return Order(**{"keypair_id": "k", "form_name": "raw", "form": form, "context": {}} | more)


def run(signer: Signer, files: list[Path], **more: Any) -> Any:
    return sign_files(connection(signer), order(**more), signature_paths(files, ".sig", None))


def test_the_answers_say_how_many_signatures_are_left(tmp_path: Path) -> None:
    signer = Signer(10)
    signer.release = "r"
    result = run(signer, write_files(tmp_path, 3))
    assert result.signatures_left("r") == 7
    assert result.signatures_left("another") is None
    assert len(signer.batches) == 1


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(graphql.time, "sleep", waited.append)
    return waited


def test_files_are_signed_in_batches_and_the_same_run_uses_nothing_twice(tmp_path: Path) -> None:
    signer, files = Signer(), write_files(tmp_path, 1003)
    result = run(signer, files)
    assert (len(result.signed), result.failures, result.untried) == (1003, {}, 0)
    assert signer.batches == [1000, 3]
    assert run(signer, files).signed == result.signed
    assert len(signer.signatures) == 1003
    assert not list(tmp_path.glob(".*"))


def test_a_signature_of_another_key_is_neither_written_nor_reported(tmp_path: Path) -> None:
    signer, files = Signer(), write_files(tmp_path, 3)
    foreign = ec.generate_private_key(ec.SECP256R1())
    digest = hashlib.sha256(files[1].read_bytes()).digest()
    signer.values[str(files[1])] = foreign.sign(digest, ec.ECDSA(SHA256))
    result = run(signer, files)
    assert [signed.file.path for signed in result.signed] == [files[0], files[2]]
    assert result.first_failure.code == "SIGNATURE_INVALID"
    assert not Path(f"{files[1]}.sig").exists()


@pytest.mark.parametrize("value", [b"", b"\x30\x00", bytes(64)])
def test_neither_is_what_is_no_signature_at_all(tmp_path: Path, value: bytes) -> None:
    signer, files = Signer(), write_files(tmp_path, 1)
    signer.values[str(files[0])] = value
    for name in set(FormName) - {FormName.OPENPGP, FormName.CLEARSIGN}:
        form = form_named(name, EC.public_key(), chain=[certificate_of(EC)])
        result = run(signer, files, form=form)
        assert result.first_failure.code == "SIGNATURE_INVALID"
    assert list(tmp_path.glob("*.sig")) == []


def test_a_refused_file_ends_the_run_after_its_batch(tmp_path: Path) -> None:
    signer, files = Signer(maximum=999), write_files(tmp_path, 1200)
    result = run(signer, files)
    assert (len(result.signed), len(result.failures), result.untried) == (999, 1, 200)
    assert result.first_failure.exit_status == ExitStatus.REFUSED_BY_FACTOR
    assert signer.batches == [1000]


def test_what_the_server_could_not_do_just_now_is_sent_again_alone(
    tmp_path: Path, delays: list[float]
) -> None:
    signer, files = Signer(), write_files(tmp_path, 5)
    signer.codes = {str(files[2]): ["OVERLOADED", "SIGNER_FAILED"]}
    assert len(run(signer, files).signed) == 5
    assert signer.batches == [5, 1, 1]
    assert len(delays) == 2


def test_an_atomic_run_writes_all_or_nothing(tmp_path: Path) -> None:
    signer, files = Signer(), write_files(tmp_path, 3)
    signer.values[str(files[1])] = b""
    assert run(signer, files, is_atomic=True).signed == []
    assert list(tmp_path.glob("*.sig")) == []


def test_other_releases_forms_and_names_use_signatures_of_their_own(tmp_path: Path) -> None:
    file = hash_file(write_files(tmp_path, 1)[0], "sha256")
    other = hash_file(write_files(tmp_path / "other", 1)[0], "sha256")
    keys = {
        order().idempotency_key(file),
        order(release_id="r").idempotency_key(file),
        order(keypair_id="other").idempotency_key(file),
        order(form_name="other").idempotency_key(file),
        order().idempotency_key(other),
    }
    assert len(keys) == 5


def test_files_are_hashed_in_their_order(tmp_path: Path) -> None:
    files = write_files(tmp_path, 100)
    hashed = list(hash_files(files, "sha256"))
    assert [file.path for file in hashed] == files
    assert all(f.digest == hashlib.sha256(f.path.read_bytes()).digest() for f in hashed)
    assert hashed[7].size_bytes == files[7].stat().st_size
    with pytest.raises(UsageError, match="cannot be read"):
        list(hash_files([*files, tmp_path / "missing"], "sha256"))


def test_writing_fails_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_files({tmp_path / "taken": b"", tmp_path / "other": b""})
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_signature_never_replaces_a_file_that_is_to_be_signed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.sig is named as a file.*Leave it out, or give --out"):
        signature_paths([tmp_path / "a", tmp_path / "a.sig"], ".sig", None)


def test_a_manifest_verifies_what_it_lists(tmp_path: Path) -> None:
    files = write_files(tmp_path, 3)
    result = run(Signer(), files)
    path = tmp_path / "manifest.json"
    write_manifest(path, {"form": "raw", "digestAlgorithm": "sha256"}, result.signed)
    form, signatures = read_manifest(path, EC.public_key(), [], "file")
    assert [file.fault for file in verify_files(form, signatures)] == [None] * 3
    form, signatures = read_manifest(path, EC_384.public_key(), files[:1], "file")
    assert [bool(file.fault) for file in verify_files(form, signatures)] == [True]
    form, signatures = read_manifest(
        path, EC.public_key(), [write_files(tmp_path / "b", 1)[0]], "file"
    )
    assert [file.fault for file in verify_files(form, signatures)] == [
        f"there is no signature in {path}"
    ]


def test_a_manifest_does_not_choose_what_its_signatures_are_for(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    write_manifest(path, {"form": "sshsig:git", "digestAlgorithm": "sha512"}, [])
    with pytest.raises(UsageError, match="namespace 'git', not for 'file'"):
        read_manifest(path, EC.public_key(), [], "file")
    read_manifest(path, EC.public_key(), [], "git")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}'])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="manifest"):
        read_manifest(path, EC.public_key(), [], "file")


def sign_digest(key: Any, digest: bytes, digest_name: str, *, is_pss: bool = False) -> bytes:
    """A signature as the server makes it."""
    prehashed = Prehashed(
        {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}.get(digest_name, hashes.SHA512())
    )
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(digest, ec.ECDSA(prehashed))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(digest)
    pss = padding.PSS(padding.MGF1(prehashed._algorithm), padding.PSS.DIGEST_LENGTH)
    return bytes(key.sign(digest, pss if is_pss else padding.PKCS1v15(), prehashed))


@pytest.mark.parametrize(
    ("key", "digest_name", "is_pss"),
    [
        (EC, "sha256", False),
        (EC_384, "sha384", False),
        (EC, "sha512", False),
        (RSA, "sha256", False),
        (RSA, "sha512", True),
        (ED, "sha256", False),
    ],
)
def test_signatures_of_every_algorithm_are_verified(
    key: Any, digest_name: str, is_pss: bool
) -> None:
    digest = hashlib.new(digest_name, b"content").digest()
    signature = sign_digest(key, digest, digest_name, is_pss=is_pss)
    public = key.public_key()
    other = hashlib.new(digest_name, b"other").digest()
    assert is_valid_signature(public, signature, digest, digest_name)
    assert not is_valid_signature(public, signature, other, digest_name)
    assert not is_valid_signature(public, signature[:-1], digest, digest_name)


@pytest.mark.parametrize("key", [EC, RSA, ED])
def test_public_keys_are_read_in_every_form(key: Any) -> None:
    public = key.public_key()
    forms = [
        (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        (Encoding.OpenSSH, PublicFormat.OpenSSH),
    ]
    for encoding, form in forms:
        assert load_public_key(public.public_bytes(encoding, form)) == public


def test_what_is_no_key_to_verify_with_is_refused() -> None:
    exchange = x25519.X25519PrivateKey.generate().public_key()
    pem = exchange.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for content in (pem, b"", b"-----BEGIN CERTIFICATE-----"):
        with pytest.raises(UsageError):
            load_public_key(content)


def certificate_of(key: Any) -> x509.Certificate:
    """A certificate that the key signed itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Falcon")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    authority = x509.BasicConstraints(ca=True, path_length=None)
    return builder.add_extension(authority, critical=True).sign(key, hashes.SHA256())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("key", [EC, EC_384, RSA])
def test_openssl_takes_signatures_in_cms(tmp_path: Path, key: Any) -> None:
    (file,), certificate = write_files(tmp_path, 1), certificate_of(key)
    form = form_named(FormName.CMS, key.public_key(), chain=[certificate])
    hashed = hash_file(file, form.file_digest_name)
    digest = b64decode(form.request(hashed)["digest"])
    content = form.assemble(hashed, sign_digest(key, digest, form.file_digest_name))
    signature, anchor = tmp_path / "file.p7s", tmp_path / "anchor.pem"
    signature.write_bytes(content)
    anchor.write_bytes(certificate.public_bytes(Encoding.PEM))
    words = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"]
    words += ["-in", str(signature), "-content", str(file), "-CAfile", str(anchor)]
    done = subprocess.run([*words, "-out", "/dev/null"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    other = hash_file(write_files(tmp_path / "other", 2)[1], form.file_digest_name)
    foreign = form_named(FormName.CMS, EC_OTHER.public_key(), form.file_digest_name)
    assert form.is_valid(hashed, content)
    assert not form.is_valid(other, content)
    assert not foreign.is_valid(hashed, content)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_what_openssl_signs_in_cms_is_verified(tmp_path: Path) -> None:
    (file,), certificate = write_files(tmp_path, 1), certificate_of(RSA)
    pem, key, signature = (tmp_path / name for name in ("certificate.pem", "key.pem", "file.p7s"))
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    key.write_bytes(RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    words = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256"]
    words += ["-in", str(file), "-signer", str(pem), "-inkey", str(key), "-out", str(signature)]
    subprocess.run(words, check=True, capture_output=True)
    form, content = form_named(FormName.CMS, RSA.public_key()), signature.read_bytes()
    hashed = hash_file(file, "sha256")
    assert form.is_valid(hashed, content)
    for end in range(0, len(content), 7):
        assert not form.is_valid(hashed, content[:end])


def test_ed25519_makes_no_signatures_in_cms() -> None:
    with pytest.raises(UsageError, match="ECDSA or RSA"):
        form_named(FormName.CMS, ED.public_key())


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
@pytest.mark.parametrize("key", [EC, EC_384, RSA, ED])
def test_ssh_signatures_are_verified(tmp_path: Path, key: Any) -> None:
    file = hash_file(write_files(tmp_path, 1)[0], "sha512")
    public = key.public_key()
    form = form_named(FormName.SSHSIG, public)
    request = form.request(file)["sshsig"]
    assert (request["namespace"], b64decode(request["digest"])) == ("file", file.digest)
    content = sign_with_openssh(tmp_path, key, file.path)
    assert form.is_valid(file, content)
    assert not form_named(FormName.SSHSIG, public, namespace="git").is_valid(file, content)
    assert not form_named(FormName.SSHSIG, EC_OTHER.public_key()).is_valid(file, content)
    other = hash_file(write_files(tmp_path / "other", 2)[1], "sha512")
    assert not form.is_valid(other, content)
    for end in range(0, len(content) - 1, 11):
        assert not form.is_valid(file, content[:end])


def sign_with_openssh(folder: Path, key: Any, file: Path) -> bytes:
    """What ssh-keygen signs with a key."""
    path = folder / "key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    path.chmod(0o600)
    words = ["ssh-keygen", "-Y", "sign", "-f", str(path), "-n", "file", str(file)]
    subprocess.run(words, check=True, capture_output=True)
    return Path(f"{file}.sig").read_bytes()


def test_a_build_is_described_by_its_system_and_its_caller() -> None:
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/falcon",
        "GITHUB_SHA": "4f2a9c1",
        "GITHUB_REF": "refs/tags/v1",
        "GITHUB_SERVER_URL": "https://git.example.com",
        "GITHUB_RUN_ID": "7",
    }
    context = build_context(github, ["commit=other", "tool=falcon=1"])
    assert context == {
        "repository": "acme/falcon",
        "commit": "other",
        "ref": "refs/tags/v1",
        "build": "https://git.example.com/acme/falcon/actions/runs/7",
        "tool": "falcon=1",
    }
    assert build_context({"GITLAB_CI": "true", "CI_COMMIT_SHA": "4f"}, []) == {"commit": "4f"}
    assert build_context({}, []) == {}
    with pytest.raises(UsageError, match="NAME=TEXT"):
        build_context({}, ["commit"])


def test_words_for_forms_and_hash_functions_may_be_written_in_capitals(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    Path(f"{file}.sig").write_bytes(EC.sign(b"content", ec.ECDSA(hashes.SHA384())))
    key = tmp_path / "key.pem"
    key.write_bytes(EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    words = [str(file), "--public-key", str(key), "--format", "RAW", "--digest"]
    assert CliRunner().invoke(verify_app, [*words, "SHA384"]).exit_code == 0
    refused = CliRunner().invoke(verify_app, [*words, "SHA1"])
    assert refused.exit_code == 2
    assert "sha256" in refused.output


@pytest.mark.parametrize(
    "kind", [mldsa.MLDSA44PrivateKey, mldsa.MLDSA65PrivateKey, mldsa.MLDSA87PrivateKey]
)
def test_signatures_of_ml_dsa_are_verified_here(tmp_path: Path, kind: Any) -> None:
    (file, other) = write_files(tmp_path, 2)
    key = kind.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    form = form_named(FormName.RAW, load_public_key(pem))
    hashed = hash_file(file, form.file_digest_name)
    signature = key.sign(b64decode(form.request(hashed)["digest"]))
    assert form.is_valid(hashed, signature)
    assert not form.is_valid(hash_file(other, form.file_digest_name), signature)
    with pytest.raises(UsageError):
        form_named(FormName.SSHSIG, load_public_key(pem))
    with pytest.raises(UsageError):
        form_named(FormName.CMS, load_public_key(pem))
