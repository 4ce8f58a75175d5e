"""How each program of the matrix is asked about a signature of a keypair."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.formats.ecdsa import SignatureFormat, in_form
from engine.model.algorithms import Scheme
from engine.signing.forms import MESSAGE_SCHEMES
from tests.support.gnupg import gnupg
from tests.support.node import program
from tests.support.ssh import PRINCIPAL, ssh_accepts
from tests.verifiers import programs
from tests.verifiers.signing import Signer, digest_of

CONTENT, OTHER = b"the installer, version 2.4.1\n" * 100, b"another installer\n"


def judged(alter: bool) -> bytes:
    """What is held against the signature of `CONTENT`."""
    return OTHER if alter else CONTENT


def _certificate(signer: Signer) -> str:
    certificate = signer.public_key.openpgp
    assert certificate is not None
    return certificate


# --- OpenPGP ---------------------------------------------------------------------------------


def openpgp_content(signer: Signer, folder: Path, alter: bool) -> bool:
    signature = signer.value(content=CONTENT).decode()
    with gnupg(signer.world.clock.instant) as gpg:
        return gpg.accepts(_certificate(signer), signature, judged(alter))


def gpg(signer: Signer, folder: Path, alter: bool) -> bool:
    return programs.gpg(folder, _certificate(signer), signer.openpgp(CONTENT), judged(alter))


def gpgv(signer: Signer, folder: Path, alter: bool) -> bool:
    return programs.gpgv(folder, _certificate(signer), signer.openpgp(CONTENT), judged(alter))


def sqv(signer: Signer, folder: Path, alter: bool) -> bool:
    return programs.sqv(folder, _certificate(signer), signer.openpgp(CONTENT), judged(alter))


def openpgp_js(signer: Signer, folder: Path, alter: bool) -> bool:
    signature = signer.openpgp(CONTENT)
    return programs.openpgp_js(folder, _certificate(signer), signature, judged(alter))


def git_commit(signer: Signer, folder: Path, alter: bool) -> bool:
    commit = programs.new_commit(folder)
    signature = signer.openpgp(commit)
    shown = commit.replace(b"Release", b"Another") if alter else commit
    return programs.git_openpgp(folder, _certificate(signer), signature, shown)


def git_tag(signer: Signer, folder: Path, alter: bool) -> bool:
    tag = programs.new_tag(folder)
    signature = signer.openpgp(tag)
    shown = tag.replace(b"Release", b"Another") if alter else tag
    return programs.git_openpgp(folder, _certificate(signer), signature, shown)


def clear_signed(signer: Signer, folder: Path, alter: bool) -> bool:
    text = signer.clear_signed("Falcon 2.4.1  \n- a dash\n\nthe end\n")
    (folder / "text.asc").write_text(text.replace("2.4.1", "2.4.2") if alter else text)
    with gnupg() as gpg:
        assert gpg.run("--import", given=_certificate(signer).encode()).returncode == 0
        return gpg.run("--verify", str(folder / "text.asc")).returncode == 0


def apt_in_release(signer: Signer, folder: Path, alter: bool) -> bool:
    text = signer.clear_signed(programs.release_file())
    shown = text.replace("Suite: stable", "Suite: testing") if alter else text
    files = {"InRelease": shown, "Packages": ""}
    return programs.apt_accepts(folder, _certificate(signer), files)


def apt_detached(signer: Signer, folder: Path, alter: bool) -> bool:
    release = programs.release_file()
    signature = signer.openpgp(release.encode())
    shown = release.replace("Suite: stable", "Suite: testing") if alter else release
    files = {"Release": shown, "Release.gpg": signature, "Packages": ""}
    return programs.apt_accepts(folder, _certificate(signer), files)


def rpm(signer: Signer, folder: Path, alter: bool) -> bool:
    package = programs.RpmPackage(folder)
    end = b" " if alter else b""
    return package.accepted(_certificate(signer), lambda header: signer.openpgp(header + end))


# --- digests ---------------------------------------------------------------------------------


def openssl(signer: Signer, folder: Path, alter: bool) -> bool:
    (folder / "key.pem").write_text(signer.public_key.pem)
    (folder / "signature").write_bytes(signer.value(digest=digest_of(CONTENT)))
    if signer.algorithm.scheme in MESSAGE_SCHEMES:
        return _openssl_raw(folder, digest_of(judged(alter)))
    (folder / "content").write_bytes(judged(alter))
    pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32"
    options = pss if signer.algorithm.scheme is Scheme.RSA_PSS else ""
    command = f"openssl dgst -sha256 -verify key.pem -signature signature {options} content"
    return programs.run(*command.split(), folder=folder)


def openssl_message(signer: Signer, folder: Path, alter: bool) -> bool:
    (folder / "key.pem").write_text(signer.public_key.pem)
    (folder / "signature").write_bytes(signer.value(message=CONTENT))
    return _openssl_raw(folder, judged(alter))


def _openssl_raw(folder: Path, message: bytes) -> bool:
    (folder / "message").write_bytes(message)
    command = "openssl pkeyutl -verify -rawin -pubin -inkey key.pem -in message -sigfile signature"
    return programs.run(*command.split(), folder=folder)


#: By scheme, how Java calls the signature and the key.
_JAVA_NAMES = {
    Scheme.ECDSA: ("SHA256withECDSA", "EC"),
    Scheme.ED25519: ("Ed25519", "Ed25519"),
    Scheme.RSA_PSS: ("RSASSA-PSS", "RSA"),
    Scheme.RSA_PKCS1: ("SHA256withRSA", "RSA"),
    Scheme.ML_DSA: ("ML-DSA", "ML-DSA"),
}


def java(signer: Signer, folder: Path, alter: bool) -> bool:
    is_message = signer.algorithm.scheme in MESSAGE_SCHEMES
    content = digest_of(judged(alter)) if is_message else judged(alter)
    return _java(signer, folder, signer.value(digest=digest_of(CONTENT)), content)


def java_message(signer: Signer, folder: Path, alter: bool) -> bool:
    return _java(signer, folder, signer.value(message=CONTENT), judged(alter))


def _java(signer: Signer, folder: Path, value: bytes, content: bytes) -> bool:
    (folder / "key.der").write_bytes(signer.public_key.der)
    (folder / "signature").write_bytes(value)
    (folder / "content").write_bytes(content)
    source = Path(__file__).with_name("Verify.java")
    names = _JAVA_NAMES[signer.algorithm.scheme]
    return programs.run(
        "java", str(source), *names, "key.der", "signature", "content", folder=folder
    )


def cryptography(signer: Signer, folder: Path, alter: bool) -> bool:
    value, content, sha256 = signer.value(digest=digest_of(CONTENT)), judged(alter), hashes.SHA256()
    pss = padding.PSS(padding.MGF1(sha256), 32)
    scheme = padding.PKCS1v15() if signer.algorithm.scheme is Scheme.RSA_PKCS1 else pss
    match load_pem_public_key(signer.public_key.pem.encode()):
        case ec.EllipticCurvePublicKey() as public:
            return _accepts(public.verify, value, content, ec.ECDSA(sha256))
        case rsa.RSAPublicKey() as public:
            return _accepts(public.verify, value, content, scheme, sha256)
        case public:
            return _accepts(public.verify, value, digest_of(content))


def cryptography_message(signer: Signer, folder: Path, alter: bool) -> bool:
    public = load_pem_public_key(signer.public_key.pem.encode())
    return _accepts(public.verify, signer.value(message=CONTENT), judged(alter))


def _accepts(verify: Callable[..., None], *arguments: Any) -> bool:
    try:
        verify(*arguments)
    except InvalidSignature:
        return False
    return True


#: Reads a key, a signature and what it is held against; writes whether it accepts it.
WEB_CRYPTO = """
const { jwk, name, value, content } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64");
crypto.subtle.importKey("jwk", jwk, name, true, ["verify"])
  .then((key) => crypto.subtle.verify(name, key, bytes(value), bytes(content)))
  .then((accepted) => process.stdout.write(String(accepted)));
