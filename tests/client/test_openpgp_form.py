"""Signatures of OpenPGP from the command line: others verify them, and a rerun uses no further."""

from __future__ import annotations

import itertools
import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.connection.credentials import Credentials
from countersign.connection.graphql import Connection
from countersign.connection.settings import Settings
from countersign.errors import UsageError
from countersign.signing.batches import Order
from countersign.signing.forms import form_named
from countersign.signing.hashing import hash_file
from countersign.signing.names import FormName
from countersign.signing.openpgp.certificate import read_certificate
from countersign.signing.openpgp.form import OpenPgpForm
from countersign.signing.openpgp.packets import Tag, packet, packets_in, unarmored
from countersign.signing.results import signature_paths
from countersign.signing.run import RunResult, sign_files
from countersign.signing.trusted_keys import load_trusted_key
from engine.openpgp.certificate import CertificateContent, SigningHalf, make_certificate
from engine.openpgp.keys import OpenPgpKey
from tests.client.site import Site, write_files
from tests.client.test_signing import sign_digest
from tests.support.gnupg import gnupg
from tests.verifiers import programs

CREATED_AT = 1_700_000_000
ED, RSA = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
EC_384, EC_521 = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP521R1())


def half(key: Any) -> SigningHalf:
    info = PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(Encoding.PEM, info).decode()
    return SigningHalf(
        OpenPgpKey(pem, CREATED_AT), lambda digest: sign_digest(key, digest, "sha512")
    )


def certificate_of(key: Any, *, expires_at: int | None = None) -> str:
    content = CertificateContent(user_id="Falcon", signed_at=CREATED_AT, expires_at=expires_at)
    return make_certificate(half(ed25519.Ed25519PrivateKey.generate()), half(key), content)


def form_of(certificate: str, name: FormName = FormName.OPENPGP) -> OpenPgpForm:
    form = form_named(name, load_trusted_key(certificate.encode()))
    assert isinstance(form, OpenPgpForm)
    return form


class Server:
    """Signs digests with one key; an idempotency key is for one digest, as at the server."""

    def __init__(self, key: Any, maximum: int = 100) -> None:
        self.key = key
        self.maximum = maximum
        #: By idempotency key: the item, its context and its signature.
        self.signatures: dict[str, tuple[dict[str, Any], Any, bytes]] = {}
        self.lookup_count = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        variables = json.loads(request.content)["variables"]
        if "filter" in variables:
            self.lookup_count += 1
            data: Any = {"signatures": {"edges": self._edges(variables["filter"])}}
        else:
            values = variables["input"]
            data = {"signBatch": {"outcomes": self._sign(values), "errors": []}}
        return httpx2.Response(200, json={"data": data})

    def _edges(self, conditions: dict[str, Any]) -> list[Any]:
        return [
            {"node": {"digest": item["digest"], "context": context}}
            for item, context, _ in self.signatures.values()
            if item["artifact"]["digest"] == conditions["digest"]
        ]

    def _sign(self, values: dict[str, Any]) -> list[Any]:
        codes = [self._code(item) for item in values["items"]]
        if values["atomic"] and any(codes):
            codes = [code or "BATCH_REFUSED" for code in codes]
        return [
            self._outcome(item, values["context"], code)
            for item, code in zip(values["items"], codes, strict=True)
        ]

    def _code(self, item: dict[str, Any]) -> str | None:
        earlier = self.signatures.get(item["idempotencyKey"])
        if earlier is None:
            return "QUOTA_EXHAUSTED" if len(self.signatures) >= self.maximum else None
        return None if earlier[0]["digest"] == item["digest"] else "IDEMPOTENCY_MISMATCH"

    def _outcome(self, item: dict[str, Any], context: Any, code: str | None) -> Any:
        if code is not None:
            return {
                "signature": None,
                "errors": [{"code": code, "message": "No.", "field": None}],
            }
        value = sign_digest(self.key, b64decode(item["digest"]), item["digestAlgorithm"].lower())
        key = item["idempotencyKey"]
        _, _, value = self.signatures.setdefault(key, (item, context, value))
        signature = {"id": key[:8], "value": b64encode(value).decode(), "release": None}
        return {"signature": signature | {"createdAt": "2031-05-04T12:00:00Z"}, "errors": []}


