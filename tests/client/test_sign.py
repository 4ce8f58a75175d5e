"""Signing files from the command line, against a server: each exit status, and what is written."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key
from cryptography.x509.oid import NameOID

from tests.client.site import Site, write_files

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


def openssl_verifies(site: Site, key: str, file: Path) -> bool:
    pem = file.parent / f"{key}.pem"
    site.run("key", "export", key, "--out", pem)
    words = ["openssl", "dgst", "-sha256", "-verify", pem, "-signature", f"{file}.sig", file]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_files_are_signed_verified_and_listed(site: Site, folder: Path) -> None:
    files = write_files(folder / "dist", 12)
    site.open("Signed", "vault", 12)
    manifest = folder / "manifest.json"
    done = site.run(
        *("sign", *files, "--key", "vault", "--release", "Signed", "--manifest", manifest)
    )
    assert "12 files signed and verified" in done.stderr
    assert "before" not in done.stderr
    assert f"Written: {files[0]}.sig, {files[1]}.sig, " in done.stderr
    assert f"{files[9]}.sig, and 2 more." in done.stderr
    assert "The release 'Signed' has 0 signatures left." in done.stderr
    assert openssl_verifies(site, "vault", files[0])
    listed = json.loads(manifest.read_text())
    assert [entry["name"] for entry in listed["files"]] == [str(file) for file in files]
    assert {entry["release"] for entry in listed["files"]} == {"Signed"}
    assert site.json("release", "show", "Signed")["signaturesUsed"] == 12

    # Again, it uses nothing, although all signatures of the release are used.
    signatures = [Path(f"{file}.sig").read_bytes() for file in files]
    again = site.run("sign", *files, "--key", "vault", "--release", "Signed").stderr
    assert "12 files were signed before: they got the signatures that they had." in again
    assert [Path(f"{file}.sig").read_bytes() for file in files] == signatures
    assert site.json("release", "show", "Signed")["signaturesUsed"] == 12

    # One file more is refused, and named.
    (more,) = write_files(folder / "more", 1)
    refused = site.run("sign", more, "--key", "vault", "--release", "Signed", status=5)
    assert refused.stderr.count("QUOTA_EXHAUSTED") == 1
    assert refused.stderr.count("\n") == 1
    assert not Path(f"{more}.sig").exists()

    # Without a server: the public key and the manifest, or the signatures' files.
    key, nowhere = folder / "vault.pem", {"COUNTERSIGN_URL": "http://127.0.0.1:1"}
    site.run("key", "export", "vault", "--out", key)
    site.run("verify", "--public-key", key, "--manifest", manifest, who=None, **nowhere)
    site.run("verify", *files, "--public-key", key, who=None, **nowhere)
    files[3].write_bytes(b"changed")
    changed = site.run("verify", *files, "--public-key", key, who=None, status=1, **nowhere)
    assert f"{files[3]}: the signature is not" in changed.stdout
    assert changed.stdout.count("valid\n") == 11
    verify = ("verify", "--public-key", key)
    Path(f"{files[4]}.sig").unlink()
    missing = site.run(*verify, *files[4:], who=None, status=2, **nowhere)
    assert f"{files[4]}: there is no signature in {files[4]}.sig\n" in missing.stdout
    assert f"NO_SIGNATURE: {files[4]}: there is no signature in {files[4]}.sig." in missing.stderr
    # A signature that is not valid weighs more.
    both = site.run(*verify, *files, who=None, status=1, **nowhere)
    assert "SIGNATURE_INVALID: Not valid: 2 of 12." in both.stderr
    site.run("release", "close", "Signed")


def test_the_release_says_when_it_can_sign(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    words = ("sign", file, "--key", "second", "--release", "Awaited")
    request = ("release", "request", "Awaited", "--key", "second", "--team", "blue")
    site.run(*request, "--for", "1h", "--max", "1")
    assert "waits for approval" in site.run(*words, status=8).stderr
    waited = site.run(*words, "--wait=1s", status=3)
    assert "The request stays" in waited.stderr
    # A rerun of the request finds it.
    assert "requested already" in site.run(*request, "--for", "1h", "--max", "1").stderr

    # One with other terms names them, and changes nothing.
    other_terms = (*request, "--for", "2h", "--max", "7", "--version", "1.1")
    refused = site.run(*other_terms, status=1).stderr
    assert "NAME_TAKEN: Awaited was requested already, with other terms: " in refused
    assert (
        "signatures (requested: 7; has: 1), version (requested: 1.1; has: none), length ("
        in refused
    )
    assert "(requested: 2:00:00; has: 1:00:00)" in refused
    other_keys = ("--key", "third", "--for", "1h", "--max", "1")
    assert "keypairs (requested: second, third" in site.run(*request, *other_keys, status=1).stderr
    awaited = site.json("release", "show", "Awaited")
    assert awaited["maxSignatures"] == 1

    # What somebody has edited since is no other request.
    edit = {"id": awaited["id"], "revision": 1, "maxSignatures": 2}
    site.change("updateRelease", edit, "release { id }", who="dev")
    again = site.run(*request, "--for", "1h", "--max", "1").stderr
    assert "edited since: signatures (requested: 1; has: 2)." in again
    assert "keypairs (requested: second, third" in site.run(*request, *other_keys, status=1).stderr

    process = site.start(*words, "--wait")
    site.approve("Awaited")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Awaited is open" in errors
    site.run("verify", file, "--key", "second")
    site.run("release", "stop", "Awaited", "--reason", "Enough.", who="ann")
    (other,) = write_files(folder / "other", 1)
    ended = site.run(*(word if word != file else other for word in words), status=5)
    assert "has ended" in ended.stderr


def test_it_opens_while_one_waits(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    starts_at = datetime.now(UTC) + timedelta(seconds=6)
    request = ("release", "request", "Later", "--key", "third", "--team", "blue", "--max", "1")
    site.run(*request, "--starts", starts_at.isoformat(), "--for", "1h")
    site.approve("Later")
    shown = site.run("release", "wait", "Later", "--for", "40s", "--json", "name,status")
    assert json.loads(shown.stdout) == {"name": "Later", "status": "IN_PROGRESS"}
    assert datetime.now(UTC) >= starts_at
    site.run("sign", file, "--key", "third")
    site.run("release", "close", "Later")


def test_it_says_who_is_missing(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    assert "countersign login" in site.run("sign", file, "--key", "open", who=None, status=4).stderr
    wrong = {"COUNTERSIGN_TOKEN": "csn_wrong"}
    assert "UNAUTHENTICATED" in site.run("sign", file, "--key", "open", status=4, **wrong).stderr


@pytest.mark.parametrize(
    "words",
    [
        ("sign", "missing.bin", "--key", "open"),
        ("sign",),
        ("sign", "a", "--key", "open", "--wait=soon"),
        ("verify", "a"),
        ("whoami", "--json", "password"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_usage(site: Site, words: tuple[str, ...]) -> None:
    (site.folder / "a").write_bytes(b"a")
    site.run(*words, status=2)


def test_a_form_that_does_not_go_with_the_keypair_says_which_do(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    refused = site.run("sign", file, "--key", "open", "--format", "openpgp", status=2).stderr
    assert "needs a keypair of the category GPG, which `countersign key show` says" in refused
    assert "--format raw, cms or sshsig." in refused


def test_what_does_not_exist_has_failed(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    assert "NOT_FOUND" in site.run("sign", file, "--key", "nothing", status=1).stderr
    nowhere = {"COUNTERSIGN_URL": "http://127.0.0.1:1"}
    assert "UNREACHABLE" in site.run("client", "doctor", status=1, **nowhere).stderr


def test_a_dry_run_signs_nothing(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    assert "would be signed" in site.run("sign", file, "--key", "open", "--dry-run").stderr
    assert not Path(f"{file}.sig").exists()


def test_signatures_go_into_a_folder_and_collisions_are_refused(site: Site, folder: Path) -> None:
    (one,), (two,) = write_files(folder / "a", 1), write_files(folder / "b", 1)
    out = folder / "signatures"
    site.run("sign", one, "--key", "open", "--out", out)
    assert [path.name for path in out.iterdir()] == [f"{one.name}.sig"]
    site.run("verify", one, "--key", "open", "--out", out)
    assert (
        "would both be"
        in site.run("sign", one, two, "--key", "open", "--out", out, status=2).stderr
    )


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_openssh_verifies_ssh_signatures(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    site.run("sign", file, "--key", "open", "--format", "sshsig", "--namespace", "release")
    ssh_key = site.json("key", "show", "open")["publicKey"]["ssh"]
    allowed = folder / "allowed_signers"
    allowed.write_text(f"robot@example.com {ssh_key}\n")
    words = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "robot@example.com"]
    verified = subprocess.run(
        [*words, "-n", "release", "-s", f"{file}.sig"],
        input=file.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr
    site.run("verify", file, "--key", "open", "--format", "sshsig", "--namespace", "release")
    site.run("verify", file, "--key", "open", "--format", "sshsig", status=1)


def test_openssl_verifies_signatures_in_cms(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    words = ("sign", file, "--key", "open", "--format", "cms")
    assert "no default certificate" in site.run(*words, status=2).stderr
    keypair = site.json("key", "show", "open")
    certificate, anchor = certify(keypair["publicKey"]["pem"], folder)
    values = {"keypairId": keypair["id"], "chain": certificate, "makeDefault": True}
    site.change("addCertificate", values, "certificate { id }")
    site.run(*words)
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"]
    verify += ["-in", f"{file}.p7s", "-content", str(file), "-CAfile", str(anchor)]
    done = subprocess.run([*verify, "-out", "/dev/null"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    leaf = folder / "leaf.pem"
    leaf.write_text(certificate)
    nowhere = {"COUNTERSIGN_URL": "http://127.0.0.1:1"}
    verified = ("verify", file, "--format", "cms", "--public-key", leaf)
    site.run(*verified, who=None, **nowhere)


def certify(public_key_pem: str, folder: Path) -> tuple[str, Path]:
    """A certificate of a public key, and the file of the authority that issued it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority")])
    now = datetime.now(UTC)

    def builder(subject: x509.Name, public_key: Any, *, is_authority: bool) -> Any:
        constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
        return (
            x509.CertificateBuilder(issuer_name=name, subject_name=subject, public_key=public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(constraints, critical=True)
            .sign(key, hashes.SHA256())
        )

    authority = builder(name, key.public_key(), is_authority=True)
    anchor = folder / "anchor.pem"
    anchor.write_bytes(authority.public_bytes(Encoding.PEM))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Falcon")])
    public_key = load_pem_public_key(public_key_pem.encode())
    leaf = builder(subject, public_key, is_authority=False)
    return leaf.public_bytes(Encoding.PEM).decode(), anchor


def test_all_or_none_are_signed(site: Site, folder: Path) -> None:
    files = write_files(folder, 3)
    site.open("Whole", "vault", 2)
    words = ("sign", *files, "--key", "vault", "--release", "Whole", "--atomic")
    assert "QUOTA_EXHAUSTED" in site.run(*words, status=5).stderr
    assert not list(folder.glob("*.sig"))
    assert site.json("release", "show", "Whole")["signaturesUsed"] == 0
    site.run(*words[:3], *words[4:])
    assert len(list(folder.glob("*.sig"))) == 2
    site.run("release", "close", "Whole")


def test_waiting_ends(site: Site, folder: Path) -> None:
    (file,) = write_files(folder, 1)
    request = ("release", "request", "Never", "--key", "third", "--team", "blue", "--max", "1")
    site.run(*request, "--for", "1h")
    site.run("sign", file, "--key", "third", "--wait=2s", status=3)
    site.run("release", "withdraw", "Never")


def test_a_keypair_with_ml_dsa_signs_files(site: Site, folder: Path) -> None:
    site.add_keypair("future", "STANDARD", "ML_DSA_65")
    files = write_files(folder / "dist", 2)
    assert "2 files signed and verified" in site.run("sign", *files, "--key", "future").stderr
    site.run("verify", *files, "--key", "future")
    files[0].write_bytes(b"changed")
    site.run("verify", *files, "--key", "future", status=1)