"""


def web_crypto(signer: Signer, folder: Path, alter: bool) -> bool:
    value = signer.value(digest=digest_of(CONTENT))
    raw = in_form(value, signer.algorithm, SignatureFormat.RAW, low_s=True) or value
    content = judged(alter)
    is_message = signer.algorithm.scheme in MESSAGE_SCHEMES
    return _web_crypto(signer, raw, digest_of(content) if is_message else content)


def web_crypto_message(signer: Signer, folder: Path, alter: bool) -> bool:
    return _web_crypto(signer, signer.value(message=CONTENT), judged(alter))


def _web_crypto(signer: Signer, value: bytes, content: bytes) -> bool:
    jwk, algorithm = signer.public_key.jwk, signer.algorithm
    if jwk["kty"] != "AKP":
        jwk.pop("alg", None)  # WebCrypto takes no key whose algorithm it spells otherwise
    names = {
        Scheme.ECDSA: {"name": "ECDSA", "namedCurve": jwk.get("crv"), "hash": "SHA-256"},
        Scheme.ED25519: {"name": "Ed25519"},
        Scheme.RSA_PSS: {"name": "RSA-PSS", "hash": "SHA-256", "saltLength": 32},
        Scheme.RSA_PKCS1: {"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256"},
        Scheme.ML_DSA: {"name": algorithm.replace("_", "-")},
    }
    question = {
        "jwk": jwk,
        "name": names[algorithm.scheme],
        "value": b64encode(value).decode(),
        "content": b64encode(content).decode(),
    }
    answer = subprocess.run(
        [*program("node"), "-e", WEB_CRYPTO],
        input=json.dumps(question).encode(),
        capture_output=True,
        check=True,
    )
    return answer.stdout == b"true"


# --- OpenSSH ---------------------------------------------------------------------------------


def ssh_keygen(signer: Signer, folder: Path, alter: bool) -> bool:
    signature = signer.openssh(CONTENT, "file")
    return ssh_accepts(folder, signer.public_key.ssh, signature, judged(alter), "file")


def git_commit_ssh(signer: Signer, folder: Path, alter: bool) -> bool:
    return _git_ssh(signer, folder, programs.new_commit(folder), alter)


def git_tag_ssh(signer: Signer, folder: Path, alter: bool) -> bool:
    return _git_ssh(signer, folder, programs.new_tag(folder), alter)


def _git_ssh(signer: Signer, folder: Path, content: bytes, alter: bool) -> bool:
    (folder / "allowed").write_text(f"{PRINCIPAL} {signer.public_key.ssh}")
    options = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={folder}/allowed")
    signature = signer.openssh(content, "git")
    shown = content.replace(b"Release", b"Another") if alter else content
    return programs.git_verifies(folder, shown, signature, *options)