def run(
    server: Server,
    certificate: str,
    files: list[Path],
    *,
    is_atomic: bool = False,
    form_name: FormName = FormName.OPENPGP,
) -> Any:
    url = "http://127.0.0.1:1"
    connection = Connection(url, Credentials({"COUNTERSIGN_TOKEN": "csn"}, Settings(server=url)))
    connection.http = httpx2.Client(base_url=url, transport=httpx2.MockTransport(server))
    order = Order(
        keypair_id="k",
        form_name=form_name,
        form=form_of(certificate, form_name),
        context={},
        is_atomic=is_atomic,
    )
    return sign_files(connection, order, signature_paths(files, ".asc", None))


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second pass between any two looks at the clock."""
    times = itertools.count(CREATED_AT + 1000)
    monkeypatch.setattr("countersign.signing.openpgp.form.time.time", lambda: next(times))


@pytest.mark.parametrize("key", [ED, EC_384, EC_521, RSA], ids=["ed", "p384", "p521", "rsa"])
def test_gpg_and_sqv_verify_what_is_written(tmp_path: Path, key: Any) -> None:
    certificate, (file, other) = certificate_of(key), write_files(tmp_path / "files", 2)
    (signed,) = run(Server(key), certificate, [file]).signed
    text = Path(f"{file}.asc").read_text()
    assert signed.content == text.encode()
    with gnupg() as gpg:
        assert gpg.accepts(certificate, text, file.read_bytes())
        assert not gpg.accepts(certificate, text, other.read_bytes())
        _, begin, rest = gpg.run("--export", "--armor").stdout.partition(b"-----BEGIN")
    assert programs.sqv(tmp_path, certificate, text, file.read_bytes())
    assert not programs.sqv(tmp_path, certificate, text, other.read_bytes())

    form = form_of((begin + rest).decode())
    assert form.is_valid(hash_file(file, form.file_digest_name), signed.content)
    assert not form.is_valid(hash_file(other, form.file_digest_name), signed.content)
    foreign = form_of(certificate_of(ED if key is not ED else RSA))
    assert not foreign.is_valid(hash_file(file, foreign.file_digest_name), signed.content)


#: Each with what is signed of it.
TEXTS = {
    "": b"",
    "one line\n": b"one line",
    "no end of line": b"no end of line",
    "spaces \t\nand an empty line\n\n": b"spaces\r\nand an empty line\r\n",
    "from\r\nanother system\r\n": b"from\r\nanother system",
    "- a dash\n-----BEGIN PGP SIGNATURE-----\n\nFrom ä\n": b"- a dash\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\nFrom \xc3\xa4",
}


@pytest.mark.parametrize("key", [ED, RSA], ids=["ed", "rsa"])
@pytest.mark.parametrize("text", TEXTS)
def test_gpg_and_sqv_verify_a_text_with_its_signature(tmp_path: Path, key: Any, text: str) -> None:
    certificate, file = certificate_of(key), tmp_path / "text"
    file.write_bytes(text.encode())
    (signed,) = run(Server(key), certificate, [file], form_name=FormName.CLEARSIGN).signed
    content = Path(f"{file}.asc").read_bytes()
    with gnupg() as gpg:
        gpg.run("--import", given=certificate.encode())
        shown = gpg.run("--verify", given=content)
        assert shown.returncode == 0, shown.stderr
        gpg.run("--output", str(tmp_path / "read"), "--decrypt", given=content)
        lines = (tmp_path / "read").read_bytes().split()
        assert lines == text.encode().split()
        assert gpg.run("--verify", given=content.replace(b"\n", b"\nx", 3)).returncode != 0
    signature = content[content.rindex(b"-----BEGIN PGP SIGNATURE-----") :].decode()
    assert programs.sqv(tmp_path, certificate, signature, TEXTS[text])

    form = form_of(certificate, FormName.CLEARSIGN)
    assert form.is_valid(hash_file(file, form.file_digest_name), signed.content)
    file.write_bytes(b"another text")
    assert not form.is_valid(hash_file(file, form.file_digest_name), signed.content)


def test_a_signature_below_another_text_is_not_valid(tmp_path: Path) -> None:
    certificate, file = certificate_of(ED), tmp_path / "text"
    file.write_bytes(b"pay 1\n")
    (signed,) = run(Server(ED), certificate, [file], form_name=FormName.CLEARSIGN).signed
    form = form_of(certificate, FormName.CLEARSIGN)
    hashed = hash_file(file, form.file_digest_name)
    assert form.is_valid(hashed, signed.content)
    assert not form.is_valid(hashed, signed.content.replace(b"pay 1", b"pay 9"))
    assert not form.is_valid(
        hashed, signed.content[signed.content.index(b"-----BEGIN PGP SIGN") :][35:]
    )
    detached = signed.content[signed.content.rindex(b"-----BEGIN") :]
    assert not form.is_valid(hashed, detached)
    assert not form_of(certificate).is_valid(hashed, detached)


def test_only_a_text_gets_a_signature_below_it(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        run(Server(ED), certificate_of(ED), [file], form_name=FormName.CLEARSIGN)
    file.write_bytes(b"a text")
    form = form_of(certificate_of(ED), FormName.CLEARSIGN).at(CREATED_AT + 1)
    hashed = hash_file(file, form.file_digest_name)
    file.write_bytes(b"another text")
    with pytest.raises(UsageError, match="has changed"):
        form.request(hashed)


@pytest.mark.usefixtures("seconds")
@pytest.mark.parametrize("is_atomic", [False, True])
def test_a_rerun_after_a_kill_uses_no_further_signature(tmp_path: Path, is_atomic: bool) -> None:
    server, certificate = Server(ED, maximum=3), certificate_of(ED)
    files = write_files(tmp_path, 3)
    first = run(server, certificate, files, is_atomic=is_atomic)
    assert len(first.signed) == 3
    Path(f"{files[1]}.asc").unlink()
    again = run(server, certificate, files, is_atomic=is_atomic)
    assert [signed.content for signed in again.signed] == [s.content for s in first.signed]
    assert Path(f"{files[1]}.asc").read_bytes() == first.signed[1].content
    assert (len(server.signatures), server.lookup_count) == (3, 1)


@pytest.mark.usefixtures("seconds")
def test_files_of_several_runs_keep_the_time_of_each(tmp_path: Path) -> None:
    server, certificate = Server(ED, maximum=3), certificate_of(ED)
    files = write_files(tmp_path, 3)
    contents = [run(server, certificate, [file]).signed[0].content for file in files]
    result: RunResult = run(server, certificate, files)
    assert [signed.content for signed in result.signed] == contents
    assert len(server.signatures) == 3


def test_a_rerun_that_is_not_answered_the_time_fails(tmp_path: Path) -> None:
    server, certificate = Server(ED), certificate_of(ED)
    (file,) = write_files(tmp_path, 1)
    run(server, certificate, [file])
    for item, context, _ in server.signatures.values():
        item["digest"], context[:] = "", [{"name": "openpgpCreatedAt", "value": "yesterday"}]
    failure = run(server, certificate, [file]).first_failure
    assert failure.code == "IDEMPOTENCY_MISMATCH"


def test_an_expired_certificate_signs_and_verifies_nothing(tmp_path: Path) -> None:
    (file,) = write_files(tmp_path, 1)
    expired = certificate_of(ED, expires_at=CREATED_AT + 1000)
    with pytest.raises(UsageError, match="has expired"):
        run(Server(ED), expired, [file])
    (signed,) = run(Server(ED), certificate_of(ED), [file]).signed
    form = form_of(expired)
    assert not form.is_valid(hash_file(file, form.file_digest_name), signed.content)


def test_a_subkey_that_the_primary_key_does_not_vouch_for_is_refused() -> None:
    own, foreign = (packets_in(certificate_of(key).encode()) for key in (ED, RSA))
    mixed = b"".join(packet(Tag(tag), body) for tag, body in [own[0], *foreign[3:]])
    armored = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + b64encode(mixed) + b"\n-----END "
    with pytest.raises(UsageError, match="no subkey that signs"):
        load_trusted_key(armored)


def test_what_is_cut_off_is_neither_certificate_nor_signature(tmp_path: Path) -> None:
    certificate, (file,) = certificate_of(ED), write_files(tmp_path, 1)
    plain = unarmored(certificate)
    for end in range(len(plain)):
        with pytest.raises(UsageError):
            read_certificate(plain[:end])
    (signed,) = run(Server(ED), certificate, [file]).signed
    form, signature = form_of(certificate), unarmored(signed.content.decode())
    hashed = hash_file(file, form.file_digest_name)
    assert form.is_valid(hashed, signature)
    assert not any(form.is_valid(hashed, signature[:end]) for end in range(len(signature)))


def test_the_form_and_the_keypair_have_to_go_together() -> None:
    with pytest.raises(UsageError, match="use --format openpgp"):
        form_named(FormName.RAW, load_trusted_key(certificate_of(ED).encode()))
    with pytest.raises(UsageError, match="category GPG"):
        form_named(FormName.OPENPGP, ED.public_key())


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_keypair_of_the_server_signs_files_for_gpg(site: Site, folder: Path) -> None:
    site.add_keypair("packages", "GPG", "ED25519")
    files = write_files(folder / "dist", 3)
    words = ("--key", "packages", "--format", "openpgp")
    manifest = folder / "manifest.json"
    site.run("sign", *files, *words, "--manifest", manifest)
    certificate = site.json("key", "show", "packages")["publicKey"]["openpgp"]
    texts = [Path(f"{file}.asc").read_text() for file in files]
    with gnupg() as gpg:
        assert gpg.accepts(certificate, texts[0], files[0].read_bytes())
        assert not gpg.accepts(certificate, texts[0], files[1].read_bytes())

    # Again, after a kill that left no signature behind, it gets the same ones.
    Path(f"{files[0]}.asc").unlink()
    site.run("sign", *files, *words)
    assert [Path(f"{file}.asc").read_text() for file in files] == texts

    path, nowhere = folder / "packages.asc", {"COUNTERSIGN_URL": "http://127.0.0.1:1"}
    path.write_text(certificate)
    verify = ("verify", "--public-key", path)
    site.run(*verify, *files, "--format", "openpgp", who=None, **nowhere)
    site.run(*verify, "--manifest", manifest, who=None, **nowhere)
    files[0].write_bytes(b"changed")
    site.run(*verify, *files, "--format", "openpgp", who=None, status=1, **nowhere)
    assert "use --format openpgp" in site.run("sign", files[1], *words[:2], status=2).stderr

    text, below = folder / "Release", folder / "below.json"
    text.write_text("- Origin: Falcon\n")
    clearsign = ("sign", text, *words[:2], "--format", "clearsign", "--manifest", below)
    site.run(*clearsign)
    content = Path(f"{text}.asc").read_bytes()
    with gnupg() as gpg:
        gpg.run("--import", given=certificate.encode())
        assert gpg.run("--verify", given=content).returncode == 0
    site.run(*clearsign)
    assert Path(f"{text}.asc").read_bytes() == content
    site.run(*verify, "--manifest", below, who=None, **nowhere)
